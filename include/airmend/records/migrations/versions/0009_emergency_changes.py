"""What people start by hand: their requests, and the reviews that emergency changes owe."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "hand_requests",
        sa.Column("change_id", sa.String(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("is_emergency", sa.Boolean(), nullable=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.Column("unmet", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["change_id"], ["changes.id"]),
        sa.PrimaryKeyConstraint("change_id"),
    )
    op.create_table(
        "reviews",
        sa.Column("change_id", sa.String(), nullable=False),
        sa.Column("runbook_id", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("notes", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["change_id"], ["changes.id"]),
        sa.PrimaryKeyConstraint("change_id"),
    )
    op.create_index(
        "ix_reviews_open",
        "reviews",
        ["runbook_id", "due_at"],
        sqlite_where=sa.text("reviewed_at IS NULL"),
        postgresql_where=sa.text("reviewed_at IS NULL"),
    )


def downgrade() -> None:
    """Undo; who started what by hand stays in the story, the reviews are forgotten."""
    op.drop_index("ix_reviews_open", table_name="reviews")
    op.drop_table("reviews")
    op.drop_table("hand_requests")
