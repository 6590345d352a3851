"""What the commands of `airmend report` have in common: which change is meant, and its report."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import typer
from sqlalchemy.orm import Session

from airmend.change.model import ChangeRequest
from airmend.change.policy import Policy, load_policy
from airmend.errors import UnknownIncidentError
from airmend.records.changes import change_of_incident, find_change
from airmend.records.database import Database
from airmend.records.reports import latest_reported, load_report
from airmend.review.annexes import Prose
from airmend.review.document import PostIncidentReport
from airmend.review.saving import save_report
from airmend.review.writing import write_up
from airmend.settings import Settings, get_settings


def find_reported_change(session: Session, name: str) -> ChangeRequest | None:
    """The change with this id, or the latest one with a report of the incident with this id."""
    change_id = latest_reported(session, name) or name
    return find_change(session, change_id)


def find_latest_change(session: Session, name: str) -> ChangeRequest | None:
    """The change with this id, or the latest one of the incident with this id."""
    return find_change(session, name) or change_of_incident(session, name)


def read_report_policy() -> Policy:
    """The policy of this installation.

    Raises:
        ConfigurationError: The file is named and cannot be used.
    """
    return load_policy(get_settings().policy_file)


def remake(
    database: Database, settings: Settings, policy: Policy, name: str, prose: Prose | None = None
) -> PostIncidentReport | None:
    """Make the report of an ended change again, in the records and as files.

    Args:
        database: The records.
        settings: Of this installation.
        policy: Its policy.
        name: Id of an incident or a change.
        prose: A new text for it.

    Returns:
        The report; None where there is none to make again: no change, or none that has ended.
    """
    with database.session() as session:
        change = find_reported_change(session, name)
        if change is None or load_report(session, change.id) is None:
            return None
        report = write_up(
            session,
            change.id,
            made_at=datetime.now(UTC),
            base_url=settings.base_url,
            dora=policy.report.dora,
            zone=policy.zone,
            prose=prose,
        )
        is_latest = latest_reported(session, change.incident_id) == change.id
    save_report(report, settings.reports_path, is_latest=is_latest)
    return report


def write_out(text: str, output: Path | None) -> None:
    """Print a text, or write it to a file.

    Raises:
        typer.Exit: The file cannot be written.
    """
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        typer.echo(f"{output}: cannot be written ({error.strerror}); name another file", err=True)
        raise typer.Exit(2) from error


def no_report(name: str) -> UnknownIncidentError:
    """There is no report of this name."""
    return UnknownIncidentError(
        f"there is no report of '{name}'; `airmend report` lists those that there are"
    )
