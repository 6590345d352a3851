"""Members of incidents: several fingerprints may belong to one, each with its own life.

Every incident that is there gets its primary alert as its only member. The unique index of the
open fingerprint moves from incidents to members.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OPEN_BEFORE = "'escalated', 'remediating', 'suppressed', 'unmatched'"


def upgrade() -> None:
    """Apply."""
    # no batch mode here: it makes the table anew, and SQLite checks the rows that refer to it
    op.drop_index("uq_incidents_open_fingerprint", "incidents")
    op.add_column("incidents", sa.Column("suppression", sa.JSON(), nullable=True))
    op.add_column(
        "incidents", sa.Column("suggestions", sa.JSON(), nullable=False, server_default="[]")
    )
    op.create_table(
        "incident_members",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=True),
        sa.Column("host", sa.String(), nullable=True),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("is_firing", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alert_count", sa.Integer(), nullable=False),
        sa.Column("firings", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute(
        sa.text(
            "INSERT INTO incident_members (incident_id, fingerprint, source, name, service, host, "
            "labels, is_primary, is_open, is_firing, started_at, fired_at, resolved_at, "
            "alert_count, firings, evidence) "
            "SELECT id, fingerprint, source, name, service, host, labels, true, "
            "status IN ('escalated', 'remediating', 'suppressed', 'unmatched'), "
            "recovered_at IS NULL, started_at, opened_at, recovered_at, alert_count, '[]', '[]' "
            "FROM incidents ORDER BY opened_at, id"
        )
    )
    op.create_index("ix_incident_members_incident_id", "incident_members", ["incident_id"])
    op.create_index("ix_incident_members_fingerprint", "incident_members", ["fingerprint", "id"])
    op.create_index(
        "uq_incident_members_open_fingerprint",
        "incident_members",
        ["fingerprint"],
        unique=True,
        sqlite_where=sa.text("is_open"),
        postgresql_where=sa.text("is_open"),
    )


def downgrade() -> None:
    """Undo; which alerts had joined an incident is forgotten."""
    op.drop_table("incident_members")
    op.drop_column("incidents", "suggestions")
    op.drop_column("incidents", "suppression")
    op.create_index(
        "uq_incidents_open_fingerprint",
        "incidents",
        ["fingerprint"],
        unique=True,
        sqlite_where=sa.text(f"status IN ({OPEN_BEFORE})"),
        postgresql_where=sa.text(f"status IN ({OPEN_BEFORE})"),
    )
