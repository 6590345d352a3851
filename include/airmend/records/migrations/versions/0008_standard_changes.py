"""Templates of standard changes, the ladder of autonomy, caused incidents, authors from git."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables. There is no template yet: standard changes ask people until there is."""
    at = sa.DateTime(timezone=True)
    op.create_table(
        "standard_templates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("runbook_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.Column("approved_at", at, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("max_hosts", sa.Integer(), nullable=False),
        sa.Column("hosts", sa.JSON(), nullable=False),
        sa.Column("clean_runs", sa.Integer(), nullable=False),
        sa.Column("failed_runs", sa.Integer(), nullable=False),
        sa.Column("bound", sa.Double(), nullable=False),
        sa.Column("asked_bound", sa.Double(), nullable=False),
        sa.Column("suspended_at", at, nullable=True),
        sa.Column("suspended_by", sa.String(), nullable=False),
        sa.Column("suspension_reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_standard_templates_runbook_id", "standard_templates", ["runbook_id"])
    active = sa.text("suspended_at IS NULL")
    op.create_index(
        "uq_standard_templates_active",
        "standard_templates",
        ["runbook_id"],
        unique=True,
        sqlite_where=active,
        postgresql_where=active,
    )
    op.create_table(
        "autonomy_steps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("runbook_id", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", at, nullable=False),
        sa.Column("change_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("change_id"),
    )
    op.create_index("ix_autonomy_steps_runbook_id", "autonomy_steps", ["runbook_id"])
    op.create_table(
        "caused_incidents",
        sa.Column("change_id", sa.String(), nullable=False),
        sa.Column("incident_id", sa.String(), nullable=False),
        sa.Column("at", at, nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("change_id"),
    )
    op.create_table(
        "runbook_authorship",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("runbook_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("tree", sa.String(), nullable=False),
        sa.Column("commit", sa.String(), nullable=False),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.Column("unknown", sa.String(), nullable=False),
        sa.Column("taken_at", at, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest", "commit", "unknown", name="uq_runbook_authorship_digest"),
    )
    op.create_index("ix_runbook_authorship_digest", "runbook_authorship", ["digest"])


def downgrade() -> None:
    """Undo; templates, rungs and authors are forgotten."""
    for name in ("runbook_authorship", "caused_incidents", "autonomy_steps", "standard_templates"):
        op.drop_table(name)
