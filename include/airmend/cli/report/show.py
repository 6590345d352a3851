"""`airmend report [show]`: list the reports, or print or save one of them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.exc import ProgrammingError

from airmend.cli.report.finding import write_out
from airmend.errors import StoreUnavailableError
from airmend.records.database import Database
from airmend.records.reports import list_reports, load_incident_report, load_report
from airmend.review.document import PostIncidentReport
from airmend.review.rendering import render_html, render_markdown
from airmend.review.wording import make_printable, word_time
from airmend.settings import get_settings

LISTED = 50


class Format(StrEnum):
    """The forms of a report."""

    MD = "md"
    JSON = "json"
    HTML = "html"


def show_command(
    incident_or_change: Annotated[
        str | None,
        typer.Argument(help="Id of an incident or a change; without one, all are listed."),
    ] = None,
    form: Annotated[Format, typer.Option("--format", "-f", help="Form of the report.")] = Format.MD,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write it to this file instead of the terminal."),
    ] = None,
) -> None:
    """Show a post-incident report, or list them newest first."""
    database = Database(get_settings().records_url)
    try:
        if incident_or_change is None:
            _print_list(database)
        else:
            _show(database, incident_or_change, form, output)
    except (StoreUnavailableError, ProgrammingError) as error:  # PostgreSQL: no such table
        fact = str(error.orig if isinstance(error, ProgrammingError) else error).splitlines()[0]
        typer.echo(f"{fact}. Is AIRMEND_DATABASE_URL right, and are the tables made?", err=True)
        raise typer.Exit(2) from error
    finally:
        database.close()


def _show(database: Database, name: str, form: Format, output: Path | None) -> None:
    document = _find(database, name)
    if document is None:
        typer.echo(
            f"there is no report of '{name}'; `airmend report` lists those that there are", err=True
        )
        raise typer.Exit(1)
    report = PostIncidentReport.model_validate(document)
    if form is Format.JSON:
        text = report.canonical_json()
    else:
        text = render_html(report) if form is Format.HTML else render_markdown(report)
    write_out(text, output)


def _find(database: Database, name: str) -> dict[str, Any] | None:
    with database.session() as session:
        return load_report(session, name) or load_incident_report(session, name)


def _print_list(database: Database) -> None:
    with database.session() as session:
        reports = list_reports(session, limit=LISTED)
    if not reports:
        typer.echo("no report has been written yet")
        return
    for report in reports:
        outcome = (report.outcome or "").replace("_", " ")
        line = (
            f"{word_time(report.made_at)}  {report.incident_id:<24}  {report.change_id:<24}  "
            f"{outcome:<15}  {report.incident_name or ''}"
        )
        typer.echo(make_printable(line))
