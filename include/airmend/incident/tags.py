"""Reading tags, and telling a value from a placeholder that its sender did not replace.

Called by the sources. Vendors write tags as a list of `key:value`, as one text with commas,
as an object, or as a list of objects; here they all become labels.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from airmend.incident.fields import LABEL_LIMIT, NAME_LIMIT, cut, read_text, storable

_PLACEHOLDERS = re.compile(
    r"""
    \{\{ .* \}\}                        # {{host.name}}: Datadog, Go and Jinja templates
    | \{ [$#?]? [A-Za-z_][\w.:\-]* \}   # {HOST.NAME}, {$MACRO}, {ProblemTitle}: Zabbix, Dynatrace
    | \{ Tags\[ [^\]]* \] \}            # {Tags[owner]}: Dynatrace, a tag that is not there
    | \$ \{ .* \}                       # ${current.number}: ServiceNow
    | \$ [A-Za-z_][\w.]* \$             # $result.host$: Splunk
    | \$ [A-Z][A-Z0-9_]*                # $HOSTNAME: Datadog's variables
    | \$ TAGS\[ [^\]]* \]               # $TAGS[env]: Datadog, a tag that is not there
    | \*UNKNOWN\*                       # Zabbix, a macro that has no value
    | <no\ value> | \[no\ value\]       # Go templates: Alertmanager, Grafana
    """,
    re.VERBOSE | re.DOTALL,
)
_NOTHING = frozenset({"", "-", "n/a", "na", "none", "null", "undefined", "unknown"})


def is_placeholder(value: object) -> bool:
    """Whether a text is a placeholder that was never replaced, so that it says nothing."""
    return _PLACEHOLDERS.fullmatch(read_text(value).strip()) is not None


def read_word(value: object) -> str:
    """A scalar as text without white space around it; "" for a placeholder and for "n/a".

    For names of hosts, services and alerts: `unknown` names none.
    """
    text = read_text(value).strip()
    return "" if text.lower() in _NOTHING or is_placeholder(text) else text


def read_tags(value: object) -> dict[str, str]:
    """Tags in any of the forms that vendors write, as labels.

    A tag without a value becomes a label with the value "true". Of a name that stands several
    times, the values are joined with commas, in their order. What is no tag is left out.
    """
    found: dict[str, list[str]] = {}

    def add(name: str, text: str) -> None:
        clean = name.strip()
        if clean and not is_placeholder(clean):
            values = found.setdefault(cut(clean, NAME_LIMIT), [])
            if text.strip() not in values:
                values.append(text.strip())

    _collect(value, add)
    return {name: cut(",".join(values), LABEL_LIMIT) for name, values in found.items()}


def _collect(value: object, add: Callable[[str, str], None]) -> None:
    if isinstance(value, str):
        for part in str(storable(value)).split(","):
            name, colon, text = part.partition(":")
            if not colon:
                name, colon, text = part.partition("=")
            add(name, text if colon else "true")
    elif isinstance(value, Mapping):
        named = value.get("key", value.get("tag", value.get("name")))
        if isinstance(named, str) and set(value) <= {"key", "tag", "name", "value", "context"}:
            add(str(storable(named)), read_text(value.get("value")) or "true")
            return
        for name, item in value.items():
            if isinstance(item, str | int | float):
                add(str(storable(str(name))), read_text(item))
    elif isinstance(value, list | tuple):
        for item in value:
            if isinstance(item, str | Mapping):
                _collect(item, add)
