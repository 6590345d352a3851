"""`airmend audit proof`: where the records of an incident stand in the log, and their proofs."""

from __future__ import annotations

import base64
from typing import Annotated

import typer


def proof_command(
    incident: Annotated[str, typer.Argument(help="Id of the incident, INC-...")],
) -> None:
    """Print the inclusion proofs of an incident's records, in the form of c2sp.org/tlog-proof."""
    from airmend.audit.pack import collect_records
    from airmend.cli.rule_options import records

    with records() as database, database.session() as session:
        checkpoint, sealed = collect_records(session, incident)
    for record in sealed:
        typer.echo(f"c2sp.org/tlog-proof@v1\nindex {record.position}")
        for node in record.proof or ():
            typer.echo(base64.b64encode(bytes.fromhex(node)).decode())
        typer.echo(f"\n{checkpoint.note}")
