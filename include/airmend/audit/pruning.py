"""Retention: old incidents are removed whole, and every proof of the rest holds.

Leaves stay, with their hashes; salts go, so that what is gone cannot be guessed. The pruning is
recorded with the places that it left empty, so that nothing else can be missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, inspect, select, update
from sqlalchemy.orm import Session

from airmend.audit.kinds import KINDS, Kind
from airmend.audit.store import lock_sealing
from airmend.errors import AuditError
from airmend.records.audit_tables import AuditActionRow, LeafRow, PersonalFieldRow
from airmend.records.emergency_tables import HandRequestRow, ReviewRow
from airmend.records.guard_tables import TierShareRow
from airmend.records.people_tables import NoticeRow
from airmend.records.problem_tables import RecurrenceRow
from airmend.records.runbook_tables import RunbookLockRow
from airmend.records.standard_tables import CausedIncidentRow
from airmend.records.tables import (
    AlertRow,
    ChangeRow,
    DecisionRow,
    DeliveryRow,
    ExecutionRow,
    IncidentMemberRow,
    IncidentRow,
    LedgerRow,
    QuestionRow,
    ReportRow,
    StartRow,
    Table,
    VoteRow,
)
from airmend.records.ticket_tables import TicketRow

CHUNK = 500

PARTS_OF_A_CHANGE: tuple[Any, ...] = (
    StartRow,
    QuestionRow,
    VoteRow,
    NoticeRow,
    TierShareRow,
    RecurrenceRow,
)
"""Tables that are not sealed and refer to a change; what they say is in its decision and story."""


@dataclass
class Pruning:
    """What was, or would be, removed: rows by table, and the places in the log."""

    rows: dict[str, int] = field(default_factory=dict)
    ranges: list[tuple[int, int]] = field(default_factory=list)


def prune(
    session: Session, cutoff: datetime, *, by: str, at: datetime, dry_run: bool = False
) -> Pruning:
    """Remove the incidents that ended before a time, with all that is recorded about them.

    Deliveries go when they came before that time and no incident that stays has an alert of
    them. Incidents whose change left a runbook locked, or owes a review, stay. So do mutes, the
    kill switch's log, runbook versions, and what was done to the log.

    Args:
        session: The transaction.
        cutoff: The time.
        by: Who removes.
        at: Now.
        dry_run: Find, and change nothing.

    Raises:
        AuditError: Something is not sealed that would be removed.
    """
    lock_sealing(session)
    incidents, deliveries = _choose(session, cutoff)
    changes = _ids(session, ChangeRow.id, ChangeRow.incident_id, incidents)
    doomed: dict[type[Table], list[Any]] = {  # in an order that no reference is left behind
        ReportRow: _ids(session, ReportRow.change_id, ReportRow.change_id, changes),
        DecisionRow: _ids(session, DecisionRow.change_id, DecisionRow.change_id, changes),
        HandRequestRow: _ids(session, HandRequestRow.change_id, HandRequestRow.change_id, changes),
        ReviewRow: _ids(session, ReviewRow.change_id, ReviewRow.change_id, changes),
        CausedIncidentRow: _ids(
            session, CausedIncidentRow.change_id, CausedIncidentRow.change_id, changes
        ),
        ExecutionRow: _ids(session, ExecutionRow.id, ExecutionRow.change_id, changes),
        LedgerRow: _ids(session, LedgerRow.id, LedgerRow.incident_id, incidents),
        AlertRow: _ids(session, AlertRow.id, AlertRow.delivery_id, deliveries),
        DeliveryRow: deliveries,
        IncidentMemberRow: _ids(
            session, IncidentMemberRow.id, IncidentMemberRow.incident_id, incidents
        ),
        ChangeRow: changes,
        IncidentRow: incidents,
    }
    positions = sorted(
        position
        for kind in KINDS.values()
        for position in _positions(session, kind, doomed.get(kind.table, []))
    )
    rows = {table.__tablename__: len(keys) for table, keys in doomed.items() if keys}
    pruning = Pruning(rows, _to_ranges(positions))
    if dry_run or not rows:
        return pruning
    for part in _chunks(positions):
        place = PersonalFieldRow.position
        session.execute(update(PersonalFieldRow).where(place.in_(part)).values(salt=None))
    for table in PARTS_OF_A_CHANGE:
        for part in _chunks(changes):
            session.execute(delete(table).where(table.change_id.in_(part)))
    for table, keys in doomed.items():
        (key,) = inspect(table).primary_key
        for part in _chunks(keys):
            session.execute(delete(table).where(key.in_(part)))
    for part in _chunks(incidents):  # no other row refers to a ticket's, and it to none
        session.execute(delete(TicketRow).where(TicketRow.incident_id.in_(part)))
    detail = {"cutoff": cutoff.isoformat(), "ranges": pruning.ranges, "rows": rows}
    reason = f"what ended before {cutoff:%Y-%m-%d}"
    session.add(AuditActionRow(kind="pruning", at=at, by=by, reason=reason, detail=detail))
    session.flush()
    return pruning


def _choose(session: Session, cutoff: datetime) -> tuple[list[str], list[int]]:
    """The incidents and the deliveries that go.

    A delivery may hold alerts of several incidents: where one of them stays, all of them do. What
    has the highest number of its table stays too: SQLite would give the number again, and a
    leaf names a record by it.
    """
    locked = select(ChangeRow.incident_id).join(
        RunbookLockRow, RunbookLockRow.change_id == ChangeRow.id
    )
    owed = select(ChangeRow.incident_id).join(ReviewRow, ReviewRow.change_id == ChangeRow.id)
    incidents = set(
        session.scalars(
            select(IncidentRow.id).where(
                IncidentRow.closed_at < cutoff,
                IncidentRow.id.not_in(locked),
                IncidentRow.id.not_in(owed.where(ReviewRow.reviewed_at.is_(None))),
                IncidentRow.id.not_in(_newest(LedgerRow.incident_id, LedgerRow.id)),
                IncidentRow.id.not_in(
                    select(ChangeRow.incident_id).where(
                        ChangeRow.id.in_(_newest(ExecutionRow.change_id, ExecutionRow.id))
                    )
                ),
            )
        )
    )
    newest = _newest(DeliveryRow.id, DeliveryRow.id)
    old = set(
        session.scalars(
            select(DeliveryRow.id).where(
                DeliveryRow.received_at < cutoff, DeliveryRow.id.not_in(newest)
            )
        )
    )
    alerts = session.execute(
        select(AlertRow.delivery_id, AlertRow.incident_id).where(AlertRow.incident_id.is_not(None))
    )
    pairs = {(delivery, incident) for delivery, incident in alerts}
    while True:
        kept = {delivery for delivery, incident in pairs if incident not in incidents}
        staying = {it for delivery, it in pairs if delivery in kept or delivery not in old}
        if not incidents & staying:
            return sorted(incidents), sorted(old - kept)
        incidents -= staying


def _newest(column: Any, number: Any) -> Select[Any]:
    return select(column).order_by(number.desc()).limit(1)


def _ids(session: Session, wanted: Any, column: Any, values: Sequence[Any]) -> list[Any]:
    return [
        key
        for part in _chunks(values)
        for key in session.scalars(select(wanted).where(column.in_(part)).order_by(wanted))
    ]


def _positions(session: Session, kind: Kind, keys: Sequence[Any]) -> Iterator[int]:
    """The places of records in the log.

    Raises:
        AuditError: One of them has none yet.
    """
    for part in _chunks(keys):
        names = [str(key) for key in part]
        found = session.scalars(
            select(LeafRow.position).where(LeafRow.kind == kind.name, LeafRow.key.in_(names))
        ).all()
        if len(found) != len(part):
            raise AuditError(
                f"a {kind.name} that would be removed is not sealed. Run `airmend audit seal`"
            )
        yield from found


def _to_ranges(positions: Sequence[int]) -> list[tuple[int, int]]:
    """Rising numbers as ranges, both ends in."""
    ranges: list[tuple[int, int]] = []
    for position in positions:
        if ranges and ranges[-1][1] == position - 1:
            ranges[-1] = (ranges[-1][0], position)
        else:
            ranges.append((position, position))
    return ranges


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))
