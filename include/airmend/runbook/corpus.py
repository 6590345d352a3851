"""Collections of known errors in the forms that teams keep them in.

Called by `airmend evaluate matching`. A collection is a folder or a file: runbooks in Markdown, a
file an error; rules of Prometheus, or of awesome-prometheus-alerts, which are rules under their
products; and our own runbooks.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from airmend.errors import ConfigurationError
from airmend.runbook.catalog import RUNBOOK_FILE, LoadedRunbook, check_runbook
from airmend.runbook.known_errors import entry_of
from airmend.runbook.markdown import read_markdown
from airmend.runbook.similarity import KnownErrorEntry

MAX_FILE_BYTES = 8_388_608
"""A larger file is no runbook."""

_NO_RUNBOOKS = frozenset({"_index", "index", "readme", "contributing", "changelog", "license"})
_RUNBOOK_FOLDERS = frozenset({"runbooks", "playbooks", "alerts"})
_ADVICE = (
    "Name a folder of Markdown runbooks, a file of Prometheus rules, or a folder of Airmend's "
    "runbooks."
)


def read_corpus(path: Path) -> list[KnownErrorEntry]:
    """Every known error below a folder, or in a file, sorted by id; ids are unique.

    The id of a Markdown runbook is the name of its file, that of a rule its name, and that of
    our own runbook its id. Where two have the same, the folder or the product is put in front.

    Raises:
        ConfigurationError: There is nothing to read there, or a file in it cannot be read.
    """
    if path.is_file():
        found = list(_read_file(path, is_named=True))
    elif path.is_dir():
        found = [pair for file in _files(path) for pair in _read_file(file, is_named=False)]
    else:
        raise ConfigurationError(f"{path}: there is no such file or folder. {_ADVICE}")
    if not found:
        raise ConfigurationError(f"{path}: there is no known error in it. {_ADVICE}")
    return _with_unique_ids(found)


def _files(folder: Path) -> list[Path]:
    """Files that may hold known errors; what lies in an own runbook's folder belongs to that.

    Where there is a folder of runbooks by its name, Markdown beside it is about other things.
    """
    files: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if RUNBOOK_FILE in names:
            folders.clear()
            names = [RUNBOOK_FILE]  # noqa: PLW2901 - the rest of this folder is the runbook's
        files += [Path(place, name) for name in sorted(names)]
    documents = {file for file in files if file.suffix.casefold() == ".md"}
    runbooks = {
        file
        for file in documents
        if _RUNBOOK_FOLDERS.intersection(file.relative_to(folder).parts[:-1])
    }
    return [file for file in files if file not in documents - runbooks or not runbooks]


def _read_file(path: Path, *, is_named: bool) -> Iterator[tuple[str, KnownErrorEntry]]:
    """The known errors of one file, each with the folder or product that it stands in.

    A file that the user named must be one that can be read; of the others in a folder, those
    that are something else are passed over.
    """
    suffix = path.suffix.casefold()
    if path.name == RUNBOOK_FILE:
        result = check_runbook(path.parent)
        if not isinstance(result, LoadedRunbook):
            raise result[0]
        yield path.parent.name, entry_of(result.version.runbook)
    elif suffix == ".md":
        if is_named or path.stem.casefold() not in _NO_RUNBOOKS:
            yield path.parent.name, read_markdown(_read_text(path), path.stem)
    elif suffix in {".yml", ".yaml"}:
        yield from _read_rules(path, is_named=is_named)
    elif is_named:
        raise ConfigurationError(f"{path}: it is neither Markdown nor YAML. {_ADVICE}")


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ConfigurationError(
                f"{path}: it has more than {MAX_FILE_BYTES:,} bytes. Leave it out."
            )
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ConfigurationError(f"{path}: it cannot be read: {error.strerror}.") from error


def _read_rules(path: Path, *, is_named: bool) -> Iterator[tuple[str, KnownErrorEntry]]:
    try:
        document = yaml.load(_read_text(path), Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        if not is_named:
            return
        place = getattr(error, "problem_mark", None)
        line = f":{place.line + 1}" if place else ""
        raise ConfigurationError(f"{path}{line}: it is not YAML. Correct it.") from error
    groups = document.get("groups") if isinstance(document, dict) else None
    if not isinstance(groups, list):
        if is_named:
            raise ConfigurationError(f"{path}: it has no list 'groups'. {_ADVICE}")
        return
    for group in _mappings(groups):
        for product, rule in _rules_of(group):
            if (entry := _entry_of_rule(rule)) is not None:
                yield product, entry


def _rules_of(group: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rules of a group: Prometheus has them in it, awesome-prometheus-alerts below products."""
    for rule in _mappings(group.get("rules")):
        yield str(group.get("name", "")), rule
    for service in _mappings(group.get("services")):
        for exporter in _mappings(service.get("exporters")):
            for rule in _mappings(exporter.get("rules")):
                yield str(service.get("name", "")), rule


def _entry_of_rule(rule: dict[str, Any]) -> KnownErrorEntry | None:
    annotations = rule.get("annotations")
    texts = {**(annotations if isinstance(annotations, dict) else {}), **rule}
    name = texts.get("alert") or texts.get("name")
    if not isinstance(name, str) or not name.strip():
        return None
    said = (texts.get(key) for key in ("summary", "description", "message"))
    return KnownErrorEntry(
        id=name.strip(),
        name=name.strip(),
        symptom="\n".join(dict.fromkeys(text for text in said if isinstance(text, str))),
        text=str(texts.get("comments") or ""),
    )


def _mappings(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict))


def _with_unique_ids(found: list[tuple[str, KnownErrorEntry]]) -> list[KnownErrorEntry]:
    """Entries under ids of their own; what is said twice in one place is joined."""
    joined: dict[tuple[str, str], KnownErrorEntry] = {}
    for place, entry in found:
        earlier = joined.get((place, entry.id))
        if earlier is not None:  # one alert at two levels of severity
            texts = dict.fromkeys([earlier.symptom, entry.symptom])
            joined[place, entry.id] = replace(earlier, symptom="\n".join(texts))
        else:
            joined[place, entry.id] = entry
    counts = Counter(entry_id for _, entry_id in joined)
    entries = [
        entry if counts[entry.id] == 1 else replace(entry, id=f"{place}/{entry.id}")
        for (place, _), entry in joined.items()
    ]
    return sorted(entries, key=lambda entry: entry.id)
