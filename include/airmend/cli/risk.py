"""`airmend risk`: learned risk models, from a change history to their use."""

from __future__ import annotations

import typer

from airmend.cli.risk_evaluate import evaluate_command
from airmend.cli.risk_models import models_command, rollback_command, use_command
from airmend.cli.risk_train import train_command

risk_app = typer.Typer(
    help="Learn the risk of changes from a history, judge what was learned, and put it to use.",
    no_args_is_help=True,
    add_completion=False,
)
risk_app.command("train")(train_command)
risk_app.command("evaluate")(evaluate_command)
risk_app.command("models")(models_command)
risk_app.command("use")(use_command)
risk_app.command("rollback")(rollback_command)


@risk_app.callback()
def _risk() -> None:
    """Learn the risk of changes from a history, judge what was learned, and put it to use."""
