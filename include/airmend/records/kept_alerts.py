"""The alerts of an incident as they were kept, each with the delivery that brought it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from airmend.incident.model import Alert
from airmend.records.tables import AlertRow, DeliveryRow


@dataclass(frozen=True)
class KeptAlert:
    """One alert, and when it came with which delivery."""

    delivery_id: int
    received_at: datetime
    alert: Alert


def latest_alerts(
    session: Session, incident_id: str, *, each: int, limit: int
) -> dict[str, list[KeptAlert]]:
    """The latest alerts of an incident by fingerprint, the newest first.

    Args:
        session: A session of the records.
        incident_id: The incident.
        each: At most so many of one fingerprint.
        limit: At most so many together; of the fingerprints, those that came first have theirs.
    """
    place = func.row_number().over(partition_by=AlertRow.fingerprint, order_by=AlertRow.id.desc())
    first = func.min(AlertRow.id).over(partition_by=AlertRow.fingerprint)
    numbered = (
        select(AlertRow.id, place.label("place"), first.label("first"))
        .where(AlertRow.incident_id == incident_id)
        .subquery()
    )
    rows = session.execute(
        select(AlertRow.delivery_id, DeliveryRow.received_at, AlertRow.document)
        .join_from(AlertRow, numbered, numbered.c.id == AlertRow.id)
        .join(DeliveryRow, DeliveryRow.id == AlertRow.delivery_id)
        .where(numbered.c.place <= each)
        .order_by(numbered.c.first, AlertRow.id.desc())
        .limit(limit)
    )
    found: dict[str, list[KeptAlert]] = {}
    for delivery_id, received_at, document in rows:
        alert = Alert.model_validate(document)
        found.setdefault(alert.fingerprint, []).append(KeptAlert(delivery_id, received_at, alert))
    return found
