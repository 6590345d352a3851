"""`airmend risk evaluate`: how well a model does on later changes, beside two baselines."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from airmend.change.learning.card import ModelCard
from airmend.change.learning.columns import load_mapping
from airmend.change.learning.reading import read_history
from airmend.change.learning.store import ModelStore
from airmend.cli.risk_options import (
    ColumnsOption,
    IncidentsOption,
    JsonOption,
    ModelsOption,
    label_history,
    open_store,
)
from airmend.errors import ConfigurationError

if TYPE_CHECKING:
    from airmend.change.learning.evaluation import Evaluation


def evaluate_command(
    file: Annotated[
        Path,
        typer.Argument(help="Changes with their outcomes, opened after the training data."),
    ],
    model: Annotated[
        str | None,
        typer.Option(help="Version; the one in use by default, else the one with the newest data."),
    ] = None,
    columns: ColumnsOption = None,
    incidents: IncidentsOption = None,
    models: ModelsOption = None,
    json_output: JsonOption = False,
) -> None:
    """Print PR-AUC, ROC-AUC, Brier, calibration error and the failures in the riskiest changes.

    Changes opened before the end of the training data are left out, and no outcome of the file
    is used to predict another one.
    """
    store = open_store(models)
    version = model or choose_version(store)
    history = read_history(
        file, load_mapping(columns), strict=False, needs_outcome=incidents is None
    )
    history = label_history(history, incidents, until=None)
    from airmend.change.learning.evaluation import evaluate

    loaded, card = store.load(version)
    found = evaluate(loaded, card, history, str(file))
    if json_output:
        head = asdict(found.results["model"])
        document = {"model_version": card.version, **head, **asdict(found)}
        typer.echo(json.dumps(document, indent=2))
    else:
        _print(found, card)


def choose_version(store: ModelStore) -> str:
    """The version in use, or else the one whose training data end last.

    Raises:
        ConfigurationError: There is no model at all.
    """
    if uses := store.uses():
        return uses[-1].version
    if not (cards := store.versions()):
        raise ConfigurationError(
            f"{store.folder}: holds no risk model. Make one with `airmend risk train HISTORY.csv`."
        )
    return cards[-1].version


def _print(found: Evaluation, card: ModelCard) -> None:
    console = Console(soft_wrap=True)
    figures = found.results["model"]
    console.print(
        f"Risk model {card.version} on {found.changes} changes opened after "
        f"{card.last_opened_at:%Y-%m-%d %H:%M}, {figures.failures} failed",
        highlight=False,
    )
    if found.left_out_earlier or found.left_out_unknown:
        console.print(
            f"Left out: {found.left_out_earlier} opened earlier, {found.left_out_unknown} without "
            "an outcome",
            highlight=False,
        )
    table = Table()
    table.add_column("Method")
    for heading in ("PR-AUC", "ROC-AUC", "Brier", "ECE", *figures.caught):
        table.add_column(heading, justify="right")
    for method, each in found.results.items():
        table.add_row(
            method,
            f"{each.pr_auc:.3f}",
            f"{each.roc_auc:.3f}",
            f"{each.brier:.4f}",
            f"{each.ece:.4f}",
            *(f"{share:.1%}" for share in each.caught.values()),
        )
    console.print(table)
    console.print(
        "5%, 10%, 50%: share of the failures among the riskiest 5, 10 and 50 % of the changes. "
        f"Drift of the probabilities (PSI): {found.drift_psi:.3f}",
        highlight=False,
    )
