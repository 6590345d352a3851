"""What the records know of the time: their server's clock, and what was recorded last."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from airmend.records.tables import LedgerRow

LATEST_FACTS = 100
"""So many facts are looked at: a time that was recorded while a clock was wrong is forgotten."""


def read_database_clock(session: Session) -> datetime:
    """What time it is for the database; SQLite's clock is that of this machine."""
    if session.get_bind().dialect.name == "sqlite":
        seconds = session.scalar(text("SELECT (julianday('now') - 2440587.5) * 86400.0"))
        return datetime.fromtimestamp(float(seconds or 0), UTC)
    at = session.scalar(text("SELECT clock_timestamp()"))
    assert isinstance(at, datetime)  # noqa: S101 - what PostgreSQL's driver gives
    return at.astimezone(UTC)


def latest_time(session: Session) -> datetime | None:
    """The latest time among the newest facts; None where nothing is recorded."""
    newest = select(LedgerRow.at).order_by(LedgerRow.id.desc()).limit(LATEST_FACTS).subquery()
    at: datetime | None = session.scalar(select(func.max(newest.c.at)))
    return at
