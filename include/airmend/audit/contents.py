"""The records behind leaves, read in as few queries as there are kinds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, exists, select
from sqlalchemy.orm import Session

from airmend.audit.kinds import KINDS, Kind
from airmend.records.audit_tables import LeafRow
from airmend.records.tables import AlertRow


@dataclass(frozen=True)
class Content:
    """One record as the log tells it."""

    at: datetime
    record: dict[str, Any]
    personal: dict[str, Any]


def read_contents(session: Session, kind: Kind, keys: Sequence[str]) -> dict[str, Content]:
    """The final records with these keys, by key; what is not there is left out."""
    table, name = kind.table.__table__, kind.key
    column = table.c[name]
    is_number = column.type.python_type is int
    wanted = [int(key) for key in keys if key.isdigit()] if is_number else list(keys)
    if not wanted:  # most kinds have nothing new most minutes
        return {}
    rows = session.execute(select(table).where(column.in_(wanted), kind.is_final)).mappings()
    found = {str(row[name]): dict(row) for row in rows}
    if kind.name == "delivery":
        _add_alerts(session, found)
    contents = {}
    for key, row in found.items():
        record, personal = kind.read(row)
        contents[key] = Content(row[kind.at], record, personal)
    return contents


def unsealed(
    session: Session, kind: Kind, *, above: int | None = None, limit: int | None = None
) -> list[tuple[str, datetime]]:
    """Final records that have no leaf, in the order of their keys: key, and time.

    Args:
        above: Only higher keys are looked at, where they are rising numbers.
        limit: At most so many.
    """
    column = kind.table.__table__.c[kind.key]
    at = kind.table.__table__.c[kind.at]
    is_sealed = exists().where(LeafRow.kind == kind.name, LeafRow.key == cast(column, String))
    query = select(column, at).where(kind.is_final, ~is_sealed).order_by(column).limit(limit)
    if above is not None:
        query = query.where(column > above)
    return [(str(key), moment) for key, moment in session.execute(query)]


def read_leaf_contents(
    session: Session, leaves: Iterable[LeafRow]
) -> Mapping[tuple[str, str], Content]:
    """The records behind some leaves, by kind and key."""
    keys: dict[str, list[str]] = {}
    for leaf in leaves:
        keys.setdefault(leaf.kind, []).append(leaf.key)
    return {
        (name, key): content
        for name, wanted in keys.items()
        if name in KINDS
        for key, content in read_contents(session, KINDS[name], wanted).items()
    }


def _add_alerts(session: Session, deliveries: dict[str, dict[str, Any]]) -> None:
    for row in deliveries.values():
        row["alerts"] = []
    alerts = session.execute(
        select(AlertRow.delivery_id, AlertRow.incident_id, AlertRow.document)
        .where(AlertRow.delivery_id.in_([row["id"] for row in deliveries.values()]))
        .order_by(AlertRow.id)
    )
    for delivery_id, incident_id, document in alerts:
        entry = {"incident": incident_id, "alert": document}
        deliveries[str(delivery_id)]["alerts"].append(entry)
