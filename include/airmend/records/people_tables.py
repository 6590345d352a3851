"""The tables of whom to ask: what people are told of a question, and who has which role."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from airmend.records.tables import Table


class NoticeRow(Table):
    """People are to be told of a question; written before anybody is, once a number."""

    __tablename__ = "approval_notices"

    change_id: Mapped[str] = mapped_column(ForeignKey("changes.id"), primary_key=True)
    content_hash: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    occasion: Mapped[str]
    rule: Mapped[str]
    due_at: Mapped[datetime]
    at: Mapped[datetime]
    begun: Mapped[dict[str, Any]]  # notifier -> how often it was begun
    done: Mapped[list[Any]]  # notifiers that have sent it, or failed
    told_at: Mapped[datetime | None]  # when no notifier was left


class RoleSnapshotRow(Table):
    """Accounts and roles of Airflow, as its API server saw them last; one row, written over."""

    __tablename__ = "role_snapshots"

    name: Mapped[str] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime]
    ids: Mapped[dict[str, Any]]
    roles: Mapped[dict[str, Any]]
