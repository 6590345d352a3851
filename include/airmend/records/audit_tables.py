"""The tables of the audit log: what was sealed, under which hash, and the signed checkpoints.

The records themselves stay where they are; a leaf names one by kind and key. Salts have a table
of their own, since they alone are ever removed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from airmend.records.tables import Table


class LeafRow(Table):
    """One record at its place in the log; rows are added, never changed."""

    __tablename__ = "audit_leaves"

    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    key: Mapped[str]
    sealed_at: Mapped[datetime]
    hash: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (UniqueConstraint("kind", "key", name="uq_audit_leaves_kind_key"),)


class PersonalFieldRow(Table):
    """The salted hash of one personal field of a leaf; without its salt, it is erased."""

    __tablename__ = "audit_personal_fields"

    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    field: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)


class NodeRow(Table):
    """The hash of a complete subtree of 2**level leaves, for every eighth level."""

    __tablename__ = "audit_nodes"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class CheckpointRow(Table):
    """A signed checkpoint; written in the transaction that seals what it covers.

    `marks` are the highest numbers of rising keys that were seen then, `is_complete` says that
    nothing was left for the next batch. A checkpoint that was
    handed on to the file and to the anchor says when; later ones cover those that were not.
    """

    __tablename__ = "audit_checkpoints"

    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime]
    note: Mapped[str]
    marks: Mapped[dict[str, Any]]
    is_complete: Mapped[bool]
    filed_at: Mapped[datetime | None]
    anchored_at: Mapped[datetime | None]


class AuditActionRow(Table):
    """What was done to the log itself: an erasure or a pruning. It is sealed as well."""

    __tablename__ = "audit_actions"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    reason: Mapped[str]
    detail: Mapped[dict[str, Any]]
