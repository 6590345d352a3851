"""What the overview of all incidents needs beside the incidents, in one query each."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from airmend.change.model import ChangeRequest
from airmend.incident.model import IncidentStatus
from airmend.records.tables import ChangeRow, IncidentRow, ReportRow


def count_incidents(session: Session) -> dict[IncidentStatus, int]:
    """How many incidents stand where; a status that none has is there with 0."""
    rows = session.execute(select(IncidentRow.status, func.count()).group_by(IncidentRow.status))
    counts = {IncidentStatus(status): count for status, count in rows}
    return {status: counts.get(status, 0) for status in IncidentStatus}


def latest_changes(session: Session, incident_ids: Collection[str]) -> dict[str, ChangeRequest]:
    """The change that was requested last for each of some incidents, by incident id."""
    rows = session.scalars(
        select(ChangeRow)
        .where(ChangeRow.incident_id.in_(incident_ids))
        .order_by(ChangeRow.requested_at, ChangeRow.id)
    )
    return {
        row.incident_id: ChangeRequest.model_validate(row, from_attributes=True) for row in rows
    }


def changes_with_report(session: Session, change_ids: Collection[str]) -> set[str]:
    """Which of some changes have a report."""
    return set(
        session.scalars(select(ReportRow.change_id).where(ReportRow.change_id.in_(change_ids)))
    )
