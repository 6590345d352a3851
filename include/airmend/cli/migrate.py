"""`airmend migrate`: bring the records to this release, before anything else starts."""

from __future__ import annotations

import typer

from airmend.records.database import Database
from airmend.settings import get_settings


def migrate_command() -> None:
    """Bring the records to this release."""
    database = Database(get_settings().records_url)
    try:
        database.migrate()
    finally:
        database.close()
    typer.echo(f"The records are up to date: {database.url.render_as_string()}")
