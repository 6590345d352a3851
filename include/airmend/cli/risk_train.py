"""`airmend risk train`: a model from a history of changes, or from Airmend's own records."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from airmend.change.learning.card import ModelCard
from airmend.change.learning.columns import load_mapping
from airmend.change.learning.reading import History, read_history
from airmend.cli.risk_options import (
    ColumnsOption,
    IncidentsOption,
    JsonOption,
    ModelsOption,
    label_history,
    open_store,
)


def train_command(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="A change history: .csv or .csv.gz, one row a change and configuration item. "
            "Without one, Airmend's own records.",
            show_default=False,
        ),
    ] = None,
    columns: ColumnsOption = None,
    incidents: IncidentsOption = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Learn only from changes opened before this day, to judge on the later ones.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The only source of chance.")] = 0,
    models: ModelsOption = None,
    json_output: JsonOption = False,
) -> None:
    """Fit a calibrated model, try it on later changes, and store it with its card.

    Columns that are known only after a change are refused. Nothing uses the model before
    `airmend risk use`.
    """
    if file is None:
        source, found = "the records", read_records()
    else:
        source = str(file)
        found = read_history(
            file, load_mapping(columns), strict=True, needs_outcome=incidents is None
        )
    end = until.replace(tzinfo=UTC) if until is not None else None
    found = label_history(found, incidents, until=end)
    if end is not None:
        found = replace(found, changes=[c for c in found.changes if c.opened_at < end])
    from airmend.change.learning.training import train

    card = train(
        found,
        source,
        open_store(models),
        seed=seed,
        progress=lambda text: typer.echo(f"{text} ...", err=True),
    )
    if json_output:
        typer.echo(card.model_dump_json(indent=2))
    else:
        _print(card)


def read_records() -> History:
    """The ended changes of Airmend's own records, each with the service of its incident."""
    from airmend.change.learning.prediction import history_of
    from airmend.records.database import Database
    from airmend.records.history import ended_changes
    from airmend.settings import get_settings

    database = Database(get_settings().records_url)
    try:
        with database.session() as session:
            return history_of(ended_changes(session))
    finally:
        database.close()


def _print(card: ModelCard) -> None:
    console = Console(soft_wrap=True)
    console.print(
        f"Risk model {card.version}: {card.changes} changes, {card.failures} failed. "
        "Tried on changes opened later than those it learned from:",
        highlight=False,
    )
    table = Table()
    for heading in ("From", "Learned from", "Tried on", "PR-AUC", "ROC-AUC", "Brier", "ECE"):
        table.add_column(heading, justify="left" if heading == "From" else "right")
    for window in card.windows:
        table.add_row(
            f"{window.starts_at:%Y-%m-%d}",
            str(window.train_changes),
            str(window.changes),
            f"{window.pr_auc:.3f}",
            f"{window.roc_auc:.3f}",
            f"{window.brier:.4f}",
            f"{window.ece:.4f}",
        )
    console.print(table)
    console.print(
        f"Next: airmend risk evaluate LATER.csv --model {card.version}, then "
        f"airmend risk use {card.version} --mode shadow",
        highlight=False,
    )
