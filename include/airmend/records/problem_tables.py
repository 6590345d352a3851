"""The table of problems."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from airmend.records.tables import Table


class ProblemRow(Table):
    """A problem: an error that came back after it was repaired, until a person closes it.

    At most one a runbook is open.
    """

    __tablename__ = "problems"

    id: Mapped[str] = mapped_column(primary_key=True)
    runbook_id: Mapped[str]
    known_error_id: Mapped[str]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str]
    close_reason: Mapped[str]

    __table_args__ = (
        Index(
            "uq_problems_open_runbook",
            "runbook_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )
