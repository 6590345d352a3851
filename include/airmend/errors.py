"""Every error that Airmend raises on purpose.

    AirmendError
    ├── ConfigurationError            a setting or a file of ours cannot be used
    │   └── InventoryError            the Ansible inventory cannot be read
    ├── RunbookError                  a runbook has a mistake: file, line, fact, remedy
    │   └── UnknownRunbookError       no such runbook, or no such version
    ├── IntakeError                   a delivery cannot be taken in
    │   ├── UnknownSourceError        no such source
    │   ├── SignatureError            the sender is not proven
    │   ├── MalformedBodyError        the body is not JSON
    │   ├── PayloadError              JSON, but not what this source sends
    │   └── PayloadTooLargeError      more bytes than are read
    ├── ProofUnavailableError         nobody can say now who sent a delivery
    ├── OverloadError                 more comes in than is taken in
    │   └── TooManyAttemptsError      from one address, proven or not
    ├── RunNotStartedError            Airflow did not create the run of a change
    ├── UnknownIncidentError          no such incident
    ├── StatementError                what a person states of an incident cannot be so
    ├── ProseError                    no text of a language model can be had
    ├── SuppressionError              a mute or a window cannot be made as asked
    ├── UnknownSuppressionError       no such mute or window
    ├── StandardChangeError           a template or a rung cannot be given as asked
    ├── ReviewError                   a review cannot be completed as asked
    ├── UnknownProblemError           no such problem is open
    ├── SigningError                  a key or a signature of a runbook cannot be used
    ├── InputError                    an input of a runbook is missing or not valid
    ├── ChangeRefusedError            the change may not go on; the reason is the message
    │   ├── NoTargetsError            the target set is empty or not resolved
    │   ├── TargetBusyError           another change holds a target
    │   ├── BudgetSpentError          as many changes began as the policy allows
    │   ├── ClockError                the clock cannot be trusted
    │   ├── UnsealedError             the audit log is not sealed, or was touched
    │   ├── RunbookLockedError        a failed rollback locked the runbook
    │   ├── UnsignedRunbookError      no trusted key signed what would be run
    │   ├── CalendarClosedError       a freeze, or outside of a binding change window
    │   ├── SuppressedError           a mute, a window or the kill switch holds it back
    │   ├── NotAuthorisedError        no stored approval covers what would be done
    │   └── LeaseLostError            the change no longer holds its targets
    ├── ExecutionError                Ansible did not do what was asked
    │   ├── ExecutionTimeoutError     it took longer than the step allows
    │   └── ExecutionCancelledError   a person or Airflow stopped it
    ├── VerificationFailedError       the incident is not resolved
    ├── AuditError                    the audit log cannot be written, read or proven
    │   └── TouchedLogError           somebody changed what was sealed
    ├── TicketError                   a ticket system does not take what it is told
    │   ├── TicketSystemAwayError     it cannot be reached, or takes nothing at the moment
    │   ├── TicketBusyError           it cannot change one ticket at the moment
    │   └── TicketRefusedError        it will not take this, however often it is told
    ├── StackError                    the local Airflow did not start, or stopped by itself
    └── StoreUnavailableError         the records cannot be read or written
        └── RolesUnknownError         they do not say who has a role of Airflow now

A message gives place, fact and remedy, so that it can be shown to a person as it is.
Only `orchestration` turns these into Airflow's exceptions, only `web` into HTTP codes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airmend.execution.model import PlaybookEvidence
    from airmend.incident.model import Suppression


class AirmendError(Exception):
    """Root of the tree above."""


class ConfigurationError(AirmendError):
    """A setting or a file that Airmend reads cannot be used."""


class InventoryError(ConfigurationError):
    """The Ansible inventory cannot be read."""


class RunbookError(AirmendError):
    """A mistake in a runbook.

    Args:
        path: The file, as the author would open it.
        line: 1-based line; None where the file as a whole is meant.
        fact: What is wrong.
        remedy: What to do about it.
    """

    def __init__(self, path: Path | str, line: int | None, fact: str, remedy: str) -> None:
        self.path, self.line, self.fact, self.remedy = str(path), line, fact, remedy
        place = self.path if line is None else f"{self.path}:{line}"
        super().__init__(f"{place}: {fact}. {remedy}")


class UnknownRunbookError(AirmendError):
    """No runbook, or no version of it, with this name or digest."""


class IntakeError(AirmendError):
    """A delivery cannot be taken in."""


class UnknownSourceError(IntakeError):
    """No alert source has this name."""


class SignatureError(IntakeError):
    """The sender could not be proven; the message says which proof was missing or wrong."""


class MalformedBodyError(IntakeError):
    """The body is not JSON."""


class PayloadError(IntakeError):
    """The body is JSON, but not what this source sends.

    Args:
        field: The field at fault, as a dotted path; "" for the document as a whole.
        fact: What is wrong with it.
    """

    def __init__(self, field: str, fact: str) -> None:
        self.field, self.fact = field, fact
        super().__init__(f"{field}: {fact}" if field else fact)


class PayloadTooLargeError(IntakeError):
    """The body is larger than Airmend reads."""


class ProofUnavailableError(AirmendError):
    """What is needed to prove a sender cannot be had now: a secret, or a vendor's certificate.

    The fault is ours or the vendor's, and never the sender's.
    """


class OverloadError(AirmendError):
    """More comes in than is taken in.

    Args:
        message: What there is too much of.
        retry_after_seconds: When to send again; at least 1.
    """

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)


class TooManyAttemptsError(OverloadError):
    """One address knocks more often than any sender would."""


class RunNotStartedError(AirmendError):
    """Airflow cannot create the run of a change at the moment; it is tried again later."""


class UnknownIncidentError(AirmendError):
    """No incident has this id."""


class StatementError(AirmendError):
    """A classification or a submission that a person states contradicts the records."""


class ProseError(AirmendError):
    """The language model cannot be reached, is too slow, or answers with what is no text."""


class SuppressionError(AirmendError):
    """A mute or a maintenance window cannot be made as it was asked for.

    Args:
        field: The field at fault.
        fact: What is wrong with it, and what would be right.
    """

    def __init__(self, field: str, fact: str) -> None:
        self.field, self.fact = field, fact
        super().__init__(f"{field}: {fact}")


class UnknownSuppressionError(AirmendError):
    """No mute and no maintenance window of the records has this id."""


class StandardChangeError(AirmendError):
    """A template or a rung of the ladder cannot be given, or taken, as it was asked for."""


class ReviewError(AirmendError):
    """The review of an emergency change cannot be completed so, or by this person."""


class UnknownProblemError(AirmendError):
    """No problem with this number is open."""


class SigningError(AirmendError):
    """A key or a signature of a runbook cannot be read, or no signature can be made."""


class InputError(AirmendError):
    """An input of a runbook is missing in the incident, or its value is not valid."""


class ChangeRefusedError(AirmendError):
    """The change may not go on; the message is the reason that people are shown."""


class NoTargetsError(ChangeRefusedError):
    """The targets resolve to no host, or to a host that the inventory does not hold."""


class TargetBusyError(ChangeRefusedError):
    """Another change holds one of the targets."""


class BudgetSpentError(ChangeRefusedError):
    """As many changes began within the hour as the policy allows."""


class ClockError(ChangeRefusedError):
    """The clock of this machine is wrong, or that of the records is; nobody can say which."""


class UnsealedError(ChangeRefusedError):
    """What is recorded is not sealed in time, or the log does not verify: nothing can be proven."""


class RunbookLockedError(ChangeRefusedError):
    """A rollback of this runbook failed; a person unlocks it after a look."""


class UnsignedRunbookError(ChangeRefusedError):
    """The policy requires signatures, and no trusted key signed this content, or newer one is."""


class CalendarClosedError(ChangeRefusedError):
    """A freeze is in force, or the change is outside of the windows that it is bound to."""


class SuppressedError(ChangeRefusedError):
    """A mute, a maintenance window or the kill switch holds the incident back.

    Args:
        suppression: What holds it back.
    """

    def __init__(self, suppression: Suppression) -> None:
        self.suppression = suppression
        super().__init__(
            f"held back by {suppression.rule_id} of {suppression.author}: {suppression.reason}"
        )


class NotAuthorisedError(ChangeRefusedError):
    """No stored approval covers exactly what would be done."""


class LeaseLostError(ChangeRefusedError):
    """The change no longer holds all of its targets."""


class ExecutionError(AirmendError):
    """Ansible did not do what it was asked to do.

    Args:
        message: Place, fact and remedy.
        evidence: What had been done by then; None where nothing was started.
    """

    def __init__(self, message: str, evidence: PlaybookEvidence | None = None) -> None:
        self.evidence = evidence
        super().__init__(message)


class ExecutionTimeoutError(ExecutionError):
    """A playbook took longer than its step allows."""


class ExecutionCancelledError(ExecutionError):
    """A playbook was stopped by a person or by Airflow."""


class VerificationFailedError(AirmendError):
    """The checks say that the incident is not resolved, or cannot say that it is."""


class StoreUnavailableError(AirmendError):
    """The records cannot be read or written at the moment."""


class RolesUnknownError(StoreUnavailableError):
    """Who has a role of Airflow's auth manager is not known at the moment, only who had it."""


class AuditError(AirmendError):
    """The audit log, a key or an export of it cannot be used."""


class TouchedLogError(AuditError):
    """What the log holds is not what was sealed; nothing more is signed."""


class TicketError(AirmendError):
    """A ticket system does not take what it is told; the message says what it answered."""


class TicketSystemAwayError(TicketError):
    """A ticket system cannot be reached, knows us no more, or takes nothing at the moment.

    What was sent may have arrived all the same.

    Args:
        message: What happened.
        retry_after_seconds: When it wants to be asked again, where it said so.
        needs_person: Asking again does not help, and too often may lock us out.
    """

    def __init__(
        self,
        message: str,
        retry_after_seconds: float | None = None,
        *,
        needs_person: bool = False,
    ) -> None:
        self.retry_after_seconds, self.needs_person = retry_after_seconds, needs_person
        super().__init__(message)


class TicketBusyError(TicketError):
    """One ticket cannot be read or changed at the moment; others may well be."""


class TicketRefusedError(TicketError):
    """A ticket system will not take this until a person changes something, here or there."""


class StackError(AirmendError):
    """The local Airflow did not start, or one of its processes stopped by itself."""
