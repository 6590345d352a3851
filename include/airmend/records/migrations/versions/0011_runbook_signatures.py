"""Signatures of runbook versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; versions that are kept already count as unsigned until they are published."""
    op.create_table(
        "runbook_signatures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("runbook_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest", "signature", name="uq_runbook_signatures_digest"),
    )


def downgrade() -> None:
    """Undo; the files beside the runbooks hold them still."""
    op.drop_table("runbook_signatures")
