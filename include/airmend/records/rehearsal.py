"""What the tasks of a change ask and tell the records, once for a change that never was.

SQLAlchemy compiles a statement when it is first executed, which is most of the time of a short
task. The compiled form belongs to the engine, and so to every process that is forked afterwards.
A test plays a whole remediation and names each statement that is missing here.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from airmend.change.model import (
    ChangeRequest,
    ChangeStatus,
    ChangeType,
    Decision,
    RiskBand,
    RiskScore,
    Target,
    Verdict,
)
from airmend.errors import AirmendError
from airmend.execution.model import (
    CheckOutcome,
    ExecutionStatus,
    Phase,
    PlaybookEvidence,
    VerificationResult,
)
from airmend.incident.model import Incident, IncidentStatus, Severity
from airmend.records.begun import list_begun
from airmend.records.changes import (
    change_of_run,
    create_change,
    find_change,
    get_decision,
    record_decision,
    set_assessment,
    set_change_status,
    set_targets,
)
from airmend.records.clock import latest_time, read_database_clock
from airmend.records.executions import (
    claim_execution,
    finish_execution,
    list_executions,
    sign_of_life,
)
from airmend.records.hand_requests import get_request
from airmend.records.history import (
    count_open_incidents,
    latest_outcomes,
    past_changes,
    past_preflights,
)
from airmend.records.incidents import create_incident, find_incident, set_incident_status
from airmend.records.leases import acquire_leases, holds_leases, release_leases
from airmend.records.ledger import append_fact, read_story
from airmend.records.model import FactKind
from airmend.records.notices import list_notices
from airmend.records.past_incidents import incidents_of_known_error, incidents_of_service
from airmend.records.recurrences import find_recurred, find_recurrences
from airmend.records.reports import latest_reported, load_report, store_report
from airmend.records.reviews import find_review, overdue_review
from airmend.records.runbooks import (
    current_catalog_version,
    get_archive,
    get_catalog,
    get_version,
    list_contents,
    lock_reason,
)
from airmend.records.sealed import seal_state, sealing_state
from airmend.records.signatures import list_signatures
from airmend.records.standard import latest_step, latest_template
from airmend.records.starts import list_starts, queue_for_start, record_start, was_started
from airmend.records.suppressions import active_suppressions, kill_switch_log, kill_switch_state
from airmend.records.tier_shares import count_used, find_taken, take_share
from airmend.records.troubles import count_runs, find_troubles
from airmend.records.votes import list_questions

NOBODY = ""
"""No id is empty, so that nothing is found."""

DAY = timedelta(days=1)


def rehearse(session: Session, *, name: str, at: datetime) -> None:
    """Execute the statements of all tasks; everything is undone before the transaction ends.

    Args:
        session: The transaction; nothing of it is left.
        name: What the change that never was is called: an id that no other process uses.
        at: The time; aware.
    """
    undone = session.begin_nested()
    try:
        incident, change = _invent(name, at)
        create_incident(session, incident)
        session.flush()
        create_change(session, change)
        session.flush()
        session.expunge_all()
        _begin(session, change, at)
        _work(session, change, at)
        _end(session, change, incident, at)
    finally:
        undone.rollback()


def _begin(session: Session, change: ChangeRequest, at: datetime) -> None:
    """What the guard, the assessment and the approval need."""
    find_change(session, change.id)
    find_incident(session, change.incident_id)
    change_of_run(session, NOBODY, NOBODY)
    for read in (get_version, get_archive, get_catalog):
        with suppress(AirmendError, NoResultFound):
            read(session, NOBODY)
    current_catalog_version(session)
    read_database_clock(session)
    latest_time(session)
    sealing_state(session)
    lock_reason(session, NOBODY)
    overdue_review(session, NOBODY, at)
    active_suppressions(session, at)
    kill_switch_state(session)
    list_contents(session, NOBODY)
    list_signatures(session, NOBODY)
    list_signatures(session, NOBODY, until=at)
    latest_step(session, NOBODY)
    latest_template(session, NOBODY)
    get_request(session, NOBODY)
    list_begun(session)
    holds_leases(session, change.id, [change.id], now=at)
    acquire_leases(session, change.id, [change.id], now=at, until=at)
    queue_for_start(session)
    was_started(session, change.id)
    list_starts(session, since=at)
    record_start(session, change.id, runbook_id=change.runbook_id, service=change.id, at=at)
    targets = [Target(name=change.id, address=change.id)]
    set_targets(session, change.id, targets, runbook=(change.id, change.runbook_digest))
    _tell(session, change, at)
    past_changes(session, NOBODY, since=at)
    past_preflights(session, NOBODY, since=at, without=NOBODY)
    latest_outcomes(session, NOBODY, 1)
    count_open_incidents(session, NOBODY, without=NOBODY)
    find_recurred(session, [NOBODY])
    count_runs(session, NOBODY)
    find_troubles(session, NOBODY, since=at, now=at, horizon=DAY)
    set_assessment(session, change.id, _score(), {change.id: change.id})
    list_questions(session, change.id)
    list_notices(session, change.id, NOBODY)
    session.flush()
    get_decision(session, change.id)
    record_decision(session, _decide(change, at))


def _work(session: Session, change: ChangeRequest, at: datetime) -> None:
    """What check mode, the steps and the verification need."""
    queue_for_start(session)
    find_taken(session, change.id)
    count_used(session, without=change.id)
    take_share(session, change.id, {1: 1}, at_once=1)
    claim = claim_execution(
        session, change.id, Phase.STEP, change.id, task_id=change.id, owner=change.id, now=at
    )
    set_change_status(session, change.id, ChangeStatus.EXECUTING, at=at)
    sign_of_life(session, claim.execution.id, change.id, at)
    for proof in _prove(at):
        status = ExecutionStatus.SUCCEEDED
        finish_execution(session, claim.execution.id, change.id, status, at=at, **proof)
    list_executions(session, change.id)


def _end(session: Session, change: ChangeRequest, incident: Incident, at: datetime) -> None:
    """What the end of the change and its report need."""
    set_change_status(session, change.id, ChangeStatus.SUCCEEDED, at=at, reason=change.id)
    session.expunge_all()
    set_incident_status(session, incident.id, IncidentStatus.REMEDIATED, at=at)
    release_leases(session, change.id)
    find_recurrences(session, now=at, horizon=DAY)
    incidents_of_service(session, NOBODY, since=at, until=incident)
    incidents_of_known_error(session, NOBODY, since=at, until=incident)
    find_review(session, change.id)
    kill_switch_log(session, limit=1)
    read_story(session, incident.id)
    seal_state(session, incident.id, change.id)
    load_report(session, change.id)
    latest_reported(session, incident.id)
    store_report(session, {}, change.id, incident.id, at)


def _tell(session: Session, change: ChangeRequest, at: datetime) -> None:
    """Facts alone and several at once, which are two statements."""
    for facts in (1, 2):
        for _ in range(facts):
            append_fact(
                session,
                FactKind.GUARD_PASSED,
                change.id,
                at=at,
                incident_id=change.incident_id,
                change_id=change.id,
            )
        session.flush()


def _prove(at: datetime) -> list[dict[str, Any]]:
    """Evidence of no kind, of Ansible and of a verification, as it is stored."""
    playbook = PlaybookEvidence(
        playbook="",
        check_mode=True,
        status=ExecutionStatus.SUCCEEDED,
        return_code=0,
        started_at=at,
        ended_at=at,
        hosts=[],
        tasks=[],
        tasks_total=0,
        tasks_skipped=0,
    )
    verification = VerificationResult(outcome=CheckOutcome.PASSED, checks=[])
    return [{}, {"playbook": playbook}, {"verification": verification}]


def _score() -> RiskScore:
    return RiskScore(
        probability=0, impact=1, impact_reasons=[], band=RiskBand.LOW, base_log_odds=0, factors=[]
    )


def _decide(change: ChangeRequest, at: datetime) -> Decision:
    return Decision(
        change_id=change.id,
        verdict=Verdict.REJECTED,
        decided_by=change.id,
        decided_at=at,
        asked_at=at,
        basis="",
        content_hash=change.content_hash(),
        comment="",
    )


def _invent(name: str, at: datetime) -> tuple[Incident, ChangeRequest]:
    """An incident and a change that may exist nowhere: everything of them is `name`."""
    incident = Incident(
        id=name,
        source=name,
        fingerprint=name,
        name=name,
        status=IncidentStatus.REMEDIATING,
        severity=Severity.UNKNOWN,
        service=None,
        host=None,
        summary="",
        description="",
        labels={},
        annotations={},
        link=None,
        started_at=None,
        opened_at=at,
        recovered_at=None,
        closed_at=None,
        alert_count=0,
    )
    change = ChangeRequest(
        id=name,
        incident_id=name,
        runbook_id=name,
        runbook_version=name,
        runbook_digest=name,
        change_type=ChangeType.NORMAL,
        status=ChangeStatus.REQUESTED,
        reason="",
        dag_id=name,
        run_id=name,
        requested_by=name,
        requested_at=at,
        ended_at=None,
        inputs={},
        targets=[],
    )
    return incident, change
