"""Everything that the alerts of a batch of deliveries touch, in a constant number of queries.

Read at the beginning of intake's transaction, decided over in memory, written at its end
(`effects.py`). Intake stores one batch at a time, on both databases: SQLite has one writer
anyway, and on PostgreSQL an advisory lock is held until the commit. The incidents that are
read are locked besides, since the end of a change moves them too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, bindparam, func, select
from sqlalchemy.orm import Session

from airmend.change.model import ChangeRequest
from airmend.incident.model import Alert, AlertStatus, Incident, Member
from airmend.records.prepared import Read, connection_of, execute, within
from airmend.records.tables import (
    AlertRow,
    ChangeRow,
    DeliveryRow,
    IncidentMemberRow,
    IncidentRow,
)

LOCK_NUMBER = 0x41726D69
"""Of the advisory lock that makes registration serial on PostgreSQL."""


@dataclass
class StoredDelivery:
    """A delivery that was taken in before; `id` is empty for one of the same batch."""

    id: int | None
    received_at: datetime
    answer: dict[str, Any]


@dataclass
class Standing:
    """An incident as it stands while a batch is decided."""

    incident: Incident
    change: ChangeRequest | None  # the latest that was requested for it
    count_firing: Callable[[], int] = lambda: 0  # as stored before the batch
    is_new: bool = False
    is_changed: bool = False
    _stored_firing: int | None = None
    _more_firing: int = 0

    @property
    def firing(self) -> int:
        """Open members that fire; counted when it is asked for, as most alerts only begin."""
        if self._stored_firing is None:
            self._stored_firing = self.count_firing()
        return self._stored_firing + self._more_firing

    def add_firing(self, count: int) -> None:
        """So many more members fire from now on."""
        self._more_firing += count


@dataclass
class MemberStanding:
    """The latest member of a fingerprint as it stands while a batch is decided."""

    member: Member
    id: int | None = None  # empty for a new one


@dataclass(frozen=True)
class EarlyEnd:
    """An alert of which the end was told before its beginning."""

    starts_at: datetime | None
    ends_at: datetime | None
    received_at: datetime


@dataclass
class Situation:
    """What is known before a batch, and kept up to date while it is decided.

    Args:
        deliveries: By source and key.
        members: The latest member of each fingerprint.
        early_ends: The last end without a beginning, by fingerprint.
        waiting: Changes of repeated deliveries that Airflow has no run for yet.
        standings: Incidents by id; others are fetched, and locked, when they are asked for.
    """

    deliveries: dict[tuple[str, str], StoredDelivery] = field(default_factory=dict)
    members: dict[str, MemberStanding] = field(default_factory=dict)
    early_ends: dict[str, EarlyEnd] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    standings: dict[str, Standing] = field(default_factory=dict)
    fetch: Callable[[str], Standing | None] = lambda _incident_id: None

    def standing(self, incident_id: str) -> Standing | None:
        """One incident as it stands now; None when there is none."""
        found = self.standings.get(incident_id)
        if found is None and (found := self.fetch(incident_id)) is not None:
            self.standings[incident_id] = found
        return found


def lock_registration(session: Session) -> None:
    """Let no other process register alerts until this transaction ends."""
    connection = connection_of(session)
    if connection.dialect.name == "postgresql":
        execute(connection, _LOCK)


def load_situation(
    session: Session, keys: Collection[tuple[str, str]], alerts: Iterable[Alert]
) -> Situation:
    """Read what a batch touches, and lock its incidents.

    Args:
        session: The transaction, which holds the lock of `lock_registration`.
        keys: Source and key of each delivery.
        alerts: All alerts of the deliveries.
    """
    connection = connection_of(session)
    queries = _queries(connection.dialect)
    situation = Situation(fetch=lambda incident_id: _fetch(connection, incident_id))
    sources, names = {source for source, _ in keys}, {name for _, name in keys}
    for number, source, key, received_at, answer in queries.deliveries.rows(
        connection, sources=list(sources), keys=list(names)
    ):
        situation.deliveries[source, key] = StoredDelivery(number, received_at, answer or {})
    pending = [
        entry["change"]
        for delivery in situation.deliveries.values()
        for entry in delivery.answer.get("incidents", ())
        if entry.get("outcome") == "pending"
    ]
    if pending:
        rows = queries.waiting.rows(connection, changes=pending)
        situation.waiting = {change for (change,) in rows}
    fingerprints = list({alert.fingerprint for alert in alerts})
    if not fingerprints:
        return situation
    for row in queries.members.rows(connection, fingerprints=fingerprints):
        member = _to_member(row)
        situation.members[member.fingerprint] = MemberStanding(member, row[0])
        if member.incident_id not in situation.standings:
            situation.standings[member.incident_id] = _to_standing(
                connection, row[1 + len(_MEMBER_NAMES) :]
            )
    for fingerprint, document, received_at in queries.early_ends.rows(
        connection, fingerprints=fingerprints
    ):
        situation.early_ends[fingerprint] = EarlyEnd(
            _to_time(document["starts_at"]), _to_time(document["ends_at"]), received_at
        )
    return situation


def next_delivery_numbers(session: Session, count: int) -> list[int]:
    """The numbers of new deliveries, rising; nobody else takes any while registration is locked."""
    connection = connection_of(session)
    if connection.dialect.name == "postgresql":
        return sorted(number for (number,) in execute(connection, _NUMBERS, (count,)))
    ((last,),) = execute(connection, _LAST_NUMBER)
    return list(range(last + 1, last + 1 + count))


def _fetch(connection: Connection, incident_id: str) -> Standing | None:
    rows = _queries(connection.dialect).incident.rows(connection, incident=incident_id)
    return next((_to_standing(connection, row) for row in rows), None)


def _to_member(row: Sequence[Any]) -> Member:
    return Member.model_validate(dict(zip(_MEMBER_NAMES, row[1:], strict=False)))


def _to_standing(connection: Connection, row: Sequence[Any]) -> Standing:
    end = len(_INCIDENT_NAMES)
    incident = Incident.model_validate(dict(zip(_INCIDENT_NAMES, row[:end], strict=True)))
    change = dict(zip(_CHANGE_NAMES, row[end:], strict=True))
    return Standing(
        incident=incident,
        change=ChangeRequest.model_validate(change) if change["id"] is not None else None,
        count_firing=lambda: _count_firing(connection, incident.id),
    )


def _count_firing(connection: Connection, incident_id: str) -> int:
    ((count,),) = _queries(connection.dialect).firing.rows(connection, incident=incident_id)
    return int(count)


def _to_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


_delivery, _alert = DeliveryRow.__table__.c, AlertRow.__table__.c
_incident, _change = IncidentRow.__table__.c, ChangeRow.__table__.c
_member = IncidentMemberRow.__table__.c

_INCIDENT_NAMES = tuple(Incident.model_fields)
_MEMBER_NAMES = tuple(Member.model_fields)
_CHANGE_NAMES = tuple(ChangeRequest.model_fields)

_LOCK = f"SELECT pg_advisory_xact_lock({LOCK_NUMBER})"
_NUMBERS = "SELECT nextval(pg_get_serial_sequence('deliveries', 'id')) FROM generate_series(1, %s)"
_LAST_NUMBER = "SELECT coalesce(max(id), 0) FROM deliveries"


@dataclass(frozen=True)
class _Queries:
    deliveries: Read
    waiting: Read
    members: Read
    early_ends: Read
    incident: Read
    firing: Read


@lru_cache(maxsize=8)
def _queries(dialect: Dialect) -> _Queries:
    """The queries of one database, compiled."""
    fingerprint = "fingerprints"
    standing = (
        *(_incident[name] for name in _INCIDENT_NAMES),
        *(_change[name] for name in _CHANGE_NAMES),
    )
    latest_member = (
        select(func.max(_member.id))
        .where(within(_member.fingerprint, fingerprint, dialect))
        .group_by(_member.fingerprint)
    )
    latest_end = (
        select(func.max(_alert.id))
        .where(
            within(_alert.fingerprint, fingerprint, dialect),
            _alert.incident_id.is_(None),
            _alert.status == AlertStatus.RESOLVED.value,
        )
        .group_by(_alert.fingerprint)
    )
    return _Queries(
        deliveries=Read(
            select(
                _delivery.id,
                _delivery.source,
                _delivery.key,
                _delivery.received_at,
                _delivery.answer,
            ).where(
                within(_delivery.source, "sources", dialect),
                within(_delivery.key, "keys", dialect),
            ),
            dialect,
        ),
        waiting=Read(
            select(_change.id).where(
                within(_change.id, "changes", dialect), _change.run_created_at.is_(None)
            ),
            dialect,
        ),
        members=Read(
            select(_member.id, *(_member[name] for name in _MEMBER_NAMES), *standing)
            .join_from(IncidentMemberRow.__table__, IncidentRow.__table__)
            .outerjoin(ChangeRow.__table__, _change.incident_id == _incident.id)
            .where(_member.id.in_(latest_member))
            .order_by(_incident.id, _change.requested_at.desc(), _change.id)
            .with_for_update(of=IncidentRow.__table__),
            dialect,
        ),
        early_ends=Read(
            select(_alert.fingerprint, _alert.document, _delivery.received_at)
            .join_from(AlertRow.__table__, DeliveryRow.__table__)
            .where(_alert.id.in_(latest_end)),
            dialect,
        ),
        incident=Read(
            select(*standing)
            .outerjoin_from(
                IncidentRow.__table__, ChangeRow.__table__, _change.incident_id == _incident.id
            )
            .where(_incident.id == bindparam("incident"))
            .order_by(_change.requested_at.desc(), _change.id)
            .with_for_update(of=IncidentRow.__table__),
            dialect,
        ),
        firing=Read(
            select(func.count()).where(
                _member.incident_id == bindparam("incident"), _member.is_open, _member.is_firing
            ),
            dialect,
        ),
    )
