"""What a ticket system was told. Incidents that were opened before are not told to one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "tickets",
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("incident_id", sa.String(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("intended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_facts", sa.JSON(), nullable=False),
        sa.Column("told_version", sa.String(), nullable=False),
        sa.Column("told_stage", sa.String(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_settled", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_refused", sa.Boolean(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("system", "subject_id"),
    )
    op.create_index("ix_tickets_incident_id", "tickets", ["incident_id"])
    op.create_index("ix_tickets_is_settled", "tickets", ["is_settled"])
    op.create_table(
        "ticket_systems",
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fact_mark", sa.Integer(), nullable=False),
        sa.Column("held_by", sa.String(), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("system"),
    )


def downgrade() -> None:
    """Undo; the tickets stay where they are, and their numbers in the story."""
    op.drop_table("ticket_systems")
    op.drop_table("tickets")
