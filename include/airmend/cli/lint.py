"""`airmend lint`: every mistake of runbooks and of the files beside them, without Airflow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from airmend.change.signing import RunbooksPolicy
from airmend.cli.signature_lint import lint_signatures, read_runbooks_policy
from airmend.errors import ConfigurationError, RunbookError
from airmend.incident.mapping.files import SUFFIXES, SenderFileError, check_sender, find_senders
from airmend.incident.mapping.source import MappedSource
from airmend.incident.model import OWN_SOURCE
from airmend.incident.sources import built_in_names
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
            help="Runbook folders, or folders that hold them, and files of senders; the "
            "configured folders when absent.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Check runbooks and their signatures, senders, maintenance calendars and notifiers.

    Prints each mistake as FILE:LINE: fact. remedy. Whose signatures count, and whether a runbook
    without one is a mistake, says the policy file where one is configured.
    """
    settings = get_settings()
    try:
        policy, found = read_runbooks_policy(), OK
    except ConfigurationError as error:
        typer.echo(str(error))
        policy, found = RunbooksPolicy(), MISTAKES
    found = max(found, lint(paths or configured_paths(), policy))
    if not paths and settings.maintenance_dir is not None:
        found = max(found, lint_calendars(settings.maintenance_dir))
    if not paths and settings.notifiers_file is not None:
        found = max(found, lint_notifiers(settings.notifiers_file))
    raise typer.Exit(found)


def configured_paths() -> list[Path]:
    """The folder of the runbooks, and that of the senders where it holds some."""
    settings = get_settings()
    senders = [settings.senders_dir] if find_senders(settings.senders_dir) else []
    return [settings.runbooks_dir, *senders]


def lint_calendars(folder: Path) -> int:
    """Print every mistake of the maintenance calendars; gives the exit code."""
    from airmend.incident.maintenance import Calendars

    mistakes = Calendars(folder).read(datetime.now(UTC)).mistakes
    return _tell("maintenance calendars", mistakes)


def lint_notifiers(path: Path) -> int:
    """Print every mistake of the notifiers' file, and warnings; gives the exit code."""
    from airmend.change.notifier_check import check_notifiers

    mistakes, warnings = check_notifiers(path)
    for warning in warnings:
        typer.echo(warning)
    return _tell("notifiers", mistakes)


def _tell(what: str, mistakes: Sequence[str]) -> int:
    for mistake in mistakes:
        typer.echo(mistake)
    typer.echo(f"{what}, {count(len(mistakes), 'mistake') if mistakes else 'no mistakes'}")
    return MISTAKES if mistakes else OK


def lint(paths: Sequence[Path], policy: RunbooksPolicy | None = None) -> int:
    """Print every mistake of the runbooks and senders below some paths.

    Args:
        paths: Runbook folders, `runbook.yaml` files, folders that hold runbook folders; files
            of senders, and folders that hold those.
        policy: Whose signatures of runbooks count; without one, nobody's, and none is missed.

    Returns:
        The exit code: 0 without a mistake, 1 with one, 2 when there was nothing to check.
    """
    files = [file for path in paths if holds_senders(path) for file in sender_files(path)]
    others = [path for path in paths if not holds_senders(path)]
    try:
        folders = find_runbook_folders(others)
    except ConfigurationError as error:
        typer.echo(str(error), err=True)
        return UNUSABLE
    mistakes: list[RunbookError | SenderFileError] = []
    for folder in folders:
        found, warnings = look_at_runbook(folder, policy or RunbooksPolicy())
        mistakes += found
        for warning in warnings:
            typer.echo(warning)
    mistakes += [mistake for file in files for mistake in find_sender_mistakes(file)]
    for mistake in mistakes:
        typer.echo(str(mistake))
    counted = [count(len(folders), "runbook")] if folders or not files else []
    looked_at = ", ".join(counted + ([count(len(files), "sender")] if files else []))
    if mistakes:
        typer.echo(f"{looked_at}, {count(len(mistakes), 'mistake')}")
        return MISTAKES
    typer.echo(f"{looked_at}, no mistakes")
    return OK


def holds_senders(path: Path) -> bool:
    """Whether a path is meant as the file of a sender, or as a folder of such files."""
    if path.is_file():
        return path.suffix in SUFFIXES and path.name != RUNBOOK_FILE
    if not find_senders(path) or (path / RUNBOOK_FILE).exists():
        return False
    return not any(list_folder(folder) for folder in find_folders(path))


def sender_files(path: Path) -> list[Path]:
    """The files that a path of senders means."""
    return [path] if path.is_file() else find_senders(path)


def find_sender_mistakes(path: Path) -> list[SenderFileError]:
    """Every mistake of the file of a sender."""
    found = check_sender(path, (*built_in_names(), OWN_SOURCE))
    return [] if isinstance(found, MappedSource) else found


def look_at_runbook(folder: Path, policy: RunbooksPolicy) -> tuple[list[RunbookError], list[str]]:
    """Every mistake of a runbook, of its signatures and of its cases, and warnings."""
    result = check_runbook(folder)
    version = result.version if isinstance(result, LoadedRunbook) else None
    mistakes = [] if isinstance(result, LoadedRunbook) else result
    unsigned, warnings = lint_signatures(folder, version, policy)
    mistakes += unsigned
    for path in find_cases(folder):
        case = check_case(path)
        if isinstance(case, list):
            mistakes += case
    return mistakes, warnings


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
