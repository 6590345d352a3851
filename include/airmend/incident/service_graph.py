"""What depends on what, as grouping and the ranking of causes ask it.

Owns the protocol `ServiceGraph` and one implementation of it, `ItemGraph`, over two relations:
an item needs others (a service needs the services that it calls, an instance needs the host
that it runs on), and a service has parts (its instances). It knows no file: orchestration makes
it from the topology, `airmend evaluate storm` from what it was given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from types import MappingProxyType
from typing import Protocol

NEAR_ITEMS = 1_000
"""Items that a search for neighbours finds at most, the nearest: it bounds what an alert costs."""
CACHED_ITEMS = 1_024
"""Items whose neighbours are kept; a storm comes from few of them."""

Relation = Mapping[str, Iterable[str]]
_NOTHING: frozenset[str] = frozenset()


class ServiceGraph(Protocol):
    """Configuration items and services, by name, and how they hang together."""

    def items(self) -> AbstractSet[str]:
        """Every item that is known."""

    def near(self, item: str, limit: int) -> Mapping[str, int]:
        """Items within so many hops in any direction, with the hops; the item itself is 0."""

    def distance(self, a: str, b: str, limit: int) -> int | None:
        """Hops between two items in any direction; None when there are more than the limit."""

    def is_upstream(self, cause: str, effect: str) -> bool:
        """Whether the effect depends on the cause, over any number of steps."""

    def effects(self, cause: str) -> AbstractSet[str]:
        """Everything that can show the failure of an item, without the item."""

    def needs(self, item: str) -> AbstractSet[str]:
        """Items that this one needs directly."""

    def needed_by(self, item: str) -> AbstractSet[str]:
        """Items that need this one directly."""

    def parts(self, item: str) -> AbstractSet[str]:
        """The instances of a service."""

    def wholes(self, item: str) -> AbstractSet[str]:
        """The services that an item is an instance of."""


class ItemGraph:
    """A `ServiceGraph` in memory.

    Args:
        needs: What each item needs directly; circles are allowed.
        parts: The instances of each service.
        items: Items that stand in neither relation.
    """

    def __init__(self, needs: Relation, parts: Relation, items: Iterable[str] = ()) -> None:
        self._needs, self._parts = _without_self(needs), _without_self(parts)
        self._needed_by = _turned(self._needs)
        self._wholes = _turned(self._parts)
        self._neighbours = {
            # sorted, so that a search that is cut sees the same items every time
            item: tuple(sorted(others))
            for item, others in _joined(self._needs, self._parts).items()
        }
        self._items = frozenset(self._neighbours).union(items)
        self._near = lru_cache(CACHED_ITEMS)(self._search_near)
        self._effects = lru_cache(CACHED_ITEMS)(self._search_effects)

    def items(self) -> AbstractSet[str]:
        """Every item that is known."""
        return self._items

    def near(self, item: str, limit: int) -> Mapping[str, int]:
        """Items within so many hops in any direction, at most `NEAR_ITEMS`, the nearest first.

        Returns:
            Hops by item, ascending, the item itself with 0; empty for one that is not known.
        """
        return self._near(item, limit)

    def distance(self, a: str, b: str, limit: int) -> int | None:
        """Hops between two items in any direction; None when there are more than the limit."""
        return self._near(a, limit).get(b)

    def is_upstream(self, cause: str, effect: str) -> bool:
        """Whether the effect depends on the cause, over any number of steps."""
        return effect in self._effects(cause)

    def effects(self, cause: str) -> AbstractSet[str]:
        """Everything that can show the failure of an item, without the item.

        These are what needs it, the services that it is an instance of, and so on; an instance
        shows what its service suffers from, but not what another instance does.
        """
        return self._effects(cause)

    def needs(self, item: str) -> AbstractSet[str]:
        """Items that this one needs directly."""
        return self._needs.get(item, _NOTHING)

    def needed_by(self, item: str) -> AbstractSet[str]:
        """Items that need this one directly."""
        return self._needed_by.get(item, _NOTHING)

    def parts(self, item: str) -> AbstractSet[str]:
        """The instances of a service."""
        return self._parts.get(item, _NOTHING)

    def wholes(self, item: str) -> AbstractSet[str]:
        """The services that an item is an instance of."""
        return self._wholes.get(item, _NOTHING)

    def _search_near(self, item: str, limit: int) -> Mapping[str, int]:
        if item not in self._items:
            return MappingProxyType({})
        found, edge = {item: 0}, [item]
        for hops in range(1, limit + 1):
            beyond = []
            for each in edge:
                for neighbour in self._neighbours.get(each, ()):
                    if neighbour not in found:
                        if len(found) >= NEAR_ITEMS:
                            return MappingProxyType(found)
                        found[neighbour] = hops
                        beyond.append(neighbour)
            edge = beyond
        return MappingProxyType(found)

    def _search_effects(self, cause: str) -> frozenset[str]:
        found = set(self.parts(cause))
        waiting = [*self.needed_by(cause), *self.wholes(cause)]
        while waiting:
            item = waiting.pop()
            if item not in found:
                found.add(item)
                waiting += [*self.needed_by(item), *self.wholes(item)]
        return frozenset(found - {cause})


def _without_self(relation: Relation) -> dict[str, frozenset[str]]:
    return {item: frozenset(others) - {item} for item, others in relation.items()}


def _turned(relation: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    turned: dict[str, set[str]] = {}
    for item, others in relation.items():
        for other in others:
            turned.setdefault(other, set()).add(item)
    return turned


def _joined(*relations: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    joined: dict[str, set[str]] = {}
    for relation in relations:
        for item, others in relation.items():
            joined.setdefault(item, set())
            for other in others:
                joined[item].add(other)
                joined.setdefault(other, set()).add(item)
    return joined
