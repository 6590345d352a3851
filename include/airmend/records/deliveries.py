"""The alerts of deliveries, and how often senders were turned away."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from airmend.incident.model import Alert
from airmend.records.database import insert_into
from airmend.records.tables import AlertRow, RejectionCountRow


def list_alerts(session: Session, incident_id: str) -> list[Alert]:
    """All alerts of an incident, in the order in which they came."""
    rows = session.scalars(
        select(AlertRow).where(AlertRow.incident_id == incident_id).order_by(AlertRow.id)
    )
    return [Alert.model_validate(row.document) for row in rows]


def count_rejection(session: Session, source: str, reason: str, *, at: datetime) -> None:
    """Add one to the rejections of a source for a reason; safe at the same instant."""
    statement = insert_into(session, RejectionCountRow).values(
        source=source, reason=reason, count=1, last_at=at
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["source", "reason"],
            set_={"count": RejectionCountRow.count + 1, "last_at": at},
        )
    )


def rejection_counts(session: Session) -> dict[tuple[str, str], int]:
    """How often each source was turned away, by source and reason."""
    rows = session.scalars(select(RejectionCountRow))
    return {(row.source, row.reason): row.count for row in rows}
