"""Ticket systems: whose turn it is to tell one, and whether it can be reached.

Every function is a part of one short transaction; nothing here waits for a ticket system.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from airmend.itsm.model import TicketSystemState
from airmend.records.database import updated_one
from airmend.records.ticket_tables import TicketSystemRow

TURN = timedelta(minutes=10)
"""So long nobody else tells a system anything, unless the turn is given back before."""


def take_turn(session: Session, system: str, owner: str, now: datetime) -> bool:
    """Become the one who tells a system, or stay it; False while somebody else is.

    The first call is the moment from which on incidents are told.

    Raises:
        sqlalchemy.exc.IntegrityError: Two came first at the same instant; the other one was it.
    """
    if session.get(TicketSystemRow, system) is None:
        session.add(TicketSystemRow(system=system, since=now))
        session.flush()
    result = session.execute(
        update(TicketSystemRow)
        .where(
            TicketSystemRow.system == system,
            or_(
                TicketSystemRow.held_until.is_(None),
                TicketSystemRow.held_until <= now,
                TicketSystemRow.held_by == owner,
            ),
        )
        .values(held_by=owner, held_until=now + TURN)
    )
    return updated_one(result)


def give_turn_back(session: Session, system: str, owner: str) -> None:
    """Let the next one tell a system at once."""
    session.execute(
        update(TicketSystemRow)
        .where(TicketSystemRow.system == system, TicketSystemRow.held_by == owner)
        .values(held_by="", held_until=None)
    )


def read_system(session: Session, system: str) -> TicketSystemState | None:
    """How a ticket system stands; None where it was never told anything."""
    row = session.get(TicketSystemRow, system, populate_existing=True)
    return TicketSystemState.model_validate(row) if row else None


def list_systems(session: Session) -> list[TicketSystemState]:
    """Every ticket system that was ever told something."""
    rows = session.scalars(select(TicketSystemRow).order_by(TicketSystemRow.system))
    return [TicketSystemState.model_validate(row) for row in rows]


def note_reached(session: Session, system: str, at: datetime) -> None:
    """The system took what it was told."""
    values = {"failures": 0, "paused_until": None, "last_error": "", "reached_at": at}
    session.execute(
        update(TicketSystemRow).where(TicketSystemRow.system == system).values(**values)
    )


def note_away(session: Session, system: str, error: str, *, until: datetime) -> None:
    """The system cannot be told anything until a time."""
    session.execute(
        update(TicketSystemRow)
        .where(TicketSystemRow.system == system)
        .values(failures=TicketSystemRow.failures + 1, paused_until=until, last_error=error)
    )
