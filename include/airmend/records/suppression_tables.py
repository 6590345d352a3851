"""The tables of suppression: mutes and maintenance windows, and the log of the kill switch."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from airmend.records.tables import Table


class SuppressionRow(Table):
    """A mute or a maintenance window; written once, and ended early at most once."""

    __tablename__ = "suppressions"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    scope_kind: Mapped[str]
    scope_value: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)
    author: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str]
    end_reason: Mapped[str]


class KillSwitchRow(Table):
    """One stop or resume of all remediations; rows are added, the newest one counts."""

    __tablename__ = "kill_switch"

    id: Mapped[int] = mapped_column(primary_key=True)
    is_on: Mapped[bool]
    by: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]
