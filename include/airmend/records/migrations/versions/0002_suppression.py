"""Mutes, maintenance windows, the kill switch, and incidents that are held back by them.

A suppressed incident is open: the index that keeps one open incident a fingerprint counts it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INDEX = "uq_incidents_open_fingerprint"
OPEN_BEFORE = "status IN ('escalated', 'remediating', 'unmatched')"
OPEN = "status IN ('escalated', 'remediating', 'suppressed', 'unmatched')"


def upgrade() -> None:
    """Apply."""
    _count_as_open(OPEN)
    op.create_table(
        "suppressions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("scope_kind", sa.String(), nullable=False),
        sa.Column("scope_value", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=False),
        sa.Column("end_reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_suppressions_ends_at", "suppressions", ["ends_at"])
    op.create_table(
        "kill_switch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    """Undo; what is held back becomes a person's, and who muted what is forgotten."""
    op.execute("UPDATE incidents SET status = 'escalated' WHERE status = 'suppressed'")
    op.drop_table("kill_switch")
    op.drop_index("ix_suppressions_ends_at", "suppressions")
    op.drop_table("suppressions")
    _count_as_open(OPEN_BEFORE)


def _count_as_open(condition: str) -> None:
    op.drop_index(INDEX, "incidents")
    op.create_index(
        INDEX,
        "incidents",
        ["fingerprint"],
        unique=True,
        sqlite_where=sa.text(condition),
        postgresql_where=sa.text(condition),
    )
