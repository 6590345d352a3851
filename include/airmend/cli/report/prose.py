"""`airmend report prose`: ask a language model for a text about a report, and check it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Annotated

import typer

from airmend.cli.report.finding import (
    find_reported_change,
    no_report,
    read_report_policy,
    remake,
)
from airmend.cli.rule_options import records
from airmend.errors import ConfigurationError
from airmend.records.reports import load_report
from airmend.review.document import PostIncidentReport
from airmend.review.prose.endpoint import ChatEndpoint
from airmend.review.prose.writing import write_prose
from airmend.settings import get_settings


def prose_command(
    incident_or_change: Annotated[str, typer.Argument(help="Id of an incident or a change.")],
) -> None:
    """Add a text of a language model to a report, where it holds nothing but recorded facts."""
    settings, policy = get_settings(), read_report_policy()
    if not settings.prose_url or not settings.prose_model:
        raise ConfigurationError(
            "no language model is set up. Set AIRMEND_PROSE_URL and AIRMEND_PROSE_MODEL"
        )
    model = ChatEndpoint(
        settings.prose_url,
        settings.prose_model,
        os.environ.get("AIRMEND_PROSE_KEY", ""),
        timeout_seconds=settings.prose_timeout_seconds,
    )
    with records() as database:
        with database.session() as session:
            change = find_reported_change(session, incident_or_change)
            document = load_report(session, change.id) if change else None
        if change is None or document is None:
            raise no_report(incident_or_change)
        report = PostIncidentReport.model_validate(document)
        prose = write_prose(report, model, now=lambda: datetime.now(UTC))
        made = remake(database, settings, policy, change.id, prose)
    kept = made.prose if made else prose
    if kept is not None and kept.state == "accepted":
        typer.echo(kept.text)
        return
    typer.echo(f"the text of {prose.model} is rejected:", err=True)
    for problem in kept.problems if kept else prose.problems:
        typer.echo(f"  {problem}", err=True)
    raise typer.Exit(1)
