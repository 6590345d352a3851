"""What a batch of deliveries leads to, gathered while it is decided and written at its end.

A statement a table, whatever the number of rows. Called by intake inside its transaction, after
`situation.py`; an error undoes all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Insert, String, bindparam, cast, insert, update
from sqlalchemy.orm import Session

from airmend.change.model import ChangeRequest
from airmend.incident.model import Alert, Incident, Member
from airmend.records.changes import change_values
from airmend.records.incidents import incident_values
from airmend.records.model import FactKind
from airmend.records.situation import MemberStanding, Situation
from airmend.records.tables import (
    AlertRow,
    ChangeRow,
    DeliveryRow,
    IncidentMemberRow,
    IncidentRow,
    LedgerRow,
    Table,
)


@dataclass
class NewDelivery:
    """A delivery to be stored with its answer; `id` is filled in when it is."""

    source: str
    key: str
    received_at: datetime
    body_sha256: str
    body: bytes
    answer: dict[str, Any]
    id: int = 0


@dataclass(frozen=True)
class NewFact:
    """A fact whose evidence is the delivery that led to it."""

    delivery: NewDelivery
    kind: FactKind
    text: str
    incident_id: str
    change_id: str | None
    digest: str | None


@dataclass
class Effects:
    """Rows to be written.

    Args:
        released: Deliveries whose key may be used again.
        deliveries: In the order in which they came.
        alerts: Each with its delivery and its incident, in the order of the documents.
        members: New ones, in the order in which they came.
        moved: Changed ones, by number.
        changes: Requested ones.
        facts: In the order in which they happened.
    """

    released: list[int] = field(default_factory=list)
    deliveries: list[NewDelivery] = field(default_factory=list)
    alerts: list[tuple[NewDelivery, str | None, Alert]] = field(default_factory=list)
    members: list[MemberStanding] = field(default_factory=list)
    moved: dict[int, MemberStanding] = field(default_factory=dict)
    changes: list[ChangeRequest] = field(default_factory=list)
    facts: list[NewFact] = field(default_factory=list)


def write_effects(
    session: Session,
    situation: Situation,
    effects: Effects,
    observe: Callable[[str], None] = lambda _step: None,
) -> None:
    """Write what was decided, and number the deliveries.

    Args:
        session: The transaction.
        situation: As it is after the decisions.
        effects: What they led to.
        observe: Told the name of each step as it is passed.

    Raises:
        sqlalchemy.exc.IntegrityError: A delivery with this key, an id, or an open incident of a
            fingerprint is there already; undo the transaction.
    """
    if effects.released:
        session.connection().execute(_RELEASE, [{"delivery": each} for each in effects.released])
    if effects.deliveries:
        _write_deliveries(session, effects.deliveries)
    observe("deliveries written")
    standings = situation.standings.values()
    _insert(session, IncidentRow, [incident_values(s.incident) for s in standings if s.is_new])
    changed = [s.incident for s in standings if s.is_changed and not s.is_new]
    if changed:
        session.connection().execute(_MOVE_INCIDENT, [_moved_incident(each) for each in changed])
    if effects.moved:
        session.connection().execute(
            _MOVE_MEMBER,
            [
                {"member": number, **_moved_member(known.member)}
                for number, known in effects.moved.items()
            ],
        )
    closed = [each.id for each in changed if not each.status.is_open]
    if closed:
        session.connection().execute(_CLOSE_MEMBERS, [{"incident": each} for each in closed])
    ended = {s.incident.id for s in standings if not s.incident.status.is_open}
    _insert(
        session,
        IncidentMemberRow,
        [
            member_values(each.member) | {"is_open": each.member.incident_id not in ended}
            for each in effects.members
        ],
    )
    observe("incidents written")
    _insert(session, ChangeRow, [change_values(change) for change in effects.changes])
    _insert(
        session,
        AlertRow,
        [
            {
                "delivery_id": delivery.id,
                "incident_id": incident_id,
                "fingerprint": alert.fingerprint,
                "status": alert.status.value,
                "document": alert.model_dump(mode="json"),
            }
            for delivery, incident_id, alert in effects.alerts
        ],
    )
    _insert(session, LedgerRow, [_fact_values(fact) for fact in effects.facts])


def member_values(member: Member) -> dict[str, Any]:
    """The columns of a member."""
    firings = [at.isoformat() for at in member.firings]
    return {**dict(member), "firings": firings}


def _write_deliveries(session: Session, deliveries: list[NewDelivery]) -> None:
    values = [
        {
            "source": each.source,
            "key": each.key,
            "received_at": each.received_at,
            "body_sha256": each.body_sha256,
            "body": each.body,
            "answer": each.answer,
        }
        for each in deliveries
    ]
    numbers = session.connection().execute(_DELIVER, values).scalars()
    for each, number in zip(deliveries, numbers, strict=True):
        each.id = number


def _insert(session: Session, table: type[Table], rows: list[dict[str, Any]]) -> None:
    if rows:
        session.connection().execute(_INSERT[table], rows)


def _moved_incident(incident: Incident) -> dict[str, Any]:
    values = incident_values(incident)
    return {"incident": incident.id} | {name: values[name] for name in _MOVING_INCIDENT}


def _moved_member(member: Member) -> dict[str, Any]:
    values = member_values(member)
    return {name: values[name] for name in _MOVING_MEMBER}


def _fact_values(fact: NewFact) -> dict[str, Any]:
    evidence: dict[str, Any] = {"delivery": fact.delivery.id}
    if fact.digest is not None:
        evidence["digest"] = fact.digest
    return {
        "at": fact.delivery.received_at,
        "incident_id": fact.incident_id,
        "change_id": fact.change_id,
        "kind": fact.kind.value,
        "text": fact.text,
        "evidence": evidence,
    }


_MOVING_INCIDENT = (
    "status",
    "recovered_at",
    "closed_at",
    "alert_count",
    "rejections",
    "suppression",
    "suggestions",
)
_MOVING_MEMBER = (
    "is_open",
    "is_firing",
    "started_at",
    "fired_at",
    "resolved_at",
    "alert_count",
    "firings",
)

_INSERT: dict[type[Table], Insert] = {
    table: insert(table)
    for table in (IncidentRow, IncidentMemberRow, ChangeRow, AlertRow, LedgerRow)
}
_DELIVER = insert(DeliveryRow).returning(DeliveryRow.id, sort_by_parameter_order=True)
_RELEASE = (
    update(DeliveryRow)
    .where(DeliveryRow.id == bindparam("delivery"))
    .values(key=DeliveryRow.key + "#" + cast(DeliveryRow.id, String))
)
_MOVE_INCIDENT = (
    update(IncidentRow)
    .where(IncidentRow.id == bindparam("incident"))
    .values({name: bindparam(name) for name in _MOVING_INCIDENT})
)
_MOVE_MEMBER = (
    update(IncidentMemberRow)
    .where(IncidentMemberRow.id == bindparam("member"))
    .values({name: bindparam(name) for name in _MOVING_MEMBER})
)
_CLOSE_MEMBERS = (
    update(IncidentMemberRow)
    .where(IncidentMemberRow.incident_id == bindparam("incident"), IncidentMemberRow.is_open)
    .values(is_open=False)
)
