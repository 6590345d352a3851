"""Typed values that a runbook takes from an incident.

Incidents come from outside and inputs become Ansible variables, so every type is an allow
list of characters: nothing of it can be a template, an option, a pattern of the inventory or
a way out of a folder.
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
from collections.abc import Callable
from typing import Any

from airmend.errors import InputError
from airmend.expressions import (
    ExpressionError,
    MissingFactError,
    PreparedFacts,
    evaluate,
)
from airmend.runbook.model import InputSpec, InputType, Runbook

Value = str | int | bool

MAX_HOST_CHARACTERS = 253  # RFC 1123 by way of RFC 1035: a name in text form
MAX_NAME_CHARACTERS = 128
MAX_PATH_CHARACTERS = 1024

_HOST_LABEL = r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?"  # RFC 1123; inventories use "_" too
_HOST = re.compile(rf"{_HOST_LABEL}(?:\.{_HOST_LABEL})*")
_HOST_AND_PORT = re.compile(r"(?P<host>[^:\[\]]+|\[[^\[\]]+\])(?::(?P<port>[0-9]{1,5}))?")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*")
_PATH = re.compile(r"/[A-Za-z0-9_./@:+,=-]*")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_GROUPS = frozenset({"all", "ungrouped"})  # Ansible's own groups: never the name of one host
_MAX_PORT = 65_535


def resolve_inputs(runbook: Runbook, facts: dict[str, Any] | PreparedFacts) -> dict[str, Value]:
    """Take every input of a runbook from an incident.

    Args:
        runbook: Whose inputs.
        facts: `Incident.facts()`, prepared where more than this looks at them.

    Returns:
        The validated values by the names of the inputs.

    Raises:
        InputError: An input without a default is missing, or a value is not valid.
    """
    prepared = facts if isinstance(facts, PreparedFacts) else PreparedFacts(facts)
    return {name: _take(name, spec, prepared) for name, spec in runbook.inputs.items()}


def _take(name: str, spec: InputSpec, facts: PreparedFacts) -> Value:
    try:
        value = evaluate(spec.source, facts)
    except MissingFactError as error:
        value, missing = None, error.fact
    except ExpressionError as error:
        raise InputError(f"input '{name}' cannot be taken: {error.fact}") from error
    else:
        missing = f"{spec.source} is empty"
    if value is None or value == "":  # facts have "" where the sender said nothing
        if spec.default is None:
            raise InputError(f"input '{name}' is missing: {missing}")
        value = spec.default
    return validate_input(name, spec, value)


def validate_input(name: str, spec: InputSpec, value: Any) -> Value:
    """Bring one value into the form of its type, or refuse it.

    Raises:
        InputError: The value is not of the type, or is outside the limits of the input.
    """
    try:
        result = _CONVERTERS[spec.type](value)
        _check_limits(spec, result)
    except ValueError as error:
        raise InputError(f"input '{name}' is {_show(value)}: {error}") from error
    return result


def _check_limits(spec: InputSpec, value: Value) -> None:
    if spec.pattern is not None and re.fullmatch(spec.pattern, str(value)) is None:
        raise ValueError(f"it does not match the pattern {spec.pattern}")
    if spec.choices is not None and not any(
        value == choice and type(value) is type(choice) for choice in spec.choices
    ):
        raise ValueError(f"it must be one of {', '.join(map(str, spec.choices))}")
    if isinstance(value, int) and not isinstance(value, bool):
        if spec.minimum is not None and value < spec.minimum:
            raise ValueError(f"it must be at least {spec.minimum}")
        if spec.maximum is not None and value > spec.maximum:
            raise ValueError(f"it must be at most {spec.maximum}")


def _to_host(value: Any) -> str:
    text = _to_text(value, MAX_HOST_CHARACTERS + 8).lower()  # room for brackets and a port
    if text.count(":") > 1 and not text.startswith("["):
        return _to_ipv6(text)
    parts = _HOST_AND_PORT.fullmatch(text)
    if parts is None:
        raise ValueError("it is not a host name, nor host:port")
    if parts["port"] is not None and not 0 < int(parts["port"]) <= _MAX_PORT:
        raise ValueError(f"its port must be from 1 to {_MAX_PORT}")
    host = parts["host"]
    if host.startswith("["):
        return _to_ipv6(host[1:-1])
    if len(host) > MAX_HOST_CHARACTERS or _HOST.fullmatch(host) is None:
        raise ValueError("it is not a host name, nor host:port")
    if host in _GROUPS:
        raise ValueError("it names a group of hosts, not a host")
    return host


def _to_ipv6(text: str) -> str:
    if "%" in text:  # a zone names an interface of the sender, it says nothing here
        raise ValueError("it is an IPv6 address with a zone")
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        raise ValueError("it is not an IPv6 address") from None


def _to_name(value: Any) -> str:
    text = _to_text(value, MAX_NAME_CHARACTERS)
    if _NAME.fullmatch(text) is None:
        raise ValueError("a name has letters, digits and _ . @ - and begins with none of . @ -")
    return text


def _to_path(value: Any) -> str:
    text = _to_text(value, MAX_PATH_CHARACTERS)
    if not text.startswith("/"):
        raise ValueError("it is not an absolute path")
    if ".." in text.split("/"):
        raise ValueError("it has a '..' in it")
    if _PATH.fullmatch(text) is None:
        raise ValueError("a path has letters, digits and _ . / @ : + , = -")
    return posixpath.normpath("/" + text.lstrip("/"))


def _to_integer(value: Any) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    raise ValueError("it is not a whole number")


def _to_boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise ValueError("it is neither true nor false")


def _to_text(value: Any, limit: int) -> str:
    if not isinstance(value, str):
        raise ValueError("it is not text")  # like every invalid value
    if len(value) > limit:
        raise ValueError(f"it is longer than {limit} characters")
    return value


def _show(value: Any) -> str:
    """A value for a message: short, and with control characters made visible."""
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


_CONVERTERS: dict[InputType, Callable[[Any], Value]] = {
    InputType.HOST: _to_host,
    InputType.NAME: _to_name,
    InputType.PATH: _to_path,
    InputType.INTEGER: _to_integer,
    InputType.BOOLEAN: _to_boolean,
}
