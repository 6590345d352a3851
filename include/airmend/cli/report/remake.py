"""`airmend report remake`: the report of a change once more, from the records as they are now."""

from __future__ import annotations

from typing import Annotated

import typer

from airmend.cli.report.finding import no_report, read_report_policy, remake
from airmend.cli.rule_options import records
from airmend.settings import get_settings


def remake_command(
    incident_or_change: Annotated[str, typer.Argument(help="Id of an incident or a change.")],
) -> None:
    """Make a report again: what was sealed, stated or set in the policy since is in it then."""
    policy = read_report_policy()
    with records() as database:
        report = remake(database, get_settings(), policy, incident_or_change)
    if report is None:
        raise no_report(incident_or_change)
    typer.echo(f"the report of {report.incident.id} is made again")
