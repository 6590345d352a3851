"""Problems: errors that came back after they were repaired."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "problems",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("runbook_id", sa.String(), nullable=False),
        sa.Column("known_error_id", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=False),
        sa.Column("close_reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "uq_problems_open_runbook",
        "problems",
        ["runbook_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "recurrences",
        sa.Column("change_id", sa.String(), nullable=False),
        sa.Column("incident_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("problem_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["change_id"], ["changes.id"]),
        sa.ForeignKeyConstraint(["problem_id"], ["problems.id"]),
        sa.PrimaryKeyConstraint("change_id"),
    )
    op.create_index("ix_recurrences_problem_id", "recurrences", ["problem_id"])


def downgrade() -> None:
    """Undo; the story of each incident still tells of them."""
    op.drop_table("recurrences")
    op.drop_table("problems")
