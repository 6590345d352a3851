"""Reports as files: one folder, three files an incident, each written whole or not at all."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from airmend.errors import ConfigurationError
from airmend.review.document import PostIncidentReport
from airmend.review.rendering import render_html, render_markdown

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


@dataclass(frozen=True)
class SavedReport:
    """Where a report was saved: JSON, Markdown and HTML."""

    paths: tuple[Path, Path, Path]


def save_report(report: PostIncidentReport, folder: Path) -> SavedReport:
    """Write a report as `INCIDENT.json`, `INCIDENT.md` and `INCIDENT.html`.

    A later report of the same incident replaces the files; the records keep one for each change.

    Args:
        report: The report; its incident's id becomes the file name.
        folder: Where to; made when it is not there.

    Raises:
        ConfigurationError: The id cannot be a file name, or the folder cannot be written to.
    """
    name = report.incident.id
    if not _FILE_NAME.fullmatch(name):
        raise ConfigurationError(
            f"incident id {name!r} cannot be a file name; use letters, digits, '-' and '_'"
        )
    contents = {
        "json": report.canonical_json(),
        "md": render_markdown(report),
        "html": render_html(report),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        saved = [_replace(folder / f"{name}.{end}", text) for end, text in contents.items()]
    except OSError as error:
        raise ConfigurationError(
            f"{folder}: the report cannot be saved ({error.strerror}). "
            f"Set AIRMEND_REPORTS_DIR to a folder that Airmend may write to"
        ) from error
    return SavedReport(paths=(saved[0], saved[1], saved[2]))


def _replace(path: Path, text: str) -> Path:
    """Write beside the file and rename: a reader sees the old file or the new one, whole."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o640)  # colleagues of the same group may read; mkstemp says 0600
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
