"""`airmend lint`: every mistake of every runbook, without Airflow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from airmend.errors import ConfigurationError, RunbookError
from airmend.runbook.cases import check_case, find_cases
from airmend.runbook.catalog import (
    RUNBOOK_FILE,
    LoadedRunbook,
    check_runbook,
    find_folders,
)
from airmend.runbook.folder import list_folder
from airmend.settings import get_settings

OK, MISTAKES, UNUSABLE = 0, 1, 2
"""Exit codes: nothing to say, mistakes were found, nothing could be looked at."""


def lint_command(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Runbook folders, or folders that hold them; the configured folder when absent.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Check runbooks, and the maintenance calendars where some are configured.

    Prints each mistake as place, fact and remedy.
    """
    settings = get_settings()
    found = lint(paths or [settings.runbooks_dir])
    if not paths and settings.maintenance_dir is not None:
        found = max(found, lint_calendars(settings.maintenance_dir))
    raise typer.Exit(found)


def lint_calendars(folder: Path) -> int:
    """Print every mistake of the maintenance calendars; gives the exit code."""
    from airmend.incident.maintenance import Calendars

    mistakes = Calendars(folder).read(datetime.now(UTC)).mistakes
    for mistake in mistakes:
        typer.echo(mistake)
    told = count(len(mistakes), "mistake") if mistakes else "no mistakes"
    typer.echo(f"maintenance calendars, {told}")
    return MISTAKES if mistakes else OK


def lint(paths: Sequence[Path]) -> int:
    """Print every mistake of the runbooks below some paths.

    Args:
        paths: Runbook folders, `runbook.yaml` files, or folders that hold runbook folders.

    Returns:
        The exit code: 0 without a mistake, 1 with one, 2 when there was nothing to check.
    """
    try:
        folders = find_runbook_folders(paths)
    except ConfigurationError as error:
        typer.echo(str(error), err=True)
        return UNUSABLE
    mistakes = [mistake for folder in folders for mistake in find_mistakes(folder)]
    for mistake in mistakes:
        typer.echo(str(mistake))
    looked_at = count(len(folders), "runbook")
    if mistakes:
        typer.echo(f"{looked_at}, {count(len(mistakes), 'mistake')}")
        return MISTAKES
    typer.echo(f"{looked_at}, no mistakes")
    return OK


def find_mistakes(folder: Path) -> list[RunbookError]:
    """Every mistake of a runbook and of its cases."""
    result = check_runbook(folder)
    mistakes = [] if isinstance(result, LoadedRunbook) else result
    for path in find_cases(folder):
        case = check_case(path)
        if isinstance(case, list):
            mistakes += case
    return mistakes


def find_runbook_folders(paths: Sequence[Path]) -> list[Path]:
    """The runbook folders that some paths mean, each once.

    Raises:
        ConfigurationError: A path is not there, or there is no runbook below it.
    """
    folders: dict[Path, None] = {}
    for path in paths:
        if path.name == RUNBOOK_FILE:
            found = [path.parent]
        elif (path / RUNBOOK_FILE).exists():
            found = [path]
        else:
            found = [folder for folder in find_folders(path) if list_folder(folder)]
        if not found:
            raise ConfigurationError(
                f"{path}: there is no runbook in it. Name a folder that holds a {RUNBOOK_FILE}, "
                "or folders that do."
            )
        folders.update(dict.fromkeys(found))
    return list(folders)


def count(number: int, what: str) -> str:
    """A number with its noun: `1 runbook`, `2 runbooks`."""
    return f"{number} {what}{'' if number == 1 else 's'}"
