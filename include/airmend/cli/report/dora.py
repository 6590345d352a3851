"""`airmend report dora`: the annex for the authority, as of now."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from airmend.cli.report.finding import find_latest_change, read_report_policy, write_out
from airmend.cli.rule_options import records
from airmend.errors import UnknownIncidentError
from airmend.records.incidents import find_incident
from airmend.review.context import gather_context
from airmend.review.dora.annex import build_annex
from airmend.review.facts import gather_facts, gather_incident_facts
from airmend.review.model import ReportFacts
from airmend.review.rendering import render_annex
from airmend.review.report import settle


class AnnexFormat(StrEnum):
    """The forms of the annex."""

    MD = "md"
    JSON = "json"


def dora_command(
    incident: Annotated[str, typer.Argument(help="Id of an incident, or of a change for it.")],
    form: Annotated[
        AnnexFormat, typer.Option("--format", "-f", help="Form of the annex.")
    ] = AnnexFormat.MD,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write it to this file instead of the terminal."),
    ] = None,
) -> None:
    """Print the DORA annex of an incident: deadlines, and what records can say in each field."""
    policy = read_report_policy()
    with records() as database, database.session() as session:
        facts = settle(_gather(session, incident))
        dora, zone = policy.report.dora, policy.zone
        context = gather_context(session, facts, dora=dora, zone=zone)
    now = datetime.now(UTC)
    annex = build_annex(facts, dora, zone=zone, as_of=now, recurrence=context.recurrence)
    if form is AnnexFormat.MD:
        text = render_annex(annex)
    else:
        document = annex.model_dump(mode="json")
        text = json.dumps(document, sort_keys=True, ensure_ascii=False, indent=2) + "\n"
    write_out(text, output)


def _gather(session: Session, name: str) -> ReportFacts:
    change = find_latest_change(session, name)
    if change is not None:
        return gather_facts(session, change.id)
    if find_incident(session, name) is None:
        raise UnknownIncidentError(f"there is no incident '{name}'. The overview lists them")
    return gather_incident_facts(session, name)
