"""Options that the commands of `airmend risk` share, and the store that they name."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from airmend.change.learning.incidents import label_by_incidents, read_incidents
from airmend.change.learning.reading import History
from airmend.change.learning.store import ModelStore
from airmend.settings import get_settings

ModelsOption = Annotated[
    Path | None,
    typer.Option(
        "--models",
        help="Folder of the models; `risk-models` below Airmend's home by default.",
        show_default=False,
    ),
]
ColumnsOption = Annotated[
    Path | None,
    typer.Option(
        "--columns", help="YAML with the names of your columns, where they are not the usual ones."
    ),
]
IncidentsOption = Annotated[
    Path | None,
    typer.Option(
        "--incidents",
        help="Incidents that name the change they belong to, .csv or .csv.gz: a change that "
        "brought one about counts as failed.",
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the result as JSON, and nothing else.")
]


def label_history(history: History, incidents: Path | None, *, until: datetime | None) -> History:
    """A change history with what a list of incidents says of outcomes; without one, as it is.

    Args:
        history: As it was read.
        incidents: The list; None where none was named.
        until: Where training ends; None where it has no end.
    """
    if incidents is None:
        return history
    labelled = label_by_incidents(history.changes, read_incidents(incidents), until=until)
    return replace(history, changes=labelled)


def open_store(folder: Path | None) -> ModelStore:
    """The models in a folder, or in this installation's own."""
    return ModelStore(folder or get_settings().risk_models_path)
