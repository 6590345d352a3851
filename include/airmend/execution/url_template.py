"""The URL of an HTTP check, filled in for one target.

Owns the placeholders of `HttpCheck.url`; every value is data and cannot leave its place.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from airmend.change.model import Target
from airmend.errors import InputError

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def fill_url(template: str, target: Target, inputs: Mapping[str, Any]) -> str:
    """Put a target's and an incident's values into the URL of a check.

    Args:
        template: As in `runbook.yaml`, with `{host.name}`, `{host.address}`, `{vars.NAME}`
            and `{inputs.NAME}`.
        target: The host that is checked.
        inputs: The resolved inputs of the runbook.

    Returns:
        The URL; each value is percent-encoded whole, an IPv6 address stands in brackets.

    Raises:
        InputError: A placeholder is unknown, or its value is missing, empty, a list, or would
            change the path ("." and "..").
    """
    url = _PLACEHOLDER.sub(lambda match: _quoted(match[1], target, inputs), template)
    rest = _PLACEHOLDER.sub("", template)
    if "{" in rest or "}" in rest:
        raise InputError(
            f"url '{template}' has a brace without its partner. "
            "Write placeholders as {host.address}, and other braces as %7B and %7D."
        )
    return url


def _quoted(placeholder: str, target: Target, inputs: Mapping[str, Any]) -> str:
    value = _value(placeholder, target, inputs)
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int) or value in {"", ".", ".."}:
        raise InputError(
            f"{{{placeholder}}} of target '{target.name}' is {value!r}, which cannot stand "
            "in a URL. Give it a text or a number."
        )
    text = str(value)
    if placeholder == "host.address" and _is_ipv6(text):
        return f"[{text}]"
    return quote(text, safe="")


def _value(placeholder: str, target: Target, inputs: Mapping[str, Any]) -> Any:
    room, _, name = placeholder.partition(".")
    known: dict[str, Mapping[str, Any]] = {
        "host": {"name": target.name, "address": target.address},
        "vars": target.variables,
        "inputs": inputs,
    }
    if room not in known or (room == "host" and name not in known["host"]):
        raise InputError(
            f"{{{placeholder}}} is not a placeholder. "
            "Use {host.name}, {host.address}, {vars.NAME} or {inputs.NAME}."
        )
    if name not in known[room]:
        what = "inventory variable" if room == "vars" else "input"
        raise InputError(
            f"target '{target.name}' has no {what} '{name}', which the URL of a check needs. "
            "Define it, or take another placeholder."
        )
    return known[room][name]


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False
