"""What a batch of deliveries leads to, gathered while it is decided and written at its end.

A statement a table, whatever the number of rows. Called by intake inside its transaction, after
`situation.py`; an error undoes all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Dialect,
    String,
    bindparam,
    cast,
    false,
    insert,
    literal_column,
    update,
)
from sqlalchemy.orm import Session

from airmend.change.model import ChangeRequest
from airmend.incident.model import Alert, Member
from airmend.records.changes import change_values
from airmend.records.incidents import incident_values
from airmend.records.model import FactKind
from airmend.records.prepared import Write, connection_of
from airmend.records.situation import MemberStanding, Situation, next_delivery_numbers
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
    connection = connection_of(session)
    writes = _writes(connection.dialect)
    writes.release.run(connection, [{"delivery": each} for each in effects.released])
    numbers = next_delivery_numbers(session, len(effects.deliveries))
    for delivery, number in zip(effects.deliveries, numbers, strict=True):
        delivery.id = number
    writes.deliver.run(connection, [vars(each) for each in effects.deliveries])
    observe("deliveries written")
    standings = situation.standings.values()
    ended = {s.incident.id for s in standings if not s.incident.status.is_open}
    changed = [s.incident for s in standings if s.is_changed and not s.is_new]
    writes.open_incident.run(
        connection, [incident_values(s.incident) for s in standings if s.is_new]
    )
    writes.move_incident.run(
        connection, [incident_values(each) | {"incident": each.id} for each in changed]
    )
    writes.move_member.run(
        connection,
        [
            member_values(known.member) | {"member": number}
            for number, known in effects.moved.items()
        ],
    )
    writes.close_members.run(
        connection, [{"incident": each.id} for each in changed if each.id in ended]
    )
    writes.add_member.run(
        connection,
        [
            member_values(each.member) | {"is_open": each.member.incident_id not in ended}
            for each in effects.members
        ],
    )
    observe("incidents written")
    writes.request_change.run(connection, [change_values(change) for change in effects.changes])
    writes.add_alert.run(
        connection,
        [
            {
                "delivery_id": delivery.id,
                "incident_id": incident_id,
                "fingerprint": alert.fingerprint,
                "status": alert.status.value,
                "document": alert,
            }
            for delivery, incident_id, alert in effects.alerts
        ],
    )
    writes.add_fact.run(connection, [_fact_values(fact) for fact in effects.facts])


def member_values(member: Member) -> dict[str, Any]:
    """The columns of a member."""
    firings = [at.isoformat() for at in member.firings]
    return {**dict(member), "firings": firings}


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

_STORED_DELIVERY = ("id", "source", "key", "received_at", "body_sha256", "body", "answer")


@dataclass(frozen=True)
class _Writes:
    release: Write
    deliver: Write
    open_incident: Write
    move_incident: Write
    move_member: Write
    close_members: Write
    add_member: Write
    request_change: Write
    add_alert: Write
    add_fact: Write


@lru_cache(maxsize=8)
def _writes(dialect: Dialect) -> _Writes:
    """The statements of one database, compiled."""

    def add(table: type[Table], names: Iterable[str] | None = None) -> Write:
        columns = (column.name for column in table.__table__.columns)
        return Write(insert(table), dialect, [*(names or columns)])

    member = IncidentMemberRow
    return _Writes(
        release=Write(
            update(DeliveryRow)
            .where(DeliveryRow.id == bindparam("delivery"))
            .values(key=DeliveryRow.key + literal_column("'#'") + cast(DeliveryRow.id, String)),
            dialect,
        ),
        deliver=add(DeliveryRow, _STORED_DELIVERY),
        open_incident=add(IncidentRow),
        move_incident=Write(
            update(IncidentRow)
            .where(IncidentRow.id == bindparam("incident"))
            .values({name: bindparam(name) for name in _MOVING_INCIDENT}),
            dialect,
        ),
        move_member=Write(
            update(member)
            .where(member.id == bindparam("member"))
            .values({name: bindparam(name) for name in _MOVING_MEMBER}),
            dialect,
        ),
        close_members=Write(
            update(member)
            .where(member.incident_id == bindparam("incident"), member.is_open)
            .values(is_open=false()),
            dialect,
        ),
        add_member=add(member, Member.model_fields),
        request_change=add(ChangeRow),
        add_alert=add(
            AlertRow, ("delivery_id", "incident_id", "fingerprint", "status", "document")
        ),
        add_fact=add(LedgerRow, ("at", "incident_id", "change_id", "kind", "text", "evidence")),
    )
