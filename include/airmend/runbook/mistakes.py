"""What pydantic says of a runbook, in the words of its author.

Turns each validation error into one mistake with a line, a fact and a remedy.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ValidationError

from airmend.errors import RunbookError
from airmend.expressions import suggest
from airmend.located_yaml import Locate
from airmend.runbook.schema import SchemaGuide

_Place = tuple[str | int, ...]
_Words = tuple[str, str]  # fact, remedy

_PATTERN_WORDS = {
    "^[a-z][a-z0-9]*(-": "Use lower case words joined by hyphens, such as 'service-down'.",
    "^[a-z][a-z0-9_]*$": "Use lower case letters, digits and '_', beginning with a letter.",
    "^(0|[1-9]": "Write three numbers, such as '1.0.0'.",
    "^[A-Za-z0-9_-]": "Write a path inside the runbook's folder, such as 'playbooks/restart.yml'.",
    "^https?://": "Begin with 'http://' or 'https://'.",
}
_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping with keys",
    "model_type": "a mapping with keys",
    "model_attributes_type": "a mapping with keys",
}
_LIMITS = {
    "greater_than_equal": ("ge", "must be at least"),
    "less_than_equal": ("le", "must be at most"),
    "greater_than": ("gt", "must be above"),
    "less_than": ("lt", "must be below"),
}
_CONTEXT_OF_MODEL_ERRORS = (
    (re.compile(r"targets\.host_input"), ("targets", "host_input")),
    (re.compile(r"'irreversible'"), ("change", "irreversible")),
    (re.compile(r"^type '"), ("type",)),
    (re.compile(r"^pattern "), ("pattern",)),
    (re.compile(r"^id '"), ("id",)),
)


def translate_errors(
    error: ValidationError,
    model: type[BaseModel],
    document: Any,
    path: str,
    locate: Locate,
) -> list[RunbookError]:
    """Say each validation error as a mistake in a file.

    Args:
        error: From validating `document` as a `model`.
        model: What the document should be.
        document: The data of the file.
        path: The file, as the author would open it.
        locate: Gives the line of a part of the document.

    Returns:
        One mistake a place and fact, in the order of the lines.
    """
    guide = SchemaGuide(model)
    mistakes: dict[tuple[str, ...], RunbookError] = {}
    alternatives: dict[_Place, list[str]] = {}
    for details in error.errors(include_url=False):
        place = _place_in_document(details["loc"], document)
        kind = details["type"]
        if kind in _EXPECTED and len(details["loc"]) > len(place) and place:
            # one of the types that a union takes; said once, with all of them
            alternatives.setdefault(place, []).append(_EXPECTED[kind])
            continue
        fact, remedy = _say(details, place, guide)
        if kind == "value_error":
            place = _place_of_model_error(details["msg"], place, document)
        mistake = RunbookError(path, locate(place), fact, remedy)
        mistakes[(*map(str, place), fact)] = mistake
    for place, expected in alternatives.items():
        what = " or ".join(dict.fromkeys(expected))
        fact = f"{_name(place)} must be {what}"
        mistakes[(*map(str, place), fact)] = RunbookError(
            path, locate(place), fact, f"Write {what} here."
        )
    return sorted(mistakes.values(), key=lambda mistake: mistake.line or 0)


def _place_in_document(loc: _Place, document: Any) -> _Place:
    """A location without the parts that pydantic adds for unions and for keys."""
    place: list[str | int] = []
    node = document
    for part in loc:
        is_key = isinstance(node, dict) and part in node
        is_index = isinstance(node, list) and isinstance(part, int) and part < len(node)
        if is_key or is_index:
            node = node[part]
            place.append(part)
    return tuple(place)


def _place_of_model_error(message: str, place: _Place, document: Any) -> _Place:
    """Where a rule over several fields was broken; the part as a whole when not known."""
    text = message.removeprefix("Value error, ")
    if twice := re.match(r"two steps have the id '([^']*)'", text):
        ids = [step.get("id") for step in document["steps"]]
        second = ids.index(twice[1], ids.index(twice[1]) + 1)
        return ("steps", second, "id")
    for pattern, rest in _CONTEXT_OF_MODEL_ERRORS:
        if pattern.search(text):
            return (*place, *rest)
    return place


def _say(details: Any, place: _Place, guide: SchemaGuide) -> _Words:
    kind, name = details["type"], _name(place)
    if kind in _SPECIAL:
        return _SPECIAL[kind](details, place, guide)
    if kind in _EXPECTED:
        return _say_wrong_type(name, kind, details["input"])
    return _say_limit(name, kind, details)


def _say_limit(name: str, kind: str, details: Any) -> _Words:
    context = details.get("ctx", {})
    if kind in _LIMITS:
        key, words = _LIMITS[kind]
        return (
            f"{name} is {details['input']}, it {words} {context[key]}",
            "Change the number.",
        )
    if kind in {"literal_error", "enum"}:
        expected = context["expected"]
        return f"{name} is '{details['input']}'", f"It must be {expected}."
    if kind == "string_too_long":
        return (
            f"{name} is longer than {context['max_length']} characters",
            "Make it shorter.",
        )
    if kind in {"too_short", "string_too_short"}:
        return f"{name} is empty", "Fill it in."
    return f"{name}: {details['msg']}", "See `airmend schema` for what may stand here."


def _say_wrong_type(name: str, kind: str, value: Any) -> _Words:
    expected = _EXPECTED[kind]
    fact = f"{name} must be {expected}, it is {_kind(value)}"
    if kind == "string_type" and isinstance(value, int | float):
        return fact, "Put it in quotes."
    return fact, f"Write {expected} here."


def _say_missing(details: Any, place: _Place, guide: SchemaGuide) -> _Words:
    key = str(details["loc"][-1])
    where = f" in {_name(place)}" if place else ""
    description = guide.describe(place, key)
    return (
        f"'{key}' is missing{where}",
        f"Add '{key}:'{f' ({description})' if description else ''}.",
    )


def _say_unknown(details: Any, place: _Place, guide: SchemaGuide) -> _Words:
    key = str(details["loc"][-1])
    known = guide.known_keys(place[:-1])
    where = f" in {_name(place[:-1])}" if place[:-1] else ""
    remedy = suggest(key, known) or f"Remove it; there are: {', '.join(known)}."
    return f"the key '{key}' is not known{where}", remedy


def _say_pattern(details: Any, place: _Place, _guide: SchemaGuide) -> _Words:
    pattern = details["ctx"]["pattern"]
    remedy = next(
        (words for start, words in _PATTERN_WORDS.items() if pattern.startswith(start)),
        f"It must match {pattern}.",
    )
    return f"{_name(place)} is {details['input']!r}", remedy


def _say_model_error(details: Any, _place: _Place, _guide: SchemaGuide) -> _Words:
    fact, _, remedy = details["msg"].removeprefix("Value error, ").rpartition("; ")
    if not fact:
        return remedy, "Correct it."
    return fact, f"{remedy[:1].upper()}{remedy[1:]}."


def _say_kind(details: Any, place: _Place, _guide: SchemaGuide) -> _Words:
    if details["type"] == "union_tag_not_found":
        return (
            f"'kind' is missing in {_name(place)}",
            "Add 'kind: http' or 'kind: ansible'.",
        )
    expected = details["ctx"]["expected_tags"]
    return (
        f"{_name(place)} has the kind '{details['ctx']['tag']}'",
        f"It must be {expected}.",
    )


_SPECIAL: dict[str, Callable[[Any, _Place, SchemaGuide], _Words]] = {
    "missing": _say_missing,
    "extra_forbidden": _say_unknown,
    "string_pattern_mismatch": _say_pattern,
    "value_error": _say_model_error,
    "union_tag_not_found": _say_kind,
    "union_tag_invalid": _say_kind,
}


def _name(place: _Place) -> str:
    """A place in words: `steps[0].playbook`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return f"'{text.lstrip('.')}'" if text else "the runbook"


def _kind(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f"the text '{value}'" if isinstance(value, str) else f"the number {value}"
