"""A sender's object, read field by field; what nobody asked for is left over and kept.

Called by the sources whose senders let people write the payload's keys themselves, or leave
fields out: the same value comes as `Problem URL`, `ProblemURL` and `problem_url`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from airmend.errors import PayloadError
from airmend.incident import fields, tags, times
from airmend.incident.model import fingerprint_labels

_KEY_LIMIT = 100
_NEVER_IN_A_HOST = frozenset("{}<>[]$*,")


def fingerprint_key(source: str, *parts: str) -> str:
    """A fingerprint from a sender's own key; a key that is too long is hashed.

    Args:
        source: Name of the source, which every fingerprint begins with.
        parts: What identifies the alert at its sender; at least one is not empty.
    """
    key = ":".join(parts)
    return f"{source}:{key if len(key) <= _KEY_LIMIT else fingerprint_labels(source, key, {})}"


def first_word(labels: Mapping[str, str], *names: str) -> str:
    """The first of these labels that names something; "" where none does."""
    found = next((word for name in names if (word := tags.read_word(labels.get(name)))), "")
    return fields.cut(found, fields.NAME_LIMIT)


def first_host(labels: Mapping[str, str], *names: str) -> str | None:
    """The first of these labels that names one host, without its port; None where none does."""
    return next((host for name in names if (host := read_host_word(labels.get(name)))), None)


def read_host_word(value: object) -> str | None:
    """One host without its port; None for several, for none, and for a placeholder anywhere."""
    host = tags.read_word(fields.read_host(tags.read_word(value)))
    return None if not host or _NEVER_IN_A_HOST & set(host) else host


class Document:
    """An object from outside.

    A field is found by its name whatever its case, and with or without spaces, points, dashes
    and underscores. What says nothing counts as not sent: null, an empty text, list or object,
    a placeholder that the sender did not replace. Each method takes several names and gives
    the value of the first that can be read that way.

    Args:
        value: The decoded JSON.
        place: Where it stands, for messages; "" for the whole document.

    Raises:
        PayloadError: It is no object.
    """

    def __init__(self, value: object, place: str = "") -> None:
        self._fields = fields.read_object(value, place)
        self._place = place
        self._parts: dict[str, Document] = {}
        self._read: set[str] = set()
        self._keys: dict[str, list[str]] = {}
        for key in self._fields:
            self._keys.setdefault(_fold(key), []).append(key)

    def holds_placeholder(self, *names: str) -> bool:
        """Whether one of these fields was sent with a placeholder in the place of its value."""
        keys = [key for name in names for key in self._keys.get(_fold(name), ())]
        return any(tags.is_placeholder(self._fields[key]) for key in keys)

    def place_of(self, name: str) -> str:
        """The path of a field, as a message names it."""
        return f"{self._place}.{name}" if self._place else name

    def __contains__(self, name: str) -> bool:
        return _fold(name) in self._keys

    def peek(self, *names: str) -> Any:
        """A value of any kind, which stays in the rest; None where there is none."""
        return next((self._fields[key] for key in self._sent(names)), None)

    def take(self, *names: str) -> Any:
        """A value of any kind; None where there is none."""
        return next((self._take(key) for key in self._sent(names)), None)

    def items(self, name: str) -> list[Any]:
        """A list of at most `fields.MAX_ALERTS` entries.

        Raises:
            PayloadError: It is missing, something else, or longer.
        """
        key = next(iter(self._keys.get(_fold(name), ())), name)
        self._read.add(key)
        return fields.read_alert_list(self._fields.get(key), self.place_of(name))

    def text(self, *names: str) -> str:
        """A scalar as text; "" where there is none."""
        for key in self._sent(names):
            if text := fields.read_text(self._fields[key]).strip():
                self._take(key)
                return text
        return ""

    def word(self, *names: str) -> str:
        """A name: a scalar as text; "" where there is none and for "n/a"."""
        for key in self._sent(names):
            if word := tags.read_word(self._fields[key]):
                self._take(key)
                return word
        return ""

    def require(self, name: str, *others: str, remedy: str) -> str:
        """A name that must be there.

        Raises:
            PayloadError: It is missing, or no scalar; names the first of the names.
        """
        word = self.word(name, *others)
        if not word:
            raise PayloadError(self.place_of(name), f"is missing; {remedy}")
        return word

    def host(self, *names: str) -> str | None:
        """A host without its port; None where there is none, or a placeholder is part of it."""
        for key in self._sent(names):
            if host := read_host_word(self._fields[key]):
                self._take(key)
                return host
        return None

    def link(self, *names: str) -> str | None:
        """An address that a person may click; None where there is none."""
        for key in self._sent(names):
            if link := fields.read_link(self._fields[key]):
                self._take(key)
                return link
        return None

    def moment(self, *names: str) -> datetime | None:
        """A time in any form of `times.py`; one that cannot be read stays in the rest."""
        for key in self._sent(names):
            value = self._fields[key]
            moment = times.read_epoch(value) or times.read_time(value) or times.read_go_time(value)
            if moment is not None or times.is_unset_time(value):
                self._take(key)
            if moment is not None:
                return moment
        return None

    def part(self, *names: str) -> Document:
        """An object inside this one; an empty one where there is none. Its rest is in this rest."""
        for key in self._sent(names):
            if key in self._parts:
                return self._parts[key]
            if isinstance(self._fields[key], dict):
                self._parts[key] = Document(self._fields[key], self.place_of(key))
                return self._parts[key]
        return Document({}, self.place_of(names[0]))

    def rest(self) -> dict[str, Any]:
        """What was not read, by the sender's own names, as `Alert.unmapped` keeps it."""
        left = {key: value for key, value in self._fields.items() if key not in self._read}
        return fields.without_empty(
            left | {key: part.rest() for key, part in self._parts.items() if key not in self._read}
        )

    def _sent(self, names: tuple[str, ...]) -> Iterator[str]:
        for name in names:
            for key in self._keys.get(_fold(name), ()):
                value = self._fields[key]
                if value not in (None, [], {}) and not _says_nothing(value):
                    yield key

    def _take(self, key: str) -> Any:
        self._read.add(key)
        return self._fields[key]


def _fold(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum()) or name


def _says_nothing(value: object) -> bool:
    return isinstance(value, str) and (not value.strip() or tags.is_placeholder(value))
