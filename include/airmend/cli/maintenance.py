"""`airmend maintenance`: windows, from the records and from calendars.

`check` needs no records: it is for whoever edits the calendars.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from airmend.cli.mute import add_rule, tell
from airmend.cli.rule_options import (
    By,
    Everything,
    Expression,
    From,
    Length,
    Reason,
    Runbook,
    Service,
    Until,
    ask_for,
    choose_scope,
    records,
)
from airmend.errors import ConfigurationError
from airmend.incident.maintenance import Calendars, read_maintenance
from airmend.incident.model import SuppressionKind
from airmend.records.suppressions import coming_suppressions
from airmend.settings import get_settings

app = typer.Typer(
    help="List, add and check maintenance windows.", no_args_is_help=True, add_completion=False
)


@app.command("list")
def list_command() -> None:
    """List the windows that are in force or coming, for the next month; 1 with a mistake."""
    now = datetime.now(UTC)
    with records() as database, database.session() as session:
        stored = coming_suppressions(session, now)
    maintenance = read_maintenance(get_settings().maintenance_dir, now)
    windows = [rule for rule in stored if rule.kind is SuppressionKind.MAINTENANCE]
    windows += [rule for rule in maintenance.rules if rule.until > now]
    for rule in sorted(windows, key=lambda rule: (rule.starts_at, rule.id)):
        typer.echo(f"{rule.state(now):6}  {tell(rule)}")
    if not windows:
        typer.echo("no maintenance window is in force or coming")
    _conclude(maintenance.mistakes)


@app.command("add")
def add_command(
    reason: Reason,
    service: Service = "",
    runbook: Runbook = "",
    expression: Expression = "",
    everything: Everything = False,
    length: Length = "",
    until: Until = "",
    start: From = "",
    by: By = "",
) -> None:
    """Add a window to the records; `airmend unmute` ends it."""
    scope = choose_scope(service, runbook, expression, everything)
    kind = SuppressionKind.MAINTENANCE
    add_rule(ask_for(kind, scope, start=start, length=length, until=until, reason=reason, by=by))


@app.command("check")
def check_command(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of calendars; the configured one when absent.")
    ] = None,
) -> None:
    """Check the calendars of a folder, without records; 1 with a mistake."""
    path = folder or get_settings().maintenance_dir
    if path is None:
        raise ConfigurationError(
            "no folder of calendars is configured. Name one, or set AIRMEND_MAINTENANCE_DIR"
        )
    found = Calendars(path).read(datetime.now(UTC))
    if not found.mistakes:
        events = len({rule.id for rule in found.rules})
        typer.echo(f"no mistakes; {events} events have windows in the next month")
    _conclude(found.mistakes)


def _conclude(mistakes: Sequence[str]) -> None:
    for mistake in mistakes:
        typer.echo(mistake, err=True)
    if mistakes:
        raise typer.Exit(1)
