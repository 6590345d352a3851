"""Reports as files: one folder, three files a change, each written whole or not at all.

The report of an incident's latest change is there under the incident's name alone, too, so that
whoever knows the incident finds it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from airmend.errors import ConfigurationError
from airmend.review.document import PostIncidentReport
from airmend.review.rendering import render_html, render_markdown
from airmend.whole_files import COLLEAGUES, replace_file

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


@dataclass(frozen=True)
class SavedReport:
    """Where a report was saved under its own name: JSON, Markdown and HTML."""

    paths: tuple[Path, Path, Path]


def save_report(report: PostIncidentReport, folder: Path, *, is_latest: bool = True) -> SavedReport:
    """Write a report as `INCIDENT.CHANGE.json`, `.md` and `.html`; without a change, by incident.

    Args:
        report: The report; the ids of its incident and change become the file name.
        folder: Where to; made when it is not there.
        is_latest: Whether no later change of the incident has a report: then it is written as
            `INCIDENT.json`, `.md` and `.html` as well.

    Raises:
        ConfigurationError: An id cannot be a file name, or the folder cannot be written to.
    """
    change_id = report.change.id if report.change else report.incident.id
    for what, name in (("incident", report.incident.id), ("change", change_id)):
        if not _FILE_NAME.fullmatch(name):
            raise ConfigurationError(
                f"{what} id {name!r} cannot be a file name; use letters, digits, '-' and '_'"
            )
    contents = {
        "json": report.canonical_json(),
        "md": render_markdown(report),
        "html": render_html(report),
    }
    short = report.incident.id
    own = f"{short}.{change_id}" if report.change else short
    try:
        folder.mkdir(parents=True, exist_ok=True)
        saved = [_write(folder / f"{own}.{end}", text) for end, text in contents.items()]
        if is_latest and own != short:
            for end, text in contents.items():
                _write(folder / f"{short}.{end}", text)
    except OSError as error:
        raise ConfigurationError(
            f"{folder}: the report cannot be saved ({error.strerror}). "
            f"Set AIRMEND_REPORTS_DIR to a folder that Airmend may write to"
        ) from error
    return SavedReport(paths=(saved[0], saved[1], saved[2]))


def incident_of_file(path: Path) -> tuple[str, str | None] | None:
    """Incident and change that a file in the folder is named by; None where it is no report's.

    The change is None for the files of the latest one.
    """
    if path.suffix not in {".json", ".md", ".html"}:
        return None
    incident, *changes = names = path.stem.split(".")
    if len(changes) > 1 or not all(_FILE_NAME.fullmatch(name) for name in names):
        return None
    return incident, changes[0] if changes else None


def _write(path: Path, text: str) -> Path:
    return replace_file(path, text, mode=COLLEAGUES)
