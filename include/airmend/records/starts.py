"""When changes began: what the budgets of the policy are counted from."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from airmend.records.database import take_turn
from airmend.records.tables import StartRow

_STARTS_LOCK = 0x41524D53
"""Any number of our own, for PostgreSQL's advisory locks."""


def queue_for_start(session: Session) -> None:
    """Let one transaction at a time count and begin, until it ends.

    Two that counted at the same time would both take the last place.
    """
    take_turn(session, _STARTS_LOCK)


def list_starts(session: Session, *, since: datetime) -> list[tuple[str, str, datetime]]:
    """Runbook, service and time of every start after a time, oldest first."""
    rows = session.execute(
        select(StartRow.runbook_id, StartRow.service, StartRow.at)
        .where(StartRow.at > since)
        .order_by(StartRow.at, StartRow.change_id)
    )
    return [(row.runbook_id, row.service, row.at) for row in rows]


def was_started(session: Session, change_id: str) -> bool:
    """Whether a change has begun before, so that it counts already."""
    return session.get(StartRow, change_id) is not None


def record_start(
    session: Session, change_id: str, *, runbook_id: str, service: str, at: datetime
) -> None:
    """Write down that a change begins."""
    session.add(StartRow(change_id=change_id, runbook_id=runbook_id, service=service, at=at))
