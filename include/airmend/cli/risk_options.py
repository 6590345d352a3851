"""Options that the commands of `airmend risk` share, and the store that they name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the result as JSON, and nothing else.")
]


def open_store(folder: Path | None) -> ModelStore:
    """The models in a folder, or in this installation's own."""
    return ModelStore(folder or get_settings().risk_models_path)
