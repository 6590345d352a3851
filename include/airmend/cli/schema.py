"""`airmend schema`: the JSON Schema of `runbook.yaml`, for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from airmend.runbook.schema import runbook_schema


def schema_command(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write it to this file instead of the terminal."),
    ] = None,
) -> None:
    """Print the JSON Schema of runbook.yaml, for editors that check while you type."""
    text = render_schema()
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


def render_schema() -> str:
    """The schema as the text of `docs/runbook.schema.json`."""
    return json.dumps(runbook_schema(), indent=2, ensure_ascii=False) + "\n"
