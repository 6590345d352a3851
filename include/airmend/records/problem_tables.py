"""The tables of problems and of what came back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
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


class RecurrenceRow(Table):
    """A success whose incident came back within the horizon; it counts as a failure."""

    __tablename__ = "recurrences"

    change_id: Mapped[str] = mapped_column(ForeignKey("changes.id"), primary_key=True)
    incident_id: Mapped[str]  # the one that came back, or the one that opened
    at: Mapped[datetime]
    problem_id: Mapped[str] = mapped_column(ForeignKey("problems.id"), index=True)
