"""Reading fields of documents from outside: any JSON in, bounded and storable values out.

Called by the sources. Owns the limits, and what is done with what a database or a runbook
could not take: NUL characters, lone surrogates, numbers beyond 64 bits, infinite numbers,
deep nesting. Times are read in `times.py`, tags and placeholders in `tags.py`.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic_core import to_json

from airmend.errors import MalformedBodyError, PayloadError
from airmend.incident.model import Severity

MAX_ALERTS = 1_000
"""Alerts of one delivery; they are stored in one transaction."""

NAME_LIMIT = 200
LABEL_LIMIT = 1_000
SUMMARY_LIMIT = 500
TEXT_LIMIT = 8_000
LINK_LIMIT = 2_000
"""Characters that are kept of a name, service or host; of a label's value; of a summary; of a
description or an annotation; of a link. The body is stored as it came."""

UNMAPPED_LIMIT = 8_000
"""Bytes of JSON in `unmapped`. The number of labels has no limit but the body's: a label
that was left out could make a runbook match that must not."""

_DEPTH_LIMIT = 16
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_BLANK = re.compile("[\x00- ]")
_PORT = re.compile(r":[0-9]{1,5}$")

_SEVERITIES = {
    Severity.CRITICAL: "critical crit fatal emergency emerg disaster page p1 sev1",
    Severity.ERROR: "error err high major p2 sev2",
    Severity.WARNING: "warning warn medium average minor p3 sev3",
    Severity.INFO: "info information informational notice low none p4 p5 sev4 sev5",
}
_SEVERITY_OF = {word: severity for severity, words in _SEVERITIES.items() for word in words.split()}
_PRIORITY = re.compile(
    r"(?:p|prio|priority|sev|severity)?[ _-]?([1-5])(?:\.0)?(?:[ :/-].*)?", re.DOTALL
)


def _refuse_constant(word: str) -> object:
    raise ValueError(f"{word} is not a number in JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def decode_json(body: bytes) -> object:
    """Decode a body as JSON in UTF-8.

    Raises:
        MalformedBodyError: It is not JSON, or not JSON that can be kept: NaN, a number of
            thousands of digits, nesting without end.
    """
    try:
        document: object = _DECODER.decode(body.removeprefix(codecs.BOM_UTF8).decode())
    except UnicodeDecodeError as error:
        raise MalformedBodyError(
            f"the body is not UTF-8 (byte {error.start}); send JSON in UTF-8"
        ) from error
    except RecursionError as error:
        raise MalformedBodyError("the body is nested too deeply; send flat JSON") from error
    except json.JSONDecodeError as error:
        raise MalformedBodyError(
            f"the body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from error
    except ValueError as error:
        raise MalformedBodyError(
            "the body holds a number that cannot be kept: NaN, Infinity or thousands of digits"
        ) from error
    return document


def storable(value: object, depth: int = _DEPTH_LIMIT) -> Any:
    """A copy of decoded JSON that both databases and every reader can take.

    Numbers beyond 64 bits and infinite ones become text, what is nested deeper than 16 levels
    is replaced by a note, and so is anything that JSON does not have.
    """
    if isinstance(value, str):
        return _clean(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else _number_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth == 0:
        return "(nested too deeply)"
    if isinstance(value, dict):  # a Mapping would be asked by its registry, which is slow
        return {
            _clean(str(key)): _clean(item) if type(item) is str else storable(item, depth - 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [storable(item, depth - 1) for item in value]
    if isinstance(value, Mapping):
        return storable(dict(value), depth)
    return f"({type(value).__name__})"


def _clean(text: str) -> str:
    """A text without what a database cannot take; nearly every text is plain and stays."""
    if text.isascii() and "\0" not in text:
        return text
    return _UNSTORABLE.sub(_REPLACEMENT, text)


def read_object(value: object, field: str) -> dict[str, Any]:
    """An object, made storable.

    Raises:
        PayloadError: It is something else.
    """
    clean: dict[str, Any] = storable(expect_object(value, field))
    return clean


def expect_object(value: object, field: str) -> Mapping[str, Any]:
    """An object as it is: a part of one that was made storable, say.

    Raises:
        PayloadError: It is something else.
    """
    if not isinstance(value, dict | Mapping):  # a Mapping is asked by its registry: slow
        raise PayloadError(field, f"is {_json_type(value)}; it must be an object")
    return value


def read_alert_list(value: object, field: str) -> list[Any]:
    """A list of at most `MAX_ALERTS` entries.

    Raises:
        PayloadError: It is something else, or longer.
    """
    if not isinstance(value, list):
        raise PayloadError(field, f"is {_json_type(value)}; it must be a list")
    if len(value) > MAX_ALERTS:
        raise PayloadError(field, f"has {len(value)} alerts; send at most {MAX_ALERTS} at once")
    return value


def read_text(value: object) -> str:
    """A scalar as text; "" for what is missing, an object or a list."""
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(storable(value))
    return ""


def cut(text: str, limit: int) -> str:
    """At most `limit` characters; a cut text ends in an ellipsis, so that it names nothing else."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def read_labels(
    value: object, field: str, limit: int = LABEL_LIMIT
) -> tuple[dict[str, str], dict[str, Any]]:
    """Labels or annotations, and those that are not text.

    Numbers and booleans are kept as text; lists, objects and nulls are given back apart.

    Returns:
        Labels by name, values at full length up to `limit`; and the rest by name.

    Raises:
        PayloadError: The value is neither an object nor missing.
    """
    if value is None:
        return {}, {}
    labels: dict[str, str] = {}
    rest: dict[str, Any] = {}
    for name, item in expect_object(value, field).items():
        key = cut(_clean(str(name)), NAME_LIMIT)
        if isinstance(item, str | int | float):
            labels[key] = cut(read_text(item), limit)
        else:
            rest[key] = storable(item)
    return labels, rest


def read_severity(value: object) -> Severity:
    """The severity that a sender's word stands for; UNKNOWN for a word that is not known."""
    return _SEVERITY_OF.get(read_text(value).strip().lower(), Severity.UNKNOWN)


def read_priority(value: object) -> Severity:
    """The severity that a priority stands for; UNKNOWN where it is none.

    1 is the most urgent: `1`, `"P1"`, `"SEV-1"` and `"1 - Critical"` are critical. A word
    without a number is read as `read_severity` does.
    """
    text = read_text(value).strip().lower()
    found = _PRIORITY.fullmatch(text)
    return read_severity(f"p{found[1]}" if found else text)


def read_link(value: object) -> str | None:
    """An address that a person may click: http or https with a host; None for anything else."""
    text = read_text(value).strip()
    if len(text) > LINK_LIMIT or _BLANK.search(text):
        return None
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname)
    except ValueError:
        return None
    return text if named and parts.scheme in {"http", "https"} else None


def read_host(value: object) -> str | None:
    """A host's name or address without port; of a URL, its host. None where there is none."""
    text = read_text(value).strip()
    if "://" in text:
        try:
            text = urlsplit(text).hostname or ""
        except ValueError:
            return None
    elif text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = _PORT.sub("", text)
    return cut(text, NAME_LIMIT) or None


def without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    """What could not be mapped, without what says nothing, within `UNMAPPED_LIMIT`."""
    kept: dict[str, Any] = {}
    size = 0
    for key, value in values.items():
        if value is None or value in ("", [], {}):
            continue
        clean = storable(value)
        size += len(key) + len(to_json(clean))
        if size > UNMAPPED_LIMIT:
            kept["cut"] = "more than is kept here; the delivery's body has all"
            break
        kept[cut(str(storable(key)), NAME_LIMIT)] = clean
    return kept


def _number_text(number: int) -> str:
    try:
        return str(number)
    except ValueError:  # Python refuses to print thousands of digits
        return hex(number)[:NAME_LIMIT]


def _json_type(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    names |= {int: "a number", float: "a number", type(None): "missing or null"}
    return names.get(type(value), "of another kind")
