"""A folder of files, one alert source each: what can be used, and every mistake.

Called by `sources/__init__.py` at the start of a process and by `airmend lint`. A file with a
mistake gives no source; it never takes another one with it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from airmend.errors import ConfigurationError
from airmend.incident.mapping.expressions import suggest
from airmend.incident.mapping.form import AlertForm, SenderForm, SeverityTable, StatusTable
from airmend.incident.mapping.source import MappedSource
from airmend.located_yaml import Locate, load_located

SUFFIX = ".yaml"
SUFFIXES = frozenset({SUFFIX, ".yml"})
"""What is meant as a sender; only the first is read, so that no name stands for two files."""

MAX_FILE_BYTES = 65_536
"""A file of a sender has some forty lines."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,23}")
_FORMS: dict[str, type[BaseModel]] = {
    "alert": AlertForm,
    "status": StatusTable,
    "severity": SeverityTable,
}
_TYPES = {
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a mapping with keys",
    "model_type": "a mapping with keys",
    "model_attributes_type": "a mapping with keys",
}


class SenderFileError(ConfigurationError):
    """A mistake in the file of a sender: `path:line: fact. remedy`."""

    def __init__(self, path: str, line: int | None, fact: str, remedy: str) -> None:
        self.path, self.line, self.fact, self.remedy = path, line, fact, remedy
        place = path if line is None else f"{path}:{line}"
        super().__init__(f"{place}: {fact}. {remedy}")


@dataclass(frozen=True)
class SenderFolder:
    """What a folder holds."""

    sources: dict[str, MappedSource]
    mistakes: list[SenderFileError]


def load_senders(folder: Path, taken: Collection[str]) -> SenderFolder:
    """Read every file of a folder; one that is not there has none.

    Args:
        folder: Where the files are; those in folders below are not read.
        taken: Names of the sources that Airmend has itself.
    """
    sources: dict[str, MappedSource] = {}
    mistakes: list[SenderFileError] = []
    for path in find_senders(folder):
        found = check_sender(path, taken)
        if isinstance(found, MappedSource):
            sources[found.name] = found
        else:
            mistakes += found
    return SenderFolder(sources, mistakes)


def find_senders(folder: Path) -> list[Path]:
    """The files of a folder that are meant as senders, in the order of their names."""
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return []
    return [path for path in paths if path.suffix in SUFFIXES and not path.name.startswith(".")]


def check_sender(path: Path, taken: Collection[str]) -> MappedSource | list[SenderFileError]:
    """The source that a file describes, or every mistake in it.

    Args:
        path: The file; its name without `.yaml` is the name of the source.
        taken: Names that it may not have.
    """
    shown, name = str(path), path.stem
    if path.suffix != SUFFIX:
        return [SenderFileError(shown, None, "it is not read", f"Rename it to {name}{SUFFIX}.")]
    if not _NAME.fullmatch(name):
        return [
            SenderFileError(
                shown,
                None,
                f"the name '{name[:40]}' cannot be part of an address",
                "Use at most 24 lower case letters, digits and '_', beginning with a letter.",
            )
        ]
    if name in taken:
        return [
            SenderFileError(
                shown, None, f"Airmend has a source '{name}' of its own", "Rename the file."
            )
        ]
    try:
        document, locate = _load(path, shown)
    except SenderFileError as mistake:
        return [mistake]
    try:
        return MappedSource(name, SenderForm.model_validate(document))
    except ValidationError as error:
        found = [_translate(details, document, shown, locate) for details in error.errors()]
        return sorted(found, key=lambda mistake: (mistake.line or 0, mistake.fact))


def _load(path: Path, shown: str) -> tuple[Any, Locate]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SenderFileError(
            shown, None, f"it cannot be read ({error.strerror})", "Correct the rights of the file."
        ) from error
    if len(content) > MAX_FILE_BYTES:
        raise SenderFileError(
            shown, None, f"it is larger than {MAX_FILE_BYTES} bytes", "Make it shorter."
        )
    document, locate = load_located(content, shown, mistake=SenderFileError)
    if not isinstance(document, dict):
        raise SenderFileError(
            shown, 1, "the file must be a mapping with keys", "Begin with 'alert:'."
        )
    return document, locate


def _translate(details: ErrorDetails, document: Any, path: str, locate: Locate) -> SenderFileError:
    """What pydantic says, in the words of whoever wrote the file."""
    place = _place_in(document, details["loc"])
    name, kind = ".".join(str(part) for part in place), details["type"]
    last = str(details["loc"][-1]) if details["loc"] else ""
    if kind == "missing":
        where = f" in '{name}'" if name else ""
        fact, remedy = f"'{last}' is missing{where}", f"Add '{last}:'."
    elif kind == "extra_forbidden":
        known = _known_keys(place[:-1])
        fact = f"the key '{last}' is not known"
        remedy = suggest(last, known) or f"Remove it; there are: {', '.join(known)}."
    elif kind == "value_error":
        said, _, remedy = details["msg"].removeprefix("Value error, ").partition("; ")
        fact = f"{name}: {said}"
    elif kind in _TYPES:
        fact, remedy = f"{name} must be {_TYPES[kind]}", f"Write {_TYPES[kind]} here."
        if kind == "string_type" and isinstance(details["input"], int | float):
            remedy = "Put it in quotes."
    elif kind in {"too_short", "string_too_short"}:
        fact, remedy = f"{name} is empty", "Fill it in."
    else:
        fact, remedy = f"{name}: {details['msg']}", "See docs/senders.md."
    return SenderFileError(path, locate(place), fact, remedy)


def _place_in(document: Any, loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """A location without the parts that pydantic adds for unions and for keys."""
    place: list[int | str] = []
    node = document
    for part in loc:
        is_key = isinstance(node, dict) and part in node
        is_index = isinstance(node, list) and isinstance(part, int) and part < len(node)
        if is_key or is_index:
            node = node[part]
            place.append(part)
    return tuple(place)


def _known_keys(place: tuple[int | str, ...]) -> list[str]:
    """The keys that may stand at a place."""
    form: type[BaseModel] = _FORMS.get(str(place[-1]), SenderForm) if place else SenderForm
    return [field.alias or name for name, field in form.model_fields.items()]
