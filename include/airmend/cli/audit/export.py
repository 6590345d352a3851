"""`airmend audit export`: the whole log as one file, to be verified anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export_command(
    file: Annotated[Path, typer.Argument(help="The file to write, a zip.")],
) -> None:
    """Write the whole log, its checkpoints and its public keys to a file."""
    from airmend.audit.export import write_export
    from airmend.audit.keys import read_keys
    from airmend.audit.reading import read_log
    from airmend.audit.store import list_checkpoints
    from airmend.cli.rule_options import records
    from airmend.errors import AuditError
    from airmend.settings import get_settings

    keys = read_keys(get_settings().audit_key_path).verifiers
    with records() as database:
        with database.session() as session:
            checkpoints = list_checkpoints(session)
        if not checkpoints:
            raise AuditError("nothing is sealed yet. Run `airmend audit seal`")
        size = checkpoints[-1].size
        write_export(file, read_log(database, size), checkpoints, keys)
    typer.echo(f"{file}: {size} records of the log {checkpoints[-1].name}")
