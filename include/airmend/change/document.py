"""YAML and JSON files that an operator writes, read so that a mistake is shown with its line.

Owns the way from a file to a validated model. Called by `topology` and `policy`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from airmend.errors import ConfigurationError
from airmend.located_yaml import Locate, load_located

_SURROGATES = re.compile(
    rb"(?<!\\)((?:\\\\)*)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE
)

Location = tuple[str | int, ...]
"""The way to a value: keys of mappings and positions in lists, from the top."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class YamlDocument:
    """What a file says, and on which line it says it."""

    path: Path
    data: Any
    locate: Locate

    def place(self, location: Location) -> str:
        """`path:line` of a value, or of the nearest thing around it that has a line."""
        return f"{self.path}:{self.locate(location)}"

    def validate(self, model: type[Model], context: dict[str, Any] | None = None) -> Model:
        """The file as a model.

        Args:
            model: What it is to be.
            context: What the model's own checks need to know beside the file.

        Raises:
            ConfigurationError: Something in the file is not valid; one line a mistake.
        """
        try:
            return model.model_validate(self.data, context=context)
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
    """Read one YAML document, or one of JSON, which YAML contains but for one way to escape.

    Raises:
        ConfigurationError: No such file, not readable, not YAML, empty, or a key twice.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}). Correct the setting that names it, "
            "or the rights of the file."
        ) from error
    if path.suffix == ".json":
        content = _SURROGATES.sub(_unescape, content)
    data, locate = load_located(content, str(path), mistake=_mistake)
    if data is None:
        raise ConfigurationError(f"{path}: is empty. Fill it, or unset what names it.")
    return YamlDocument(path, data, locate)


def _unescape(found: re.Match[bytes]) -> bytes:
    """A character beyond the first 65,536, of which JSON writes two halves."""
    halves = b"".join(bytes.fromhex(half.decode()) for half in found.groups()[1:])
    return found[1] + halves.decode("utf-16-be").encode()


def _mistake(path: str, line: int | None, fact: str, remedy: str) -> ConfigurationError:
    place = path if line is None else f"{path}:{line}"
    return ConfigurationError(f"{place}: {fact}. {remedy}")
