"""Runbook folders become runbook versions; a folder with mistakes never hides another.

Called by the command line, intake and the DAG bundle.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from airmend.errors import ConfigurationError, RunbookError
from airmend.expressions import suggest
from airmend.garbage import collector_at_rest
from airmend.located_yaml import Locate, load_located
from airmend.records.model import BrokenRunbook
from airmend.runbook.archive import pack_files
from airmend.runbook.consistency import find_inconsistencies, named_playbooks
from airmend.runbook.folder import (
    Entries,
    Files,
    digest_files,
    is_left_out,
    list_folder,
    read_folder,
    stamp_entries,
)
from airmend.runbook.mistakes import translate_errors
from airmend.runbook.model import Runbook, RunbookVersion
from airmend.runbook.playbooks import find_playbook_mistakes, is_ansible_content

__all__ = [
    "RUNBOOK_FILE",
    "CatalogReader",
    "LoadedCatalog",
    "LoadedRunbook",
    "check_runbook",
    "find_folders",
    "load_catalog",
    "load_runbook",
]

RUNBOOK_FILE = "runbook.yaml"


@dataclass(frozen=True)
class LoadedRunbook:
    """A runbook without mistakes, with the folder that its digest stands for."""

    version: RunbookVersion
    files: Files = field(repr=False)

    @cached_property
    def archive(self) -> bytes:
        """The whole folder as tar.gz; the same bytes for the same digest."""
        return pack_files(self.files)


@dataclass(frozen=True)
class LoadedCatalog:
    """All runbooks of a folder, and those that cannot be used with every mistake they have."""

    runbooks: list[LoadedRunbook]
    broken: list[BrokenRunbook]


def load_runbook(folder: Path) -> LoadedRunbook:
    """Load one runbook.

    Raises:
        RunbookError: The first mistake in it; `check_runbook` gives them all.
    """
    result = check_runbook(folder)
    if isinstance(result, LoadedRunbook):
        return result
    raise result[0]


def check_runbook(
    folder: Path, entries: Entries | None = None
) -> LoadedRunbook | list[RunbookError]:
    """Load one runbook, or find all of its mistakes, sorted by file and line.

    Args:
        folder: The runbook's folder.
        entries: From `list_folder`, where the folder was listed already.
    """
    try:
        files = read_folder(folder, entries)
        if RUNBOOK_FILE not in files:
            raise RunbookError(
                folder,
                None,
                f"there is no {RUNBOOK_FILE} in it",
                "Add one, or move the folder.",
            )
        path = str(folder / RUNBOOK_FILE)
        document, locate = load_located(files[RUNBOOK_FILE], path)
    except RunbookError as mistake:
        return [mistake]
    if not isinstance(document, dict):
        return [RunbookError(path, 1, "it is not a mapping", "Begin with 'schema: airmend/v1'.")]

    mistakes: list[RunbookError] = []
    try:
        runbook = Runbook.model_validate(document)
    except ValidationError as error:
        mistakes += translate_errors(error, Runbook, document, path, locate)
    mistakes += [
        RunbookError(path, locate(found.place), found.fact, found.remedy)
        for found in find_inconsistencies(document, Path(os.path.abspath(folder)).name)
    ]
    mistakes += _find_playbook_mistakes(document, folder, files, locate)
    if mistakes:
        return sorted(mistakes, key=lambda it: (it.path != path, it.path, it.line or 0))
    return LoadedRunbook(RunbookVersion(digest=digest_files(files), runbook=runbook), files)


def _find_playbook_mistakes(
    document: dict[str, object], folder: Path, files: Files, locate: Locate
) -> Iterator[RunbookError]:
    named = list(named_playbooks(document))
    inside = f"{folder}{os.sep}"
    for place, name in named:
        if name not in files:
            yield RunbookError(
                folder / RUNBOOK_FILE,
                locate(place),
                f"the playbook '{name}' is not in the runbook's folder",
                suggest(name, filter(is_ansible_content, files)) or "Add the file.",
            )
    change = document.get("change")
    is_privileged = isinstance(change, dict) and change.get("privileged") is True
    playbooks = {name for _, name in named}
    for name, content in files.items():
        if name in playbooks or is_ansible_content(name):
            yield from find_playbook_mistakes(
                content,
                inside + name,
                is_playbook=name in playbooks,
                is_privileged=is_privileged,
            )


def load_catalog(runbooks_dir: Path) -> LoadedCatalog:
    """Load every runbook below a folder; see `CatalogReader` for doing it again and again.

    Raises:
        ConfigurationError: The folder itself cannot be read.
    """
    return CatalogReader(runbooks_dir).read()


class CatalogReader:
    """Reads a folder of runbooks; what has not changed since the last time is not read again.

    Args:
        runbooks_dir: Folder with one folder a runbook.
    """

    def __init__(self, runbooks_dir: Path) -> None:
        self._runbooks_dir = runbooks_dir
        self._seen: dict[str, tuple[object, LoadedRunbook | list[RunbookError]]] = {}

    def read(self) -> LoadedCatalog:
        """All runbooks as they are now, sorted by name.

        Raises:
            ConfigurationError: The folder itself cannot be read.
        """
        seen, self._seen = self._seen, {}
        runbooks: list[LoadedRunbook] = []
        broken: list[BrokenRunbook] = []
        with collector_at_rest():
            for folder in find_folders(self._runbooks_dir):
                result = self._check(folder, seen)
                if isinstance(result, LoadedRunbook):
                    runbooks.append(result)
                elif result:
                    messages = [str(mistake) for mistake in result]
                    broken.append(BrokenRunbook(folder=folder.name, messages=messages))
        return LoadedCatalog(runbooks, broken)

    def _check(
        self,
        folder: Path,
        seen: dict[str, tuple[object, LoadedRunbook | list[RunbookError]]],
    ) -> LoadedRunbook | list[RunbookError]:
        try:
            # taken before the files are read: a change in between is seen the next time
            entries = list_folder(folder)
            stamp = stamp_entries(entries)
        except RunbookError as mistake:
            return [mistake]
        if not stamp:
            return []  # an empty folder is what a removed runbook leaves behind
        known = seen.get(folder.name)
        result = known[1] if known and known[0] == stamp else check_runbook(folder, entries)
        self._seen[folder.name] = (stamp, result)
        return result


def find_folders(runbooks_dir: Path) -> list[Path]:
    """The folders that should each hold a runbook, sorted by name.

    Raises:
        ConfigurationError: The folder itself cannot be read.
    """
    try:
        return sorted(
            entry
            for entry in runbooks_dir.iterdir()
            if entry.is_dir() and not is_left_out(entry.name)
        )
    except OSError as error:
        raise ConfigurationError(
            f"{runbooks_dir}: the runbooks cannot be read: {error.strerror}. "
            "Set AIRMEND_RUNBOOKS_DIR to the folder that holds one folder a runbook."
        ) from error
