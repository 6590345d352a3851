"""`airmend audit verify`: is the log what was sealed? From a file alone, or of the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from airmend.audit.checkpoints import Checkpoint, read_checkpoint_file
from airmend.audit.export import check_manifest, open_export
from airmend.audit.notes import Verifier, read_verifier
from airmend.audit.verification import Verdict, verify_log, verify_pack

SHOWN = 20
"""Findings that are printed; the first one says where to begin."""


def verify_command(
    export: Annotated[
        Path | None, typer.Argument(help="An export or a pack; without one, the database.")
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option("--key", help="A public key that is trusted, or a file of them; repeatable."),
    ] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", help="A file of checkpoints kept elsewhere; repeatable."),
    ] = None,
) -> None:
    """Hash every record again, and compare the tree with every checkpoint; 1 when one differs."""
    trusted = [verifier for text in key or () for verifier in _read_keys(text)]
    elsewhere = [each for path in checkpoint or () for each in read_checkpoint_file(path)]
    if export is None:
        from airmend.cli.audit.verify_database import verify_database

        verdict = verify_database(trusted, elsewhere)
    else:
        verdict = _verify_file(export, trusted, elsewhere)
    _print(verdict)
    if verdict.findings:
        raise typer.Exit(1)


def _verify_file(path: Path, trusted: list[Verifier], elsewhere: list[Checkpoint]) -> Verdict:
    opened = open_export(path)
    if not trusted:
        typer.echo("no --key was given, so the keys of the file are believed. They are:", err=True)
        for verifier in opened.keys:
            typer.echo(f"  {verifier}", err=True)
    if opened.is_pack:
        (checkpoint,) = opened.checkpoints
        verdict = verify_pack(opened.records(), checkpoint, trusted or opened.keys, elsewhere)
        for text in check_manifest(opened, trusted or opened.keys):
            verdict.add(None, text)
        return verdict
    return verify_log(opened.records(), opened.checkpoints, trusted or opened.keys, elsewhere)


def _read_keys(text: str) -> list[Verifier]:
    path = Path(text)
    if "+" not in text and path.is_file():
        return [read_verifier(line) for line in path.read_text(encoding="utf-8").split()]
    return [read_verifier(text)]


def _print(verdict: Verdict) -> None:
    typer.echo(f"{verdict.records} records; the tree fits {verdict.compared} checkpoints")
    if verdict.checkpoint:
        typer.echo(f"size  {verdict.checkpoint.size}\nroot  {verdict.checkpoint.root.hex()}")
    if verdict.signed_by:
        typer.echo(f"signed by {verdict.signed_by}")
    if verdict.erased:
        typer.echo(f"{verdict.erased} personal fields are erased; their salted hashes are intact")
    if verdict.pruned:
        typer.echo(f"{verdict.pruned} records are pruned; their hashes are intact")
    for finding in verdict.findings[:SHOWN]:
        typer.echo(finding.text, err=True)
    if len(verdict.findings) > SHOWN:
        typer.echo(f"and {len(verdict.findings) - SHOWN} more", err=True)
    typer.echo("THE LOG WAS TOUCHED" if verdict.findings else "the log is what was sealed")
