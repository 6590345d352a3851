"""The story of an incident as facts, each with its evidence; added, never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from airmend.records.model import Fact, FactKind
from airmend.records.tables import LedgerRow


def append_fact(
    session: Session,
    kind: FactKind,
    text: str,
    *,
    at: datetime,
    incident_id: str,
    change_id: str | None = None,
    **evidence: Any,
) -> None:
    """Add one fact; `evidence` takes the keys that `Fact` names, None values are left out."""
    session.add(
        LedgerRow(
            at=at,
            incident_id=incident_id,
            change_id=change_id,
            kind=kind.value,
            text=text,
            evidence={key: value for key, value in evidence.items() if value is not None},
        )
    )


def read_story(session: Session, incident_id: str) -> list[Fact]:
    """All facts of an incident, in the order in which they happened."""
    rows = session.scalars(
        select(LedgerRow)
        .where(LedgerRow.incident_id == incident_id)
        .order_by(LedgerRow.at, LedgerRow.id)
    )
    return [Fact.model_validate(row, from_attributes=True) for row in rows]
