"""YAML files that an operator writes, read so that a mistake is shown with its line.

Owns the way from a file to a validated model. Called by `topology` and `policy`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from airmend.errors import ConfigurationError

Location = tuple[str | int, ...]
"""The way to a value: keys of mappings and positions in lists, from the top."""

Lines = Mapping[tuple[str, ...], int]
"""1-based line of every location; its parts as text, since a key may be a number."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class YamlDocument:
    """What a file says, and on which line it says it."""

    path: Path
    data: Any
    lines: Lines

    def place(self, location: Location) -> str:
        """`path:line` of a value, or of the nearest thing around it that has a line."""
        parts = tuple(str(part) for part in location)
        for length in range(len(parts), -1, -1):
            if (line := self.lines.get(parts[:length])) is not None:
                return f"{self.path}:{line}"
        return str(self.path)

    def validate(self, model: type[Model]) -> Model:
        """The file as a model.

        Raises:
            ConfigurationError: Something in the file is not valid; one line a mistake.
        """
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            mistakes = [self._describe(details) for details in error.errors(include_url=False)]
            raise ConfigurationError("\n".join(mistakes)) from error

    def _describe(self, details: ErrorDetails) -> str:
        name = ".".join(str(part) for part in details["loc"]) or "the file as a whole"
        place = self.place(details["loc"])
        if details["type"] == "extra_forbidden":
            return f"{place}: unknown key '{name}'. Remove it or correct its spelling."
        if details["type"] == "missing":
            return f"{place}: '{name}' is missing. Add it."
        if details["type"] == "value_error":  # a rule of ours; it brings its own remedy
            return f"{place}: {name}: {details['msg'].removeprefix('Value error, ')}"
        seen = repr(details["input"])
        seen = seen if len(seen) <= 60 else seen[:59] + "…"
        return f"{place}: {name} is {seen}: {details['msg'].lower()}. Correct it."


def read_document(path: Path) -> YamlDocument:
    """Read one YAML document.

    Raises:
        ConfigurationError: No such file, not readable, not YAML, empty, or a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}). Correct the setting that names it, "
            "or the rights of the file."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not UTF-8. Save it as UTF-8.") from error
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            raise ConfigurationError(f"{path}: is empty. Fill it, or unset what names it.")
        lines = dict(_number_lines(path, node, (), set()))
        return YamlDocument(path, loader.construct_document(node), lines)
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigurationError(
            f"{path}{line}: is not YAML: {error.problem}. Correct the syntax."
        ) from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: is not YAML: {error}. Correct the syntax.") from error


def _number_lines(
    path: Path, node: yaml.Node, location: tuple[str, ...], seen: set[int]
) -> Iterator[tuple[tuple[str, ...], int]]:
    """Every location below a node with its line; an alias keeps the line of its anchor."""
    yield location, node.start_mark.line + 1
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            yield from _number_lines(path, item, (*location, str(position)), seen)
    elif isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            line = key.start_mark.line + 1
            # PyYAML lets the last one win without a word, and half a service vanishes
            if name in keys:
                raise ConfigurationError(
                    f"{path}:{line}: the key '{name}' is there twice. Remove or rename one."
                )
            keys.add(name)
            yield from _number_lines(path, value, (*location, name), seen)
            yield (*location, name), line
