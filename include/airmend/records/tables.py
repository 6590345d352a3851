"""The tables of Airmend's own records; Alembic's migrations create them.

Owns columns, keys and the uniqueness that makes intake and execution safe to repeat.
Times are aware UTC on both databases.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, DateTime, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite keeps no zone, so it is put back when read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time; store the others as UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be recorded; pass an aware datetime")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the time back as aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    """Root of the tables."""

    type_annotation_map: ClassVar = {dict[str, Any]: JSON, list[Any]: JSON, datetime: UtcDateTime}


class DeliveryRow(Table):
    """One webhook call that was believed; its answer is kept, so that a repeat gets the same."""

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]
    key: Mapped[str]  # the sender's delivery id, or the digest of the body
    received_at: Mapped[datetime]
    body_sha256: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    answer: Mapped[dict[str, Any] | None]

    __table_args__ = (UniqueConstraint("source", "key", name="uq_deliveries_source_key"),)


class RejectionCountRow(Table):
    """How often a source was turned away, by reason; nothing else of such a call is kept."""

    __tablename__ = "rejection_counts"

    source: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime]


class AlertRow(Table):
    """One alert of one delivery."""

    __tablename__ = "alerts"

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id"), index=True)
    incident_id: Mapped[str | None] = mapped_column(ForeignKey("incidents.id"), index=True)
    fingerprint: Mapped[str] = mapped_column(index=True)
    status: Mapped[str]
    document: Mapped[dict[str, Any]]  # the canonical Alert


class IncidentRow(Table):
    """One incident; its fingerprint is that of its primary alert."""

    __tablename__ = "incidents"

    id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    fingerprint: Mapped[str]
    name: Mapped[str]
    status: Mapped[str] = mapped_column(index=True)
    severity: Mapped[str]
    service: Mapped[str | None] = mapped_column(index=True)
    host: Mapped[str | None]
    summary: Mapped[str]
    description: Mapped[str]
    labels: Mapped[dict[str, Any]]
    annotations: Mapped[dict[str, Any]]
    link: Mapped[str | None]
    started_at: Mapped[datetime | None]
    opened_at: Mapped[datetime] = mapped_column(index=True)
    recovered_at: Mapped[datetime | None]  # the sender said that it is over
    closed_at: Mapped[datetime | None]
    alert_count: Mapped[int]
    rejections: Mapped[list[Any]]
    suppression: Mapped[dict[str, Any] | None]
    suggestions: Mapped[list[Any]] = mapped_column(server_default="[]")


class IncidentMemberRow(Table):
    """One fingerprint of one incident; at most one open one a fingerprint, in all incidents.

    `id` rises with the order in which members came, since intake stores one batch at a time.
    """

    __tablename__ = "incident_members"

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incidents.id"), index=True)
    fingerprint: Mapped[str]
    source: Mapped[str]
    name: Mapped[str]
    service: Mapped[str | None]
    host: Mapped[str | None]
    labels: Mapped[dict[str, Any]]
    is_primary: Mapped[bool]
    is_open: Mapped[bool]
    is_firing: Mapped[bool]
    started_at: Mapped[datetime | None]
    fired_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    alert_count: Mapped[int]
    firings: Mapped[list[Any]]
    evidence: Mapped[list[Any]]

    __table_args__ = (
        Index("ix_incident_members_fingerprint", "fingerprint", "id"),
        Index(
            "uq_incident_members_open_fingerprint",
            "fingerprint",
            unique=True,
            sqlite_where=text("is_open"),
            postgresql_where=text("is_open"),
        ),
    )


class ChangeRow(Table):
    """One change; its run id is unique, so that a second start is recognised."""

    __tablename__ = "changes"

    id: Mapped[str] = mapped_column(primary_key=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incidents.id"), index=True)
    runbook_id: Mapped[str] = mapped_column(index=True)
    runbook_version: Mapped[str]
    runbook_digest: Mapped[str]
    change_type: Mapped[str]
    status: Mapped[str] = mapped_column(index=True)
    reason: Mapped[str]
    dag_id: Mapped[str]
    run_id: Mapped[str] = mapped_column(unique=True)
    run_created_at: Mapped[datetime | None]  # empty until Airflow has the run: the outbox
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    inputs: Mapped[dict[str, Any]]
    targets: Mapped[list[Any]]
    risk: Mapped[dict[str, Any] | None]
    foreseen: Mapped[dict[str, Any]] = mapped_column(server_default="{}")


class DecisionRow(Table):
    """The one decision of a change."""

    __tablename__ = "decisions"

    change_id: Mapped[str] = mapped_column(ForeignKey("changes.id"), primary_key=True)
    verdict: Mapped[str]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime]
    asked_at: Mapped[datetime]
    basis: Mapped[str]
    comment: Mapped[str]
    content_hash: Mapped[str]
    votes: Mapped[list[Any]] = mapped_column(server_default="[]")
    required: Mapped[list[Any]] = mapped_column(server_default="[]")


class QuestionRow(Table):
    """One content of one change that people were asked about; asked once, whoever asks again."""

    __tablename__ = "questions"

    change_id: Mapped[str] = mapped_column(ForeignKey("changes.id"), primary_key=True)
    content_hash: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]]
    asked_at: Mapped[datetime]


class VoteRow(Table):
    """One answer of one person about one content; the first stands."""

    __tablename__ = "votes"

    change_id: Mapped[str] = mapped_column(ForeignKey("changes.id"), primary_key=True)
    content_hash: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(primary_key=True)
    approves: Mapped[bool]
    at: Mapped[datetime]
    comment: Mapped[str]


class ExecutionRow(Table):
    """One piece of work; the row is claimed before the work starts and fenced by its owner."""

    __tablename__ = "executions"

    id: Mapped[int] = mapped_column(primary_key=True)
    change_id: Mapped[str] = mapped_column(ForeignKey("changes.id"), index=True)
    phase: Mapped[str]
    name: Mapped[str]
    attempt: Mapped[int]
    status: Mapped[str]
    task_id: Mapped[str]
    owner: Mapped[str]  # who works on it: host, process and a random part
    seen_at: Mapped[datetime]  # the owner's last sign of life
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    playbook: Mapped[dict[str, Any] | None]
    verification: Mapped[dict[str, Any] | None]

    __table_args__ = (
        UniqueConstraint("change_id", "phase", "name", "attempt", name="uq_executions_attempt"),
    )


class StartRow(Table):
    """When a change began to be worked on."""

    __tablename__ = "starts"

    change_id: Mapped[str] = mapped_column(ForeignKey("changes.id"), primary_key=True)
    runbook_id: Mapped[str]
    service: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)


class LeaseRow(Table):
    """Which change may work on a target, and until when."""

    __tablename__ = "leases"

    target: Mapped[str] = mapped_column(primary_key=True)
    change_id: Mapped[str] = mapped_column(index=True)
    acquired_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class LedgerRow(Table):
    """One fact of the story of an incident; rows are added, never changed."""

    __tablename__ = "ledger"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    incident_id: Mapped[str] = mapped_column(ForeignKey("incidents.id"), index=True)
    change_id: Mapped[str | None] = mapped_column(index=True)
    kind: Mapped[str]
    text: Mapped[str]
    evidence: Mapped[dict[str, Any]]


class ReportRow(Table):
    """The canonical report of a change, as JSON."""

    __tablename__ = "reports"

    change_id: Mapped[str] = mapped_column(ForeignKey("changes.id"), primary_key=True)
    incident_id: Mapped[str] = mapped_column(index=True)
    made_at: Mapped[datetime] = mapped_column(index=True)
    document: Mapped[dict[str, Any]]
