"""After an erasure: reports that held the person are made again, what cannot be is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from airmend.audit.leftovers import find_files_naming
from airmend.change.policy import Policy
from airmend.cli.report.finding import remake
from airmend.records.database import Database
from airmend.records.reports import latest_reported, load_report
from airmend.review.saving import incident_of_file
from airmend.settings import Settings


@dataclass(frozen=True)
class Remade:
    """What came, or would come, of the files with a person's name.

    Args:
        changes: Whose reports are made again.
        left: Files that hold the name and are no report of the records.
    """

    changes: list[str]
    left: list[Path]


def remake_reports(
    database: Database,
    settings: Settings,
    policy: Policy,
    person: str,
    changes: Sequence[str],
    *,
    dry_run: bool,
) -> Remade:
    """Make the reports again that held a person, in the records and below the reports' folder.

    Files are looked through as well, so that a second call does what a killed one had left.

    Args:
        database: The records, from which the person is erased.
        settings: Of this installation.
        policy: Its policy.
        person: The name.
        changes: Whose reports held it in the records.
        dry_run: Only say what would be done.

    Raises:
        ConfigurationError: A file cannot be written.
    """
    folder = settings.reports_path
    with database.session() as session:
        found = {path: _change_of(session, path) for path in find_files_naming(folder, person)}
    wanted = sorted({*changes, *(change for change in found.values() if change)})
    if dry_run:
        return Remade(wanted, [path for path, change in found.items() if change is None])
    for change in wanted:
        remake(database, settings, policy, change)
    return Remade(wanted, find_files_naming(folder, person))


def _change_of(session: Session, path: Path) -> str | None:
    """The change whose report a file holds; None where the records have no such report."""
    named = incident_of_file(path)
    if named is None:
        return None
    incident, change = named
    if change is None:
        return latest_reported(session, incident)
    return change if load_report(session, change) is not None else None
