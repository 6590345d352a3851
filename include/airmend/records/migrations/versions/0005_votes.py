"""Several people approve one content, with their votes; and when changes began, for budgets.

Decisions that were made before keep no votes: one person answered, and the row says who.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and columns."""
    op.add_column("changes", sa.Column("foreseen", sa.JSON(), nullable=False, server_default="{}"))
    for name in ("votes", "required"):
        op.add_column("decisions", sa.Column(name, sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "questions",
        sa.Column("change_id", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["change_id"], ["changes.id"]),
        sa.PrimaryKeyConstraint("change_id", "content_hash"),
    )
    op.create_table(
        "votes",
        sa.Column("change_id", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("approves", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["change_id"], ["changes.id"]),
        sa.PrimaryKeyConstraint("change_id", "content_hash", "person"),
    )
    op.create_table(
        "starts",
        sa.Column("change_id", sa.String(), nullable=False),
        sa.Column("runbook_id", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["change_id"], ["changes.id"]),
        sa.PrimaryKeyConstraint("change_id"),
    )
    op.create_index("ix_starts_at", "starts", ["at"])


def downgrade() -> None:
    """Undo; the single votes are forgotten, the decisions stay."""
    op.drop_table("starts")
    op.drop_table("votes")
    op.drop_table("questions")
    for name in ("votes", "required"):
        op.drop_column("decisions", name)
    op.drop_column("changes", "foreseen")
