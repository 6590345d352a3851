"""Alembic's migrations of the records, applied at start-up."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

LOCK_NUMBER = 0x41726D64
"""Of the advisory lock that lets one process migrate a PostgreSQL database at a time."""


def upgrade(engine: Engine) -> None:
    """Apply what is missing, in one transaction that holds a lock.

    Several processes may start at once: on SQLite the transaction takes the write lock when
    it begins, on PostgreSQL an advisory lock is held; whoever comes second finds nothing to do.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with engine.begin() as connection:
        _lock(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": LOCK_NUMBER})
