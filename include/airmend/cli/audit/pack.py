"""`airmend audit pack`: the evidence pack of an incident, as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def pack_command(
    incident: Annotated[str, typer.Argument(help="Id of the incident, INC-...")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write, a zip.")],
) -> None:
    """Write report, decisions, diffs, records and proofs of an incident to one signed file."""
    from airmend.audit.keys import read_keys
    from airmend.audit.pack import collect_records, write_pack
    from airmend.cli.rule_options import records
    from airmend.records.reports import load_incident_report
    from airmend.review.document import PostIncidentReport
    from airmend.review.rendering import render_html, render_markdown
    from airmend.settings import get_settings

    keys = read_keys(get_settings().audit_key_path)
    with records() as database, database.session() as session:
        checkpoint, sealed = collect_records(session, incident)
        document = load_incident_report(session, incident)
    texts = {}
    if document is not None:
        report = PostIncidentReport.model_validate(document)
        texts = {
            "report.json": report.canonical_json(),
            "report.md": render_markdown(report),
            "report.html": render_html(report),
        }
    write_pack(out, incident, checkpoint, sealed, texts, keys)
    typer.echo(f"{out}: {len(sealed)} records with their proofs, below {checkpoint.size} in all")
