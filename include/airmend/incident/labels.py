"""Labels from what a sender sends in several places and forms, and the one value among several.

Called by the sources whose senders have no labels as such, but dimensions, tags and columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from airmend.incident import fields, tags
from airmend.incident.document import read_host_word


def join_values(value: object) -> str:
    """A scalar, or a list of them, as one text with commas; "" for anything else.

    Several values keep their order; what is there twice is said once.
    """
    if not isinstance(value, list | tuple):
        return fields.read_text(value).strip()
    texts = (fields.read_text(item).strip() for item in value)
    return ",".join(dict.fromkeys(text for text in texts if text))


def merge_labels(*parts: Mapping[str, object], limit: int = fields.LABEL_LIMIT) -> dict[str, str]:
    """One set of labels; of a name that stands in several parts, the first says what counts.

    Lists are joined. What has no value as text is left out, so that it names nothing.
    """
    labels: dict[str, str] = {}
    for part in parts:
        for name, value in part.items():
            key = fields.cut(str(fields.storable(str(name))), fields.NAME_LIMIT)
            text = join_values(value)
            if key.strip() and text:
                labels.setdefault(key, fields.cut(text, limit))
    return labels


def read_pairs(value: object) -> dict[str, str]:
    """Labels of a list of pairs: `["name", "value"]`, or an object with a name and a value.

    The keys of such an object may be of any case, and `key` stands for `name`. Of a name that
    comes several times, the values are joined.
    """
    found: dict[str, list[str]] = {}
    for item in value if isinstance(value, list | tuple) else ():
        name, text = _read_pair(item)
        if name:
            found.setdefault(name, []).append(text)
    return merge_labels(found)


def only_word(value: object) -> str:
    """The name that a list has, when all of its entries say the same; else ""."""
    words = {tags.read_word(item) for item in value} if isinstance(value, list | tuple) else set()
    if isinstance(value, str | int | float):
        words = {tags.read_word(value)}
    words.discard("")
    return words.pop() if len(words) == 1 else ""


def read_machine(value: object) -> str | None:
    """One host without its port; None for a title with spaces, and for a path."""
    host = read_host_word(only_word(value))
    return None if host is None or "/" in host or any(map(str.isspace, host)) else host


def first_machine(values: Iterable[object]) -> str | None:
    """The first value that names one host; None where none does."""
    return next((host for value in values if (host := read_machine(value))), None)


def last_segment(value: object) -> str:
    """What a path such as `projects/1/instances/web1` ends in; a name without one as it is."""
    return fields.read_text(value).rstrip("/").rpartition("/")[2]


def _read_pair(item: object) -> tuple[str, str]:
    if isinstance(item, list | tuple) and len(item) == 2:
        return fields.read_text(item[0]).strip(), fields.read_text(item[1])
    if isinstance(item, Mapping):
        folded = {str(key).casefold(): entry for key, entry in item.items()}
        name = folded.get("name", folded.get("key"))
        return fields.read_text(name).strip(), join_values(folded.get("value"))
    return "", ""
