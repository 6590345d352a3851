"""`airmend problems`: errors that came back after they were repaired, and closing them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from airmend.cli.mute import moment
from airmend.cli.rule_options import By, Reason, records, who
from airmend.errors import UnknownProblemError
from airmend.records.problems import close_problem, list_problems

app = typer.Typer(
    help="Errors that came back after they were repaired.", invoke_without_command=True
)

All = Annotated[bool, typer.Option("--all", help="Closed ones too.")]


@app.callback()
def list_command(context: typer.Context, every: All = False) -> None:
    """List the problems that are open, with the changes that did not last."""
    if context.invoked_subcommand is not None:
        return
    with records() as database, database.session() as session:
        problems = list_problems(session, closed=every)
    for problem in problems:
        end = (
            f"; closed {moment(problem.closed_at)} by {problem.closed_by}: {problem.close_reason}"
            if problem.closed_at
            else ""
        )
        changes = ", ".join(problem.changes)
        typer.echo(
            f"{problem.id}  since {moment(problem.opened_at)}  {problem.known_error_id} "
            f"({problem.runbook_id}): came back after {changes}{end}"
        )
    if not problems:
        typer.echo("no problem is on record" if every else "no problem is open")


@app.command("close")
def close_command(
    problem: Annotated[str, typer.Argument(help="Its number, as the list shows it.")],
    reason: Reason,
    by: By = "",
) -> None:
    """Close a problem whose cause is gone, and keep who said so and why."""
    with records() as database, database.session() as session:
        closed = close_problem(
            session, problem, by=who(by), reason=reason.strip(), at=datetime.now(UTC)
        )
    if closed is None:
        raise UnknownProblemError(f"no problem '{problem}' is open. `airmend problems` lists them")
    typer.echo(f"{closed.id} is closed; it came back after {', '.join(closed.changes)}")
