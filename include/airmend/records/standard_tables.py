"""The tables of standard changes: templates, the ladder, incidents that changes brought about.

Rows are added; the one thing that changes is the end of a template, once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Double, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from airmend.records.tables import Table


class TemplateRow(Table):
    """An approved template; a runbook has at most one that is not suspended."""

    __tablename__ = "standard_templates"

    id: Mapped[int] = mapped_column(primary_key=True)
    runbook_id: Mapped[str] = mapped_column(index=True)
    digest: Mapped[str]
    approved_by: Mapped[str]
    approved_at: Mapped[datetime]
    reason: Mapped[str]
    max_hosts: Mapped[int]
    hosts: Mapped[list[Any]]
    clean_runs: Mapped[int]
    failed_runs: Mapped[int]
    bound: Mapped[float] = mapped_column(Double)
    asked_bound: Mapped[float] = mapped_column(Double)
    suspended_at: Mapped[datetime | None]
    suspended_by: Mapped[str]
    suspension_reason: Mapped[str]

    __table_args__ = (
        Index(
            "uq_standard_templates_active",
            "runbook_id",
            unique=True,
            sqlite_where=text("suspended_at IS NULL"),
            postgresql_where=text("suspended_at IS NULL"),
        ),
    )


class AutonomyRow(Table):
    """One move on the ladder; the newest of a runbook counts. A change costs one rung, once."""

    __tablename__ = "autonomy_steps"

    id: Mapped[int] = mapped_column(primary_key=True)
    runbook_id: Mapped[str] = mapped_column(index=True)
    before: Mapped[str]
    level: Mapped[str]
    by: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]
    change_id: Mapped[str | None] = mapped_column(unique=True)


class CausedIncidentRow(Table):
    """The first incident that a change brought about, though it had succeeded."""

    __tablename__ = "caused_incidents"

    change_id: Mapped[str] = mapped_column(primary_key=True)
    incident_id: Mapped[str]
    at: Mapped[datetime]
    why: Mapped[str]


class AuthorshipRow(Table):
    """Who was last to change a runbook version, as git says it; one row a commit that held it."""

    __tablename__ = "runbook_authorship"

    id: Mapped[int] = mapped_column(primary_key=True)
    runbook_id: Mapped[str]
    digest: Mapped[str] = mapped_column(index=True)
    tree: Mapped[str]
    commit: Mapped[str]
    people: Mapped[list[Any]]
    unknown: Mapped[str]
    taken_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("digest", "commit", "unknown", name="uq_runbook_authorship_digest"),
    )
