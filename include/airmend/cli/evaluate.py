"""`airmend evaluate`: how well Airmend recognises things, measured on data that you name."""

from __future__ import annotations

import typer

from airmend.cli.evaluate_matching import matching_command
from airmend.cli.evaluate_storm import storm_command

evaluate_app = typer.Typer(
    help="Measure how well Airmend recognises things, beside plain ways of doing it.",
    no_args_is_help=True,
    add_completion=False,
)
evaluate_app.command("matching")(matching_command)
evaluate_app.command("storm")(storm_command)


@evaluate_app.callback()
def _evaluate() -> None:
    """Measure how well Airmend recognises things, beside plain ways of doing it."""
