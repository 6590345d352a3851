"""`airmend risk models`, `use` and `rollback`: which model holds, and how much it may say."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from airmend.change.learning.card import Mode
from airmend.cli.risk_options import JsonOption, ModelsOption, open_store


def models_command(models: ModelsOption = None, json_output: JsonOption = False) -> None:
    """List the models, with their figures on later changes and which one is in use."""
    store = open_store(models)
    uses = store.uses()
    current = uses[-1] if uses else None
    cards = store.versions()
    if json_output:
        document = {
            "in_use": current and current.model_dump(mode="json"),
            "models": [card.model_dump(mode="json") for card in cards],
        }
        typer.echo(json.dumps(document, indent=2))
        return
    for card in cards:
        last = card.windows[-1]
        mode = f"  {current.mode.value}" if current and current.version == card.version else ""
        typer.echo(
            f"{card.version}  {card.changes} changes until {card.last_opened_at:%Y-%m-%d}, "
            f"PR-AUC {last.pr_auc:.3f}, ROC-AUC {last.roc_auc:.3f}, ECE {last.ece:.4f}{mode}"
        )
    if not cards:
        typer.echo("there is no risk model; `airmend risk train HISTORY.csv` makes one")


def use_command(
    version: Annotated[str, typer.Argument(help="A version, or its first digits.")],
    mode: Annotated[Mode, typer.Option(help="How much the model may say.")] = Mode.SHADOW,
    by: Annotated[
        str, typer.Option("--by", help="Who you are; the user of this terminal by default.")
    ] = "",
    models: ModelsOption = None,
) -> None:
    """Put a model into use: recorded only, shown, or able to raise a risk band."""
    chosen = open_store(models).use(
        version, mode, at=datetime.now(UTC), by=by.strip() or getpass.getuser()
    )
    typer.echo(f"risk model {chosen.version} is {chosen.mode.value}")


def rollback_command(models: ModelsOption = None) -> None:
    """Return to the model and the mode that were in use before."""
    before = open_store(models).roll_back()
    if before is None:
        typer.echo("no risk model is in use; the policy's rules alone decide")
    else:
        typer.echo(f"risk model {before.version} is {before.mode.value} again")
