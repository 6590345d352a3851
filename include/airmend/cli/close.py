"""`airmend close`: a person says that an incident is over, and why."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer

from airmend.errors import UnknownIncidentError
from airmend.incident.model import IncidentStatus
from airmend.records.database import Database
from airmend.records.incidents import close_incident
from airmend.settings import get_settings


def close_command(
    incident: Annotated[str, typer.Argument(help="Id of the incident, INC-...")],
    reason: Annotated[str, typer.Option("--reason", help="How it was resolved; for the record.")],
    by: Annotated[
        str, typer.Option("--by", help="Who you are; the user of this terminal by default.")
    ] = "",
) -> None:
    """Close an incident that a person resolved; the same alert opens a new one afterwards."""
    if not reason.strip():
        raise typer.BadParameter("say how it was resolved: --reason 'disk replaced'")
    database = Database(get_settings().records_url)
    try:
        with database.session() as session:
            before = close_incident(
                session,
                incident,
                by=by.strip() or getpass.getuser(),
                reason=reason.strip(),
                at=datetime.now(UTC),
            )
    finally:
        database.close()
    if before is None:
        raise UnknownIncidentError(f"there is no incident '{incident}'. The overview lists them")
    if before is IncidentStatus.REMEDIATING:
        typer.echo(f"{incident} is being remediated; reject or stop its change first", err=True)
        raise typer.Exit(1)
    typer.echo(f"{incident} is closed" if before.is_open else f"{incident} was {before} already")
