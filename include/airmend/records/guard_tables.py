"""The tables of the guard rails: who works on how many hosts, what came back, and the problems."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from airmend.records.tables import Table


class TierShareRow(Table):
    """How many hosts of a tier a change works on at once; counts until the change ends."""

    __tablename__ = "tier_shares"

    change_id: Mapped[str] = mapped_column(ForeignKey("changes.id"), primary_key=True)
    tier: Mapped[int] = mapped_column(primary_key=True)
    hosts: Mapped[int]
    at_once: Mapped[int]  # of all tiers together


class ProblemRow(Table):
    """A problem: an error that came back after it was repaired, until a person closes it."""

    __tablename__ = "problems"

    id: Mapped[str] = mapped_column(primary_key=True)
    runbook_id: Mapped[str] = mapped_column(index=True)
    known_error_id: Mapped[str]
    service: Mapped[str]
    opened_at: Mapped[datetime] = mapped_column(index=True)
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str]
    close_reason: Mapped[str]


class RecurrenceRow(Table):
    """A change whose incident came back within the horizon; it counts as one that failed."""

    __tablename__ = "recurrences"

    change_id: Mapped[str] = mapped_column(ForeignKey("changes.id"), primary_key=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incidents.id"), index=True)
    problem_id: Mapped[str] = mapped_column(ForeignKey("problems.id"), index=True)
    at: Mapped[datetime]
