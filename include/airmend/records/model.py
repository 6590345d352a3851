"""The words of the records themselves: facts of a story, catalogs of runbook versions.

Called by every room; imports pydantic and the standard library alone.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from airmend.change.model import ChangeContent, Choice


class FactKind(StrEnum):
    """Every kind of fact that the ledger holds, in the order in which a story tells them."""

    INCIDENT_OPENED = "incident_opened"
    ALERT_REPEATED = "alert_repeated"
    ALERT_JOINED = "alert_joined"
    ALERT_RESOLVED = "alert_resolved"
    INCIDENT_REOPENED = "incident_reopened"
    INCIDENT_SUPPRESSED = "incident_suppressed"
    INCIDENT_ESCALATED = "incident_escalated"
    RUNBOOK_MATCHED = "runbook_matched"
    NO_RUNBOOK = "no_runbook"
    RUN_CREATED = "run_created"
    CHANGE_REQUESTED = "change_requested"
    REQUEST_REFUSED = "request_refused"
    TARGETS_WAITED = "targets_waited"
    CALENDAR_WAITED = "calendar_waited"
    SEAL_WAITED = "seal_waited"
    GUARD_PASSED = "guard_passed"
    GUARD_REFUSED = "guard_refused"
    SIGNATURE_CHECKED = "signature_checked"
    PREFLIGHT_FINISHED = "preflight_finished"
    RISK_ASSESSED = "risk_assessed"
    APPROVAL_ASKED = "approval_asked"
    APPROVAL_REMINDED = "approval_reminded"
    APPROVAL_ESCALATED = "approval_escalated"
    APPROVAL_UNTOLD = "approval_untold"
    APPROVAL_IGNORED = "approval_ignored"
    APPROVAL_VOTED = "approval_voted"
    APPROVAL_VOID = "approval_void"
    APPROVAL_DECIDED = "approval_decided"
    STEP_STARTED = "step_started"
    STEP_FINISHED = "step_finished"
    EXECUTION_REFUSED = "execution_refused"
    VERIFICATION_FINISHED = "verification_finished"
    ROLLBACK_STARTED = "rollback_started"
    ROLLBACK_FINISHED = "rollback_finished"
    INCIDENT_CLASSIFIED = "incident_classified"
    AUTHORITY_INFORMED = "authority_informed"
    RUNBOOK_LOCKED = "runbook_locked"
    RUNBOOK_UNLOCKED = "runbook_unlocked"
    CHANGE_ENDED = "change_ended"
    INCIDENT_CAUSED = "incident_caused"
    PROBLEM_OPENED = "problem_opened"
    PROBLEM_SEEN = "problem_seen"
    PROBLEM_CLOSED = "problem_closed"
    TEMPLATE_SUSPENDED = "template_suspended"
    AUTONOMY_LOWERED = "autonomy_lowered"
    AUTONOMY_EARNED = "autonomy_earned"
    REVIEW_OPENED = "review_opened"
    REVIEW_OVERDUE = "review_overdue"
    REVIEW_COMPLETED = "review_completed"
    INCIDENT_ENDED = "incident_ended"
    REPORT_WRITTEN = "report_written"
    TICKET_LINKED = "ticket_linked"
    TICKET_REFUSED = "ticket_refused"


class Fact(BaseModel):
    """One recorded fact; `evidence` names where it can be looked up.

    Keys of `evidence`, all optional: `delivery` (number), `dag_run`, `task`, `try_number`,
    `execution` (number), `event` (ansible-runner's uuid), `digest` (of the runbook),
    `content_hash` (of the approval), `signers` (fingerprints of keys that signed it), `url`. What a
    person states about an incident has `major`, `report`, `reference`, and the times that he or
    she gave: `stated_at`, `aware_at`.
    """

    model_config = ConfigDict(frozen=True)

    id: int
    at: datetime
    incident_id: str
    change_id: str | None
    kind: FactKind
    text: str
    evidence: dict[str, Any] = Field(default_factory=dict)


class Question(BaseModel):
    """What people were asked about a change, at one moment."""

    model_config = ConfigDict(frozen=True)

    content_hash: str
    content: ChangeContent
    asked_at: datetime


class Occasion(StrEnum):
    """Why people are told of a question."""

    ASKED = "asked"
    REMINDER = "reminder"
    ESCALATION = "escalation"


class Notice(BaseModel):
    """That people are to be told of a question, for the first time or again."""

    model_config = ConfigDict(frozen=True)

    number: int  # 1, 2, 3: of this question, whatever the occasion
    occasion: Occasion
    rule: str = ""  # the one that asks more people from then on, of an escalation
    due_at: datetime
    at: datetime  # when it was written down


class RoleSnapshot(BaseModel):
    """Who had an account and a role in Airflow at one moment, as its API server knows them."""

    model_config = ConfigDict(frozen=True)

    taken_at: datetime  # by the clock of the records
    ids: dict[str, str]  # user name -> id, as Airflow's questions name people
    roles: dict[str, list[str]]  # role, in small letters -> user names


class HandRequest(BaseModel):
    """What a person asked for who started a runbook by hand."""

    model_config = ConfigDict(frozen=True)

    change_id: str
    requested_by: str  # as the auth manager names the user
    at: datetime
    reason: str
    is_emergency: bool
    choice: Choice
    unmet: list[str]  # what of the runbook's `match` does not hold, for people


class ReviewVerdict(StrEnum):
    """What a person found who looked at an emergency change afterwards."""

    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not_justified"


class Review(BaseModel):
    """The look back that an emergency change owes; open until somebody has completed it."""

    model_config = ConfigDict(frozen=True)

    change_id: str
    runbook_id: str
    opened_at: datetime
    due_at: datetime
    reviewed_at: datetime | None
    reviewed_by: str
    verdict: ReviewVerdict | None
    notes: str

    def is_overdue(self, at: datetime) -> bool:
        """Whether its time is over at a moment; the deadline itself is over."""
        return self.reviewed_at is None and at >= self.due_at


class CatalogEntry(BaseModel):
    """One runbook of a catalog: the version that its DAG is made from.

    `refused` says why no new run may start from it (its file has a mistake now, or is gone);
    runs that began keep their version.
    """

    model_config = ConfigDict(frozen=True)

    runbook_id: str
    digest: str
    refused: str = ""


class RunbookLock(BaseModel):
    """Why no new run of a runbook may begin until a person has looked."""

    model_config = ConfigDict(frozen=True)

    runbook_id: str
    reason: str
    change_id: str  # the change that left it so
    locked_at: datetime


class BrokenRunbook(BaseModel):
    """A runbook folder with mistakes, as shown under the import errors of the Airflow UI."""

    model_config = ConfigDict(frozen=True)

    folder: str
    messages: list[str]  # place, fact and remedy of each


class Catalog(BaseModel):
    """All runbooks as published at one moment; its version names a version of the DAG bundle."""

    model_config = ConfigDict(frozen=True)

    version: str
    entries: list[CatalogEntry]
    broken: list[BrokenRunbook] = Field(default_factory=list)
    dag_files: dict[str, str] = Field(default_factory=dict)  # file name -> text


class Recurrence(BaseModel):
    """That an incident came back after a change had succeeded: in which incident, and when."""

    model_config = ConfigDict(frozen=True)

    incident_id: str
    at: datetime


class Problem(BaseModel):
    """An error that came back after it was repaired, until a person closes it."""

    model_config = ConfigDict(frozen=True)

    id: str
    runbook_id: str
    known_error_id: str
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str
    close_reason: str
    changes: dict[str, str]  # the successes that did not last, and the incident of each
