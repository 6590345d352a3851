"""`airmend tickets`: what a ticket system was told, what it was not, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from airmend.cli.rule_options import records
from airmend.errors import UnknownIncidentError
from airmend.itsm.model import Ticket, TicketSystemState
from airmend.records.ticket_systems import list_systems
from airmend.records.tickets import list_tickets, retry_tickets

SHOWN = 200

app = typer.Typer(add_completion=False, help="Show what a ticket system was told, or try again.")


@app.callback(invoke_without_command=True)
def tickets_command(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="Those that need nothing, too; the newest 200.")
    ] = False,
) -> None:
    """List the tickets that are still to be told something."""
    if context.invoked_subcommand is not None:
        return
    now = datetime.now(UTC)
    with records() as database, database.session() as session:
        systems = list_systems(session)
        tickets = list_tickets(session, limit=SHOWN, open_only=not everything)
    for system in systems:
        typer.echo(_tell_system(system, now))
    for ticket in tickets:
        typer.echo(_tell(ticket, now))
    if not systems:
        typer.echo("no ticket system was told anything yet; AIRMEND_TICKETS_FILE names one")
    elif not tickets:
        typer.echo("no ticket waits to be told anything")


@app.command("retry")
def retry_command(
    subject: Annotated[
        str | None,
        typer.Argument(help="Number of the incident, change or ticket; without one, all."),
    ] = None,
) -> None:
    """Try at the next look, within a minute, whatever failed before."""
    with records() as database, database.session() as session:
        count = retry_tickets(session, subject)
    if not count and subject is not None:
        raise UnknownIncidentError(
            f"no ticket of '{subject}' waits. `airmend tickets` lists those that do"
        )
    typer.echo(f"{count} {'ticket is' if count == 1 else 'tickets are'} tried at the next look")


def _tell_system(system: TicketSystemState, now: datetime) -> str:
    if system.last_error:
        until = system.paused_until
        when = f", asked again at {_moment(until)}" if until and until > now else ""
        return f"{system.system} is away{when}: {system.last_error}"
    reached = f"reached at {_moment(system.reached_at)}" if system.reached_at else "not asked yet"
    return f"{system.system} is well, {reached}"


def _tell(ticket: Ticket, now: datetime) -> str:
    text = f"{ticket.subject_id}  {ticket.number or 'no ticket yet'}"
    text += f", told at {_moment(ticket.told_at)}" if ticket.told_at else ", told nothing yet"
    if ticket.told_stage:
        text += f": {ticket.told_stage.replace('_', ' ')}"
    if ticket.last_error:
        text += f"; {'refused' if ticket.is_refused else 'failed'}: {ticket.last_error}"
    if ticket.next_try_at and ticket.next_try_at > now and not ticket.is_settled:
        text += f"; tried again at {_moment(ticket.next_try_at)}"
    return text


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
