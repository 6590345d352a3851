"""What a risk score learns from: how earlier changes of a runbook went, what else is open."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from airmend.change.model import FAILED_CHANGE_STATUSES, ChangeRequest, ChangeStatus
from airmend.execution.model import Phase, PlaybookEvidence
from airmend.incident.model import OPEN_INCIDENT_STATUSES
from airmend.records.problem_tables import RecurrenceRow
from airmend.records.recurrences import find_recurred
from airmend.records.standard_tables import CausedIncidentRow
from airmend.records.tables import ChangeRow, ExecutionRow, IncidentRow


def past_changes(session: Session, runbook_id: str, *, since: datetime) -> list[ChangeRequest]:
    """Ended changes of a runbook since a time, oldest first."""
    rows = session.scalars(
        select(ChangeRow)
        .where(ChangeRow.runbook_id == runbook_id, ChangeRow.ended_at >= since)
        .order_by(ChangeRow.ended_at)
    )
    return [ChangeRequest.model_validate(row, from_attributes=True) for row in rows]


def changes_since(session: Session, since: datetime) -> list[ChangeRequest]:
    """Changes of every runbook that were asked for since a time, oldest first."""
    rows = session.scalars(
        select(ChangeRow)
        .where(ChangeRow.requested_at >= since)
        .order_by(ChangeRow.requested_at, ChangeRow.id)
    )
    return [ChangeRequest.model_validate(row, from_attributes=True) for row in rows]


def latest_outcomes(session: Session, runbook_id: str, count: int) -> list[ChangeStatus]:
    """How the latest changes of a runbook that touched something ended, the latest last.

    A success whose incident came back counts as failed.
    """
    ends = (ChangeStatus.SUCCEEDED, *FAILED_CHANGE_STATUSES)
    rows = session.execute(
        select(ChangeRow.status, RecurrenceRow.change_id.is_not(None))
        .outerjoin(RecurrenceRow, RecurrenceRow.change_id == ChangeRow.id)
        .where(
            ChangeRow.runbook_id == runbook_id, ChangeRow.status.in_([end.value for end in ends])
        )
        .order_by(ChangeRow.ended_at.desc(), ChangeRow.id.desc())
        .limit(count)
    )
    outcomes = [
        ChangeStatus.FAILED if recurred else ChangeStatus(status) for status, recurred in rows
    ]
    return outcomes[::-1]


def has_failed(session: Session, change: ChangeRequest) -> bool:
    """Whether a change touched something and did not help, or its success did not last."""
    return change.status in FAILED_CHANGE_STATUSES or bool(find_recurred(session, [change.id]))


def past_preflights(
    session: Session, runbook_id: str, *, since: datetime, without: str
) -> list[list[PlaybookEvidence]]:
    """What check mode showed for a runbook's changes, one list a change, oldest first.

    Args:
        since: Changes that were requested before are left out.
        without: The id of a change to leave out: the one that is being scored.
    """
    rows = session.execute(
        select(ExecutionRow.change_id, ExecutionRow.name, ExecutionRow.playbook)
        .join(ChangeRow, ChangeRow.id == ExecutionRow.change_id)
        .where(
            ChangeRow.runbook_id == runbook_id,
            ChangeRow.requested_at >= since,
            ChangeRow.id != without,
            ExecutionRow.phase == Phase.PREFLIGHT.value,
            ExecutionRow.playbook.is_not(None),
        )
        .order_by(ExecutionRow.id)
    )
    found: dict[str, dict[str, PlaybookEvidence]] = {}
    for change_id, name, playbook in rows:
        if playbook is not None:  # JSON's null is not SQL's
            steps = found.setdefault(change_id, {})
            steps[name] = PlaybookEvidence.model_validate(playbook)  # the last attempt stays
    return [list(steps.values()) for steps in found.values()]


def count_open_incidents(session: Session, service: str, *, without: str) -> int:
    """Open incidents of a service, without the one with the id `without`."""
    open_statuses = [status.value for status in OPEN_INCIDENT_STATUSES]
    count = session.scalar(
        select(func.count())
        .select_from(IncidentRow)
        .where(
            IncidentRow.service == service,
            IncidentRow.status.in_(open_statuses),
            IncidentRow.id != without,
        )
    )
    return count or 0


def ended_changes(session: Session) -> list[tuple[ChangeRequest, str]]:
    """Every ended change with its incident's service, "" where it names none; oldest first.

    A success whose incident came back, or that brought another one about, is given as one that
    failed.
    """
    did_not_last = RecurrenceRow.change_id.is_not(None) | CausedIncidentRow.change_id.is_not(None)
    rows = session.execute(
        select(ChangeRow, IncidentRow.service, did_not_last)
        .join(IncidentRow, IncidentRow.id == ChangeRow.incident_id)
        .outerjoin(RecurrenceRow, RecurrenceRow.change_id == ChangeRow.id)
        .outerjoin(CausedIncidentRow, CausedIncidentRow.change_id == ChangeRow.id)
        .where(ChangeRow.ended_at.is_not(None))
        .order_by(ChangeRow.requested_at, ChangeRow.id)
    )
    return [
        (
            ChangeRequest.model_validate(row, from_attributes=True).model_copy(
                update={"status": ChangeStatus.FAILED} if failed_after else {}
            ),
            service or "",
        )
        for row, service, failed_after in rows
    ]
