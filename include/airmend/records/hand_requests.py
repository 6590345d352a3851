"""Changes that a person started by hand: stored once, with who asked and why."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from airmend.change.model import FINAL_CHANGE_STATUSES
from airmend.records.emergency_tables import HandRequestRow
from airmend.records.model import HandRequest
from airmend.records.tables import ChangeRow, IncidentRow


def lock_incident(session: Session, incident_id: str) -> bool:
    """Let nobody else decide about an incident until this transaction ends.

    Two requests at the same instant are taken one after the other then. On SQLite every
    transaction is alone anyway.

    Returns:
        Whether there is such an incident.
    """
    return session.get(IncidentRow, incident_id, with_for_update=True) is not None


def change_under_way(session: Session, incident_id: str) -> str | None:
    """The id of a change of an incident that has not ended; None where there is none."""
    return session.scalar(
        select(ChangeRow.id).where(
            ChangeRow.incident_id == incident_id,
            ChangeRow.status.not_in([status.value for status in FINAL_CHANGE_STATUSES]),
        )
    )


def store_request(session: Session, request: HandRequest) -> None:
    """Keep who asked for a change; in the transaction that stores the change."""
    session.add(HandRequestRow(**dict(request) | {"choice": request.choice.value}))
    session.flush()


def get_request(session: Session, change_id: str) -> HandRequest | None:
    """Who asked for a change by hand; None for one that an alert asked for."""
    row = session.get(HandRequestRow, change_id)
    return HandRequest.model_validate(row, from_attributes=True) if row else None
