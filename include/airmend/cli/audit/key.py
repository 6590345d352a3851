"""`airmend audit key`: make the key of the log, show its public half, or replace it."""

from __future__ import annotations

from typing import Annotated

import typer

from airmend.audit.keys import make_keys, read_keys, replace_keys
from airmend.settings import get_settings


def key_command(
    name: Annotated[
        str, typer.Option("--name", help="Of a new log, such as example.com/airmend.")
    ] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Make a new key; the one before stays known.")
    ] = False,
) -> None:
    """Print the public key of the log; make the private one where there is none."""
    path = get_settings().audit_key_path
    if replace:
        keys = replace_keys(path)
    elif path.exists():
        keys = read_keys(path)
    else:
        keys = make_keys(path, name)
    if name and keys.signer.name != name:
        typer.echo(f"{path}: this log is called {keys.signer.name} already", err=True)
        raise typer.Exit(1)
    for verifier in keys.verifiers:
        typer.echo(str(verifier))
