"""The last questions before anything is touched: may this change start, may this task act?

Pure: the facts come from the records, freshly read, and the answer is nothing or an error
with the reason. Called by orchestration, at the start of a run and again by every task
that changes something, since a person can mark or clear any task in Airflow.
"""

from __future__ import annotations

from airmend.change.emergency import refuse_decision
from airmend.change.model import (
    ChangeRequest,
    ChangeStatus,
    ChangeType,
    Decision,
    RiskBand,
    Verdict,
)
from airmend.change.policy import POLICY
from airmend.change.quorum import Standing
from airmend.errors import (
    ChangeRefusedError,
    LeaseLostError,
    NoTargetsError,
    NotAuthorisedError,
    RunbookLockedError,
    SuppressedError,
    UnsignedRunbookError,
)
from airmend.execution.model import Phase
from airmend.incident.model import Incident, IncidentStatus, Suppression

NOTHING_DONE_YET = frozenset(
    {
        ChangeStatus.REQUESTED,
        ChangeStatus.ASSESSING,
        ChangeStatus.AWAITING_APPROVAL,
        ChangeStatus.APPROVED,
    }
)
"""Statuses in which the run may be taken from its start again."""


def check_may_start(
    change: ChangeRequest,
    incident: Incident,
    *,
    lock_reason: str | None,
    refused_reason: str | None,
    unsigned: str | None,
    suppression: Suppression | None,
    dag_digest: str,
) -> None:
    """Refuse a run that should not begin; a resolved alert never starts a change.

    Args:
        change: The change that the run is for.
        incident: Its incident, freshly read.
        lock_reason: Why the runbook is locked; None where it is not.
        refused_reason: Why the catalog starts no new run of the runbook; None where it does.
        unsigned: Why the version may not run, since no trusted key signed it; None where it may.
        suppression: What holds the incident back; None where nothing does.
        dag_digest: Digest of the runbook version that the running DAG was made from.

    Raises:
        SuppressedError: A mute, a maintenance window or the kill switch holds it back.
        RunbookLockedError: A rollback of the runbook failed.
        UnsignedRunbookError: The policy requires a signature, and there is none that counts.
        NoTargetsError: The change has no target.
        ChangeRefusedError: Any other reason; the message is for people.
    """
    _refuse_final(change)
    if change.status not in NOTHING_DONE_YET:
        raise ChangeRefusedError(
            f"change {change.id} is {change.status.value} and has begun to change things. "
            "Let its run end; a new alert starts a new change."
        )
    _refuse_other_incident(change, incident)
    _refuse_recovered(incident)
    _refuse_unless_remediating(incident)
    _refuse_suppressed(suppression)
    if lock_reason is not None:
        raise RunbookLockedError(
            f"runbook {change.runbook_id} is locked: {lock_reason}. "
            "Look at what its last change left behind, then unlock it."
        )
    if refused_reason:
        raise ChangeRefusedError(
            f"runbook {change.runbook_id} starts no new runs: {refused_reason}. "
            "Correct the runbook; the next alert uses the new version."
        )
    _refuse_other_digest(change, dag_digest)
    _refuse_unsigned(unsigned)
    _refuse_empty_targets(change)


def authorise_execution(
    change: ChangeRequest,
    decision: Decision | None,
    incident: Incident,
    *,
    phase: Phase,
    runbook_digest: str,
    leases_held: bool,
    suppression: Suppression | None,
    withdrawn: str | None,
    unsigned: str | None,
    glass_refusal: str | None = "nobody has looked who may",
) -> None:
    """Refuse to run Ansible unless a stored approval covers exactly what would be done.

    A step needs an incident that still lasts and that nothing holds back. A rollback, and any
    verification, may go on after the alert was resolved, and after the kill switch: what a
    change has begun is put right in any case.

    Args:
        change: The change, freshly read.
        decision: Its stored decision; None where there is none.
        incident: Its incident, freshly read.
        phase: What is about to run; a preflight changes nothing and has no approval.
        runbook_digest: Digest of the runbook version whose playbook is about to run.
        leases_held: Whether the change holds all of its targets.
        suppression: What holds the incident back; None where nothing does.
        withdrawn: Why the runbook may not do any more what was decided: its template was
            suspended, or it fell on the ladder; None where it still may.
        unsigned: Why nothing of the version may run, since no key that is trusted now signed
            it; None where it may. Rollbacks and checks are not asked.
        glass_refusal: Why whoever started an emergency change may not do so now; None where
            he or she may. Other changes are not asked.

    Raises:
        ValueError: The phase is the preflight.
        SuppressedError: The phase is a step, and something holds the incident back.
        NotAuthorisedError: No approval, or one for other content.
        NoTargetsError: The change has no target.
        LeaseLostError: A target is not held any more.
        UnsignedRunbookError: The phase is a step, and no trusted key signed the version.
        ChangeRefusedError: The change or its incident is over, or the version is another.
    """
    if phase is Phase.PREFLIGHT:
        raise ValueError("a preflight runs before the decision; it is not authorised by one")
    _refuse_final(change)
    _refuse_other_incident(change, incident)
    _refuse_other_digest(change, runbook_digest)
    _refuse_empty_targets(change)
    _refuse_without_approval(change, decision)
    if phase is Phase.STEP:
        if change.status is ChangeStatus.ROLLING_BACK:
            raise ChangeRefusedError(
                f"change {change.id} is being rolled back. Steps do not run any more."
            )
        _refuse_recovered(incident)
        _refuse_unless_remediating(incident)
        _refuse_suppressed(suppression)
        _refuse_unsigned(unsigned)
        if withdrawn is not None:
            raise NotAuthorisedError(
                f"change {change.id}: what was decided is withdrawn: {withdrawn}. "
                "A new alert starts a new change, which asks people."
            )
        if change.change_type is ChangeType.EMERGENCY and glass_refusal is not None:
            raise NotAuthorisedError(f"change {change.id}: {glass_refusal}. Nothing more is done.")
    if not leases_held:
        raise LeaseLostError(
            f"change {change.id} no longer holds all of its targets, so another change may work "
            "on them. See who holds them and start again when they are free."
        )


def _refuse_without_approval(change: ChangeRequest, decision: Decision | None) -> None:
    place = f"change {change.id}"
    if change.risk is None:
        raise NotAuthorisedError(f"{place}: its risk is not assessed. Run the DAG from its start.")
    if decision is None:
        raise NotAuthorisedError(
            f"{place}: no decision is stored. Answer under Required Actions; marking the approval "
            "task a success approves nothing."
        )
    if decision.change_id != change.id:
        raise NotAuthorisedError(
            f"{place}: the decision is for change {decision.change_id}. Ask for one of its own."
        )
    if decision.verdict is not Verdict.APPROVED:
        raise NotAuthorisedError(
            f"{place}: the decision says {decision.verdict.value}. A new alert starts a new change."
        )
    if not decision.decided_by.strip():
        raise NotAuthorisedError(f"{place}: the decision names nobody. Ask for a new one.")
    if change.change_type is ChangeType.EMERGENCY:
        if (refusal := refuse_decision(change, decision)) is not None:
            raise NotAuthorisedError(f"{place}: {refusal}. Start it again.")
    elif decision.decided_by != POLICY and not (
        Standing(decision.required, decision.votes).approved
    ):
        raise NotAuthorisedError(
            f"{place}: the votes on record are not enough for an approval. Ask for a new one."
        )
    if decision.decided_by == POLICY and (
        change.change_type is not ChangeType.STANDARD or change.risk.band is RiskBand.HIGH
    ):
        raise NotAuthorisedError(
            f"{place}: the policy cannot approve a {change.change_type.value} change of "
            f"{change.risk.band.value} risk. A person has to."
        )
    content = change.content_hash()
    if {decision.content_hash, *(vote.content_hash for vote in decision.votes)} != {content}:
        raise NotAuthorisedError(
            f"{place}: runbook, targets, inputs, risk or diff are not those that were approved. "
            "Run the DAG from its start, so that the new content is shown and decided."
        )


def _refuse_final(change: ChangeRequest) -> None:
    if change.status.is_final:
        why = f" ({change.reason})" if change.reason else ""
        raise ChangeRefusedError(
            f"change {change.id} has ended: {change.status.value}{why}. "
            "A new alert starts a new change."
        )


def _refuse_other_incident(change: ChangeRequest, incident: Incident) -> None:
    if change.incident_id != incident.id:
        raise ChangeRefusedError(
            f"change {change.id} is for incident {change.incident_id}, not for {incident.id}. "
            "Do not start the DAG by hand; send the alert."
        )


def _refuse_recovered(incident: Incident) -> None:
    if incident.recovered_at is not None or incident.status is IncidentStatus.RECOVERED:
        when = f" at {incident.recovered_at:%Y-%m-%d %H:%M:%S} UTC" if incident.recovered_at else ""
        raise ChangeRefusedError(
            f"incident {incident.id} is over: its sender resolved it{when}. Nothing is left to do."
        )


def _refuse_suppressed(suppression: Suppression | None) -> None:
    if suppression is not None:
        raise SuppressedError(suppression)


def _refuse_unsigned(refusal: str | None) -> None:
    if refusal is not None:
        raise UnsignedRunbookError(refusal)


def _refuse_unless_remediating(incident: Incident) -> None:
    if incident.status is not IncidentStatus.REMEDIATING:
        raise ChangeRefusedError(
            f"incident {incident.id} is {incident.status.value}, not remediating. "
            "A new alert starts a new change."
        )


def _refuse_other_digest(change: ChangeRequest, digest: str) -> None:
    if change.runbook_digest != digest:
        raise ChangeRefusedError(
            f"change {change.id} is bound to version {change.runbook_digest[:12]} of runbook "
            f"{change.runbook_id}, and this would run {digest[:12]}. A new alert uses the new one."
        )


def _refuse_empty_targets(change: ChangeRequest) -> None:
    if not change.targets:
        raise NoTargetsError(
            f"change {change.id} has no targets. Correct the runbook's targets or the inventory; "
            "an empty set never means all hosts."
        )
