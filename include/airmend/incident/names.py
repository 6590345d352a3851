"""The names of services and hosts that a text may mention, and how people write them.

Called by whoever has the topology and the inventory; used by `mentions.py`. Pure: nothing is read
here. An alias that two names share is kept with both, so that nobody guesses.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from airmend.incident.words import fold

_SEPARATORS = re.compile(r"[\s._-]+")

MAX_NAME_WORDS = 6
"""Words of a name that are compared; services are not called by sentences."""


class KnownNames:
    """Services and hosts by every form of their names.

    Args:
        services: Names, each with other names that people use for it.
        hosts: Names as the inventory has them, each with other names and addresses. The short
            name of a full one need not be given.
    """

    def __init__(
        self,
        services: Mapping[str, Iterable[str]] | None = None,
        hosts: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        self._services: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self._beginnings: set[str] = set()
        self._hosts: dict[str, set[str]] = defaultdict(set)
        self._short_hosts: dict[str, set[str]] = defaultdict(set)
        for name, aliases in (services or {}).items():
            for each in (name, *aliases):
                if parts := name_parts(each):
                    self._services[parts].add(name)
                    self._beginnings.add(parts[0])
        for name, aliases in (hosts or {}).items():
            for each in (name, *aliases):
                if not (key := fold(each.strip())):
                    continue
                self._hosts[key].add(name)
                short = key.partition(".")[0]
                if short != key and not short.isdigit():
                    self._short_hosts[short].add(name)

    def services_called(self, parts: tuple[str, ...]) -> frozenset[str]:
        """The services with a name of exactly these parts."""
        return frozenset(self._services.get(parts, ()))

    def may_begin_service(self, part: str) -> bool:
        """Whether a service's name begins with this part."""
        return part in self._beginnings

    def hosts_called(self, word: str) -> frozenset[str]:
        """The hosts with exactly this name, other name or address, folded."""
        return frozenset(self._hosts.get(word, ()))

    def hosts_with_short_name(self, word: str) -> frozenset[str]:
        """The hosts whose full name begins with this one, folded: `web1` of `web1.example.com`."""
        return frozenset(self._short_hosts.get(word, ()))


def name_parts(name: str) -> tuple[str, ...]:
    """The words of a name: `payment-api`, `payment_api` and `Payment API` have the same."""
    parts = tuple(part for part in _SEPARATORS.split(fold(name)) if part)
    return parts if len(parts) <= MAX_NAME_WORDS else ()
