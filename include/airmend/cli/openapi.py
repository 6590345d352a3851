"""`airmend openapi`: the OpenAPI document of the webhooks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from airmend.incident.openapi import describe_hooks


def openapi_command(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write it to this file instead of the terminal."),
    ] = None,
) -> None:
    """Print the OpenAPI document of the webhooks, for whoever builds a sender."""
    text = render_openapi()
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


def render_openapi() -> str:
    """The document as the text of `docs/openapi.json`."""
    return json.dumps(describe_hooks(), indent=2, ensure_ascii=False) + "\n"
