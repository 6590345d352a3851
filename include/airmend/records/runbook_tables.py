"""The tables of runbooks: their versions, what is published of them, and which may not run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from airmend.records.tables import Table


class RunbookVersionRow(Table):
    """A runbook version by digest, with its whole folder, so that any worker can rebuild it."""

    __tablename__ = "runbook_versions"

    digest: Mapped[str] = mapped_column(primary_key=True)
    runbook_id: Mapped[str] = mapped_column(index=True)
    version: Mapped[str]
    document: Mapped[dict[str, Any]]
    archive: Mapped[bytes] = mapped_column(LargeBinary)
    stored_at: Mapped[datetime]


class CatalogRow(Table):
    """A published set of runbook versions: what one version of the DAG bundle is made of."""

    __tablename__ = "catalogs"

    version: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[dict[str, Any]]
    published_at: Mapped[datetime] = mapped_column(index=True)


class RunbookLockRow(Table):
    """A runbook that may not run until a person has looked at it."""

    __tablename__ = "runbook_locks"

    runbook_id: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    change_id: Mapped[str]
    locked_at: Mapped[datetime]
