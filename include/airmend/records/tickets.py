"""What ticket systems were told: what is left, and what went wrong.

Every function is a part of one short transaction; nothing here waits for a ticket system.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from airmend.itsm.model import Stage, Ticket, TicketKind, TicketReference
from airmend.records.model import FactKind
from airmend.records.tables import ChangeRow, IncidentRow, LedgerRow
from airmend.records.ticket_tables import TicketRow, TicketSystemRow

LOOKED_BACK = 2_000
"""Facts below the mark that are looked at again: PostgreSQL may show a lower number later."""

_WITHOUT_MEANING = (FactKind.ALERT_REPEATED.value, FactKind.TICKET_REFUSED.value)
"""Facts after which a ticket stays as it is."""

_CHUNK = 500


def enrol(session: Session, system: str, kinds: Collection[TicketKind], now: datetime) -> None:
    """Make a row of every incident and change that has none, and open those that have news.

    What happened since the last look is found by the numbers of the facts, so that a look costs
    the same whatever the records hold.

    Args:
        session: The transaction.
        system: Its name; it has had a turn.
        kinds: What gets tickets. An incident that came from this system always has one.
        now: The time.
    """
    state = session.get_one(TicketSystemRow, system)
    mark = session.scalar(select(func.max(LedgerRow.id))) or 0
    recent = select(LedgerRow.incident_id).where(LedgerRow.id > state.fact_mark - LOOKED_BACK)
    incidents = {
        row.id: row.source
        for row in session.execute(
            select(IncidentRow.id, IncidentRow.source)
            .where(IncidentRow.id.in_(recent), IncidentRow.opened_at >= state.since)
            .order_by(IncidentRow.opened_at, IncidentRow.id)
        )
    }
    known = {
        row.subject_id: row
        for part in _chunks(list(incidents))
        for row in session.scalars(
            select(TicketRow).where(TicketRow.system == system, TicketRow.incident_id.in_(part))
        )
    }
    wanted: list[tuple[str, TicketKind, str]] = [
        (incident_id, TicketKind.INCIDENT, incident_id)
        for incident_id, source in incidents.items()
        if TicketKind.INCIDENT in kinds or source == system
    ]
    if TicketKind.CHANGE in kinds:
        wanted += [
            (change_id, TicketKind.CHANGE, incident_id)
            for part in _chunks(list(incidents))
            for change_id, incident_id in session.execute(
                select(ChangeRow.id, ChangeRow.incident_id)
                .where(ChangeRow.incident_id.in_(part))
                .order_by(ChangeRow.requested_at, ChangeRow.id)
            )
        ]
    for subject_id, kind, incident_id in wanted:
        if subject_id not in known:
            session.add(_new_row(system, subject_id, kind, incident_id, now))
    versions = read_versions(session, incidents)
    for row in known.values():
        if row.is_settled and row.told_version != versions[row.incident_id]:
            row.is_settled, row.next_try_at = False, None
    state.fact_mark = mark
    session.flush()


def _new_row(
    system: str, subject_id: str, kind: TicketKind, incident_id: str, now: datetime
) -> TicketRow:
    return TicketRow(
        system=system,
        subject_id=subject_id,
        kind=kind.value,
        incident_id=incident_id,
        enrolled_at=now,
    )


def read_versions(session: Session, incident_ids: Iterable[str]) -> dict[str, str]:
    """A text an incident that is another one when its tickets may have to say something else.

    A count of facts and not their highest number: a lower one may be seen later.
    """
    versions: dict[str, str] = {}
    for part in _chunks(list(dict.fromkeys(incident_ids))):
        facts = (
            select(LedgerRow.incident_id, func.count().label("facts"))
            .where(LedgerRow.incident_id.in_(part), LedgerRow.kind.not_in(_WITHOUT_MEANING))
            .group_by(LedgerRow.incident_id)
        )
        counts = {row.incident_id: int(row.facts) for row in session.execute(facts)}
        changes: dict[str, list[str]] = {}
        for incident_id, status in session.execute(
            select(ChangeRow.incident_id, ChangeRow.status)
            .where(ChangeRow.incident_id.in_(part))
            .order_by(ChangeRow.requested_at, ChangeRow.id)
        ):
            changes.setdefault(incident_id, []).append(status)
        for incident_id, status in session.execute(
            select(IncidentRow.id, IncidentRow.status).where(IncidentRow.id.in_(part))
        ):
            words = [status, *changes.get(incident_id, []), str(counts.get(incident_id, 0))]
            versions[incident_id] = " ".join(words)
    return versions


def due_tickets(session: Session, system: str, now: datetime, *, limit: int) -> list[Ticket]:
    """Tickets that may have to be told something now, at most `limit`.

    Those that went well first, then those that fail; of each the oldest, an incident before its
    change, which refers to it.
    """
    rows = session.scalars(
        select(TicketRow)
        .where(
            TicketRow.system == system,
            ~TicketRow.is_settled,
            or_(TicketRow.next_try_at.is_(None), TicketRow.next_try_at <= now),
        )
        .order_by(
            TicketRow.attempts,
            TicketRow.enrolled_at,
            TicketRow.incident_id,
            TicketRow.kind.desc(),
            TicketRow.subject_id,
        )
    )
    tickets = [Ticket.model_validate(row) for row in rows]
    versions = read_versions(session, (ticket.incident_id for ticket in tickets))
    news = [it for it in tickets if it.told_version != versions.get(it.incident_id, "")]
    return news[:limit]


def find_ticket(session: Session, system: str, subject_id: str) -> Ticket | None:
    """The ticket of a change or an incident in one system, or None."""
    row = session.get(TicketRow, (system, subject_id), populate_existing=True)
    return Ticket.model_validate(row) if row else None


def list_tickets(session: Session, *, limit: int, open_only: bool = False) -> list[Ticket]:
    """Tickets of all systems, the newest first."""
    query = select(TicketRow).order_by(TicketRow.enrolled_at.desc(), TicketRow.subject_id)
    if open_only:
        query = query.where(or_(~TicketRow.is_settled, TicketRow.last_error != ""))
    return [Ticket.model_validate(row) for row in session.scalars(query.limit(limit))]


def related_ids(session: Session, system: str, incident_id: str) -> dict[TicketKind, str]:
    """The ids of an incident's tickets that are known, the latest change's of the changes'."""
    rows = session.execute(
        select(TicketRow.kind, TicketRow.external_id)
        .where(
            TicketRow.system == system,
            TicketRow.incident_id == incident_id,
            TicketRow.external_id != "",
        )
        .order_by(TicketRow.enrolled_at, TicketRow.subject_id)
    )
    return {TicketKind(kind): external_id for kind, external_id in rows}


def note_intent(session: Session, ticket: Ticket, at: datetime | None) -> None:
    """Write down that a ticket is about to be created; None that it surely was not."""
    _update(session, ticket, intended_at=at)


def note_linked(session: Session, ticket: Ticket, reference: TicketReference) -> None:
    """Write down where a ticket is."""
    _update(session, ticket, intended_at=None, **reference.model_dump())


def note_facts(session: Session, ticket: Ticket, facts: Collection[int]) -> None:
    """Write down which facts a ticket holds."""
    _update(session, ticket, told_facts=sorted(facts))


def note_told(session: Session, ticket: Ticket, version: str, stage: Stage, at: datetime) -> None:
    """A ticket says what it should, as the records were at `version`."""
    _update(
        session,
        ticket,
        told_version=version,
        told_stage=stage.value,
        told_at=at,
        is_settled=stage.is_end,
        attempts=0,
        next_try_at=None,
        is_refused=False,
        last_error="",
    )


def note_failed(
    session: Session, ticket: Ticket, error: str, *, next_try_at: datetime, refused: bool
) -> None:
    """A ticket could not be told; when it is tried again."""
    _update(
        session,
        ticket,
        attempts=ticket.attempts + 1,
        next_try_at=next_try_at,
        is_refused=refused,
        last_error=error,
    )


def postpone(session: Session, ticket: Ticket, next_try_at: datetime) -> None:
    """Look at a ticket later; nothing went wrong."""
    _update(session, ticket, next_try_at=next_try_at)


def settle(session: Session, ticket: Ticket) -> None:
    """Nothing more is to be told, until something happens."""
    _update(session, ticket, is_settled=True)


def retry_tickets(session: Session, subject_id: str | None = None) -> int:
    """Try tickets again at the next run, all that wait or one, and their systems too.

    Returns:
        How many tickets.
    """
    query = update(TicketRow).where(~TicketRow.is_settled)
    if subject_id is not None:
        query = query.where(or_(TicketRow.subject_id == subject_id, TicketRow.number == subject_id))
    result: Any = session.execute(query.values(next_try_at=None, attempts=0))
    if result.rowcount:
        session.execute(update(TicketSystemRow).values(paused_until=None, failures=0))
    return int(result.rowcount)


def _update(session: Session, ticket: Ticket, **values: Any) -> None:
    session.execute(
        update(TicketRow)
        .where(TicketRow.system == ticket.system, TicketRow.subject_id == ticket.subject_id)
        .values(**values)
    )


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))
