"""Alembic's entry: it migrates over the connection that `upgrade` hands in."""

from __future__ import annotations

from alembic import context

from airmend.records import (  # noqa: F401  their tables belong to the metadata
    audit_tables,
    emergency_tables,
    guard_tables,
    people_tables,
    problem_tables,
    runbook_tables,
    signature_tables,
    standard_tables,
    suppression_tables,
    ticket_tables,
)
from airmend.records.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
