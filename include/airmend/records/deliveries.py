"""Deliveries with their alerts and answers, and how often senders were turned away.

A delivery's key is unique for its source: of two that arrive at the same instant, the second
one's insert fails, and its whole transaction with it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from airmend.incident.model import Alert
from airmend.records.tables import AlertRow, DeliveryRow, RejectionCountRow


@dataclass(frozen=True)
class StoredDelivery:
    """A delivery that was taken in before."""

    id: int
    received_at: datetime
    answer: dict[str, Any]


def find_delivery(session: Session, source: str, key: str) -> StoredDelivery | None:
    """The delivery with this key, or None."""
    row = session.scalars(
        select(DeliveryRow).where(DeliveryRow.source == source, DeliveryRow.key == key)
    ).one_or_none()
    return StoredDelivery(row.id, row.received_at, row.answer or {}) if row else None


def store_delivery(session: Session, source: str, key: str, body: bytes, *, at: datetime) -> int:
    """Store a delivery that has no answer yet; gives its number.

    Raises:
        sqlalchemy.exc.IntegrityError: The source has a delivery with this key.
    """
    row = DeliveryRow(
        source=source,
        key=key,
        received_at=at,
        body_sha256=hashlib.sha256(body).hexdigest(),
        body=body,
        answer=None,
    )
    session.add(row)
    session.flush()
    return row.id


def store_answer(session: Session, delivery_id: int, answer: dict[str, Any]) -> None:
    """Keep the answer of a delivery, for when it is sent again."""
    session.get_one(DeliveryRow, delivery_id).answer = answer


def release_key(session: Session, delivery_id: int) -> None:
    """Let the key of an old delivery be used again; the delivery itself stays."""
    row = session.get_one(DeliveryRow, delivery_id)
    row.key = f"{row.key}#{row.id}"
    session.flush()


def store_alert(
    session: Session, alert: Alert, *, delivery_id: int, incident_id: str | None
) -> None:
    """Store one alert of a delivery with the incident that it belongs to."""
    session.add(
        AlertRow(
            delivery_id=delivery_id,
            incident_id=incident_id,
            fingerprint=alert.fingerprint,
            status=alert.status.value,
            document=alert.model_dump(mode="json"),
        )
    )


def list_alerts(session: Session, incident_id: str) -> list[Alert]:
    """All alerts of an incident, in the order in which they came."""
    rows = session.scalars(
        select(AlertRow).where(AlertRow.incident_id == incident_id).order_by(AlertRow.id)
    )
    return [Alert.model_validate(row.document) for row in rows]


def count_rejection(session: Session, source: str, reason: str, *, at: datetime) -> None:
    """Add one to the rejections of a source for a reason; safe at the same instant."""
    insert = (
        postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    )(RejectionCountRow).values(source=source, reason=reason, count=1, last_at=at)
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["source", "reason"],
            set_={"count": RejectionCountRow.count + 1, "last_at": at},
        )
    )


def rejection_counts(session: Session) -> dict[tuple[str, str], int]:
    """How often each source was turned away, by source and reason."""
    rows = session.scalars(select(RejectionCountRow))
    return {(row.source, row.reason): row.count for row in rows}
