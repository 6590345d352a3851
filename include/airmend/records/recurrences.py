"""What came back: the same alert soon after a change had succeeded, so that it did not last.

The same incident that opened again, or a new one of the same fingerprint, or of the same alert
on the same host. What a maintenance window or a mute holds back does not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.incident.model import IncidentStatus
from airmend.records.model import FactKind, Recurrence
from airmend.records.problem_tables import RecurrenceRow
from airmend.records.tables import ChangeRow, IncidentRow, LedgerRow

LATE = timedelta(days=1)
"""So long after the horizon a change is looked at once more: whoever looks may have been away."""


def find_recurrences(
    session: Session, *, now: datetime, horizon: timedelta
) -> Iterator[tuple[ChangeRequest, Recurrence]]:
    """Successes whose incident came back and that are not written down yet, oldest first.

    Args:
        session: The transaction; nothing is written.
        now: The time; aware.
        horizon: How long after its end a success has to last; none looks at nothing.
    """
    if horizon <= timedelta():
        return
    rows = session.execute(
        select(ChangeRow, IncidentRow)
        .join(IncidentRow, IncidentRow.id == ChangeRow.incident_id)
        .outerjoin(RecurrenceRow, RecurrenceRow.change_id == ChangeRow.id)
        .where(
            ChangeRow.status == ChangeStatus.SUCCEEDED.value,
            ChangeRow.ended_at >= now - horizon - LATE,
            RecurrenceRow.change_id.is_(None),
        )
        .order_by(ChangeRow.ended_at)
    ).all()
    for row, incident in rows:
        change = ChangeRequest.model_validate(row, from_attributes=True)
        if row.ended_at is None:
            continue
        since, until = row.ended_at, row.ended_at + horizon
        looked = (
            _opened_again(session, incident, since, until),
            _opened_anew(session, incident, since, until),
        )
        found = [each for each in looked if each is not None]
        if found:
            yield change, min(found, key=lambda each: (each.at, each.incident_id))


def find_recurred(session: Session, change_ids: Sequence[str]) -> set[str]:
    """Which of these changes did not last, as far as that is written down."""
    change_id = RecurrenceRow.change_id
    return set(session.scalars(select(change_id).where(change_id.in_(change_ids))))


def _opened_again(
    session: Session, incident: IncidentRow, since: datetime, until: datetime
) -> Recurrence | None:
    at = session.scalar(
        select(func.min(LedgerRow.at)).where(
            LedgerRow.incident_id == incident.id,
            LedgerRow.kind == FactKind.INCIDENT_REOPENED.value,
            LedgerRow.at > since,
            LedgerRow.at <= until,
        )
    )
    return None if at is None else Recurrence(incident_id=incident.id, at=at)


def _opened_anew(
    session: Session, incident: IncidentRow, since: datetime, until: datetime
) -> Recurrence | None:
    same = [IncidentRow.fingerprint == incident.fingerprint]
    if incident.host:
        same.append(and_(IncidentRow.name == incident.name, IncidentRow.host == incident.host))
    row = session.execute(
        select(IncidentRow.opened_at, IncidentRow.id)
        .where(
            IncidentRow.id != incident.id,
            IncidentRow.opened_at > since,
            IncidentRow.opened_at <= until,
            IncidentRow.status != IncidentStatus.SUPPRESSED.value,
            or_(*same),
        )
        .order_by(IncidentRow.opened_at, IncidentRow.id)
        .limit(1)
    ).first()
    return None if row is None else Recurrence(incident_id=row.id, at=row.opened_at)
