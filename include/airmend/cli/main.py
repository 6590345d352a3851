"""The command `airmend`: each subcommand is imported when it is used.

`airmend lint` must start in a fraction of a second, so nothing is imported here that a command
may not need: the table below holds what `airmend --help` shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from airmend import __version__
from airmend.errors import AirmendError


@dataclass(frozen=True)
class Entry:
    """Where a subcommand is, and what the list of commands says of it."""

    module: str
    function: str
    summary: str


COMMANDS = {
    "lint": Entry("lint", "lint_command", "Check runbooks; needs neither Airflow nor a database."),
    "test": Entry("cases", "test_command", "Run the cases beside the runbooks."),
    "schema": Entry("schema", "schema_command", "Print the JSON Schema of runbook.yaml."),
    "openapi": Entry("openapi", "openapi_command", "Print the OpenAPI document of the webhooks."),
    "send": Entry("send", "send_command", "Send an alert from a file."),
    "report": Entry("report.command", "app", "Show reports, and add to them."),
    "close": Entry("close", "close_command", "Close an incident that a person resolved."),
    "unlock": Entry("unlock", "unlock_command", "List locked runbooks, or unlock one."),
    "problems": Entry("problems", "app", "List errors that came back, and close them."),
    "runbook": Entry("runbook", "app", "Sign runbooks, and check who signed them."),
    "standard": Entry("standard", "app", "Approve and suspend templates of standard changes."),
    "autonomy": Entry("autonomy", "app", "See how much runbooks may do, and move them."),
    "review": Entry("review", "app", "List and complete the reviews of emergency changes."),
    "mute": Entry("mute", "mute_command", "Keep automation's hands off some incidents."),
    "mutes": Entry("mute", "mutes_command", "List mutes, windows and the kill switch."),
    "unmute": Entry("mute", "unmute_command", "End a mute or a window before its time."),
    "maintenance": Entry("maintenance", "app", "List, add and check maintenance windows."),
    "calendar": Entry("calendar", "app", "Show change windows and freezes, and the next slot."),
    "stop": Entry("stop", "stop_command", "Stop all remediations: the kill switch."),
    "resume": Entry("stop", "resume_command", "Let remediations begin again after a stop."),
    "audit": Entry("audit.command", "app", "Seal, export and prove what was recorded."),
    "tickets": Entry("tickets", "app", "Show what a ticket system was told, or try again."),
    "migrate": Entry("migrate", "migrate_command", "Bring the records to this release."),
    "up": Entry("up", "up_command", "Run Airflow with Airmend until Ctrl-C."),
    "intake": Entry("intake", "intake_command", "Take webhooks in a process of its own."),
    "demo": Entry("demo.command", "demo_command", "Break a small estate and see it repaired."),
    "evaluate": Entry(
        "evaluate", "evaluate_app", "Measure how well Airmend recognises known errors and causes."
    ),
    "risk": Entry("risk", "risk_app", "Learn risk from a change history, judge it, put it to use."),
    "bench": Entry("bench", "bench_command", "Measure speed, each figure beside its floor."),
}


class LazyGroup(TyperGroup):
    """Commands that are imported when they are called, and errors that are one line."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Put the real command in the place of its entry in the list."""
        name, stub, rest = super().resolve_command(ctx, args)
        return name, load_command(name) if name is not None else stub, rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error that Airmend raises on purpose is shown without a trace."""
        try:
            return super().invoke(ctx)
        except AirmendError as error:
            typer.echo(f"airmend: {error}", err=True)
            raise typer.Exit(1) from error


def load_command(name: str) -> Any:
    """The command of this name, with its own options and help; it may be a group."""
    entry = COMMANDS[name]
    found = getattr(import_module(f"airmend.cli.{entry.module}"), entry.function)
    if isinstance(found, typer.Typer):
        return get_command(found)
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    return get_command(alone)


app = typer.Typer(
    cls=LazyGroup,
    help="Known errors repaired by Ansible, under change control, on Apache Airflow.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"airmend {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Options that go before the command."""


def _list_command(name: str, summary: str) -> None:
    @app.command(name, help=summary)
    def _stand_in() -> None:
        """Stands in the list for the command that `resolve_command` imports."""


for _name, _entry in COMMANDS.items():
    _list_command(_name, _entry.summary)
