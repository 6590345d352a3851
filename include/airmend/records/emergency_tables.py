"""The tables of what people start by hand: their requests, and the reviews that are owed after."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from airmend.records.tables import Table


class HandRequestRow(Table):
    """Who started a change by hand, and why; written once, with the change."""

    __tablename__ = "hand_requests"

    change_id: Mapped[str] = mapped_column(ForeignKey("changes.id"), primary_key=True)
    requested_by: Mapped[str]
    at: Mapped[datetime]
    reason: Mapped[str]
    is_emergency: Mapped[bool]
    choice: Mapped[str]
    unmet: Mapped[list[Any]]


class ReviewRow(Table):
    """The review of an emergency change; opened with its decision, completed at most once."""

    __tablename__ = "reviews"

    change_id: Mapped[str] = mapped_column(ForeignKey("changes.id"), primary_key=True)
    runbook_id: Mapped[str]
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[str]
    verdict: Mapped[str | None]
    notes: Mapped[str]

    __table_args__ = (
        Index(
            "ix_reviews_open",
            "runbook_id",
            "due_at",
            sqlite_where=text("reviewed_at IS NULL"),
            postgresql_where=text("reviewed_at IS NULL"),
        ),
    )
