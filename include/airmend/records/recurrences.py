"""What came back: the same alert soon after a change had succeeded, so that it did not last.

The same incident that opened again, or a new one of the same fingerprint, or of the same alert
on the same host. What a maintenance window or a mute holds back does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session, aliased

from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.incident.model import IncidentStatus
from airmend.records.model import FactKind, Recurrence
from airmend.records.problem_tables import RecurrenceRow
from airmend.records.tables import ChangeRow, IncidentRow, LedgerRow

LATE = timedelta(days=1)
"""So long after the horizon a change is looked at once more: whoever looks may have been away."""


def find_recurrences(
    session: Session, *, now: datetime, horizon: timedelta
) -> list[tuple[ChangeRequest, Recurrence]]:
    """Successes whose incident came back and that are not written down yet, oldest first.

    Two statements, however many changes there are.

    Args:
        session: The transaction; nothing is written.
        now: The time; aware.
        horizon: How long after its end a success has to last; none looks at nothing.
    """
    if horizon <= timedelta():
        return []
    since = now - horizon - LATE
    first: dict[str, tuple[ChangeRow, Recurrence]] = {}
    for query in (_opened_again(since), _opened_anew(since)):
        for row, incident_id, at in session.execute(query):
            found = Recurrence(incident_id=incident_id, at=at)
            known = first.get(row.id)
            if row.ended_at is None or at > row.ended_at + horizon:
                continue
            if known is None or (at, incident_id) < (known[1].at, known[1].incident_id):
                first[row.id] = (row, found)
    ordered = sorted(first.values(), key=lambda pair: (pair[0].ended_at or now, pair[0].id))
    return [
        (ChangeRequest.model_validate(row, from_attributes=True), found) for row, found in ordered
    ]


def find_recurred(session: Session, change_ids: Sequence[str]) -> set[str]:
    """Which of these changes did not last, as far as that is written down."""
    change_id = RecurrenceRow.change_id
    return set(session.scalars(select(change_id).where(change_id.in_(change_ids))))


def _successes(since: datetime, *columns: Any) -> Select[Any]:
    return (
        select(ChangeRow, *columns)
        .join(IncidentRow, IncidentRow.id == ChangeRow.incident_id)
        .outerjoin(RecurrenceRow, RecurrenceRow.change_id == ChangeRow.id)
        .where(
            ChangeRow.status == ChangeStatus.SUCCEEDED.value,
            ChangeRow.ended_at >= since,
            RecurrenceRow.change_id.is_(None),
        )
    )


def _opened_again(since: datetime) -> Select[Any]:
    """Each success with every time at which its own incident opened again after it."""
    return (
        _successes(since, LedgerRow.incident_id, LedgerRow.at)
        .join(LedgerRow, LedgerRow.incident_id == ChangeRow.incident_id)
        .where(
            LedgerRow.kind == FactKind.INCIDENT_REOPENED.value,
            LedgerRow.at > ChangeRow.ended_at,
        )
    )


def _opened_anew(since: datetime) -> Select[Any]:
    """Each success with every later incident of the same alert."""
    later = aliased(IncidentRow)
    same_alert = and_(
        IncidentRow.host != "", later.name == IncidentRow.name, later.host == IncidentRow.host
    )
    return (
        _successes(since, later.id, later.opened_at)
        .join(later, later.id != IncidentRow.id)
        .where(
            later.opened_at > ChangeRow.ended_at,
            later.status != IncidentStatus.SUPPRESSED.value,
            or_(later.fingerprint == IncidentRow.fingerprint, same_alert),
        )
    )
