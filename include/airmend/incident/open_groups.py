"""The open groups of a stream, found by the places that their alerts touch.

Pure, but for what it remembers. Called by `grouping.py`, and by intake as its memory of the
incidents that are open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from types import MappingProxyType

from airmend.incident.grouping_policy import GroupingPolicy
from airmend.incident.pace import Pace
from airmend.incident.service_graph import ServiceGraph
from airmend.incident.signals import Naming, Signal, read_naming


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an alert belongs.

    Args:
        group_id: The group.
        score: From 1, the same item at the same instant, down to 0, at the edge of the reach.
        evidence: Why, one sentence each, for people.
    """

    group_id: str
    score: float
    evidence: list[str]


def _hops(found: tuple[int, _Place]) -> int:
    return found[0]


_Place = tuple[str, ...]
"""Somewhere alerts can meet: `("item", name)`, `("label", label, value)`, `("stray", ...)`."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """An alert of a group, so many hops from the place where it can be met."""

    hops: int
    at: float
    naming: Naming
    name: str

    def is_nearer(self, other: _Mark, seconds_per_hop: float) -> bool:
        """Whether an alert of a later time meets this one rather than the other."""
        return self.at - self.hops * seconds_per_hop >= other.at - other.hops * seconds_per_hop


@dataclass(frozen=True, slots=True)
class _Link:
    """How near an alert is to a mark: hops and time together, in hops."""

    cost: float
    place: _Place
    mark: _Mark


class OpenGroups:
    """The alerts of open groups, found by the places that they touch.

    What an alert costs is bounded by the items within `max_hops`, at most
    `service_graph.NEAR_ITEMS`, and does not grow with the alerts that came before it.

    Args:
        graph: The topology.
        policy: How near is near enough.
    """

    def __init__(self, graph: ServiceGraph, policy: GroupingPolicy | None = None) -> None:
        self._graph, self._policy = graph, policy or GroupingPolicy()
        self._marks: dict[_Place, dict[str, _Mark]] = {}
        self._spans: dict[str, tuple[float, float]] = {}
        self._paces: dict[str, Pace] = {}
        self._touched: dict[str, set[_Place]] = {}
        self._latest: tuple[Signal, Naming] | None = None

    def place(self, signal: Signal) -> Placement | None:
        """The nearest group, of several the one that began first; None where none is near."""
        at, naming = signal.at.timestamp(), self._read_naming(signal)
        per_hop, span = self._policy.seconds_per_hop, self._policy.max_span_seconds
        best: tuple[float, float, str] | None = None
        link: _Link | None = None
        for hops, place in self._reach(signal, naming):
            if best is not None and hops > best[0]:
                break  # no place from here on can be nearer
            for group_id, mark in self._marks.get(place, _NO_MARKS).items():
                cost = hops + mark.hops + abs(at - mark.at) / per_hop
                if cost > self._policy.reach or (best is not None and cost > best[0]):
                    continue
                first, last = self._spans[group_id]
                if max(last, at) - min(first, at) > span or self._paces[group_id].is_over:
                    continue
                if best is None or (cost, first, group_id) < best:
                    best, link = (cost, first, group_id), _Link(cost, place, mark)
        if best is None or link is None:
            return None
        return Placement(
            best[2],
            1 - link.cost / self._policy.reach if self._policy.reach else 1.0,
            [_describe(naming, at, link, self._graph, self._policy)],
        )

    def add(self, group_id: str, signal: Signal) -> None:
        """Say that an alert is in a group; the first one opens it."""
        at, naming = signal.at.timestamp(), self._read_naming(signal)
        per_hop = self._policy.seconds_per_hop
        first, last = self._spans.get(group_id, (at, at))
        self._spans[group_id] = min(first, at), max(last, at)
        self._paces.setdefault(group_id, Pace(self._policy.wave)).add(at)
        for place, hops in self._places(signal, naming).items():
            mark = _Mark(hops, at, naming, signal.name)
            self._touched.setdefault(group_id, set()).add(place)
            marks = self._marks.setdefault(place, {})
            if group_id not in marks or mark.is_nearer(marks[group_id], per_hop):
                marks[group_id] = mark

    def forget(self, group_id: str) -> None:
        """A group takes no more alerts; one that is not known is none already."""
        self._spans.pop(group_id, None)
        self._paces.pop(group_id, None)
        for place in self._touched.pop(group_id, ()):
            marks = self._marks[place]
            del marks[group_id]
            if not marks:
                del self._marks[place]

    def sweep(self, at: datetime) -> None:
        """Forget groups that no alert from a time on can join."""
        longest = max(self._policy.max_span_seconds, self._policy.horizon_seconds)
        old = at.timestamp() - longest
        for group_id in [id_ for id_, (_, last) in self._spans.items() if last < old]:
            self.forget(group_id)

    def _read_naming(self, signal: Signal) -> Naming:
        """What a signal names; it is placed first and added then."""
        if self._latest is None or self._latest[0] is not signal:
            self._latest = signal, read_naming(signal, self._graph)
        return self._latest[1]

    def _places(self, signal: Signal, naming: Naming) -> dict[_Place, int]:
        """Where an alert leaves its mark, and how many hops it is from there."""
        places: dict[_Place, int] = {("item", other): 1 for other in naming.others}
        places.update({("item", name): 0 for name in (naming.item, naming.callee) if name})
        for label, hops in self._labels(signal):
            places["label", label, signal.labels[label]] = hops
            if not naming.is_known:
                places["stray", label, signal.labels[label]] = hops
        return places

    def _reach(self, signal: Signal, naming: Naming) -> Iterator[tuple[int, _Place]]:
        """Where an alert looks for others and how many hops that is away, the nearest first.

        Made one by one: most alerts of a storm find their group within a hop or two.
        """
        searches: list[Iterable[tuple[int, _Place]]] = []
        for place, hops in self._places(signal, naming).items():
            if place[0] == "item":
                searches.append(self._around(place[1], hops))
            elif place[0] == ("stray" if naming.is_known else "label"):
                searches.append([(0, place)])  # the mark has its hops itself
        if naming.is_known:  # an item that the topology knows meets strays by their labels
            searches += [
                [(0, ("stray", label, signal.labels[label]))] for label, _ in self._labels(signal)
            ]
        return iter(searches[0]) if len(searches) == 1 else merge(*searches, key=_hops)

    def _around(self, item: str, hops: int) -> Iterator[tuple[int, _Place]]:
        near = self._graph.near(item, self._policy.max_hops - hops) or {item: 0}
        for other, away in near.items():
            yield away + hops, ("item", other)

    def _labels(self, signal: Signal) -> Iterator[tuple[str, int]]:
        for label, hops in self._policy.label_hops.items():
            if signal.labels.get(label):
                yield label, hops


_NO_MARKS: Mapping[str, _Mark] = MappingProxyType({})


def _describe(
    naming: Naming, at: float, link: _Link, graph: ServiceGraph, policy: GroupingPolicy
) -> str:
    """A sentence such as `checkout is 2 hops from payment, where HighLatency fired 12 s before`."""
    gap = round(abs(at - link.mark.at))
    when = (
        "at the same time" if gap == 0 else f"{gap} s {'before' if link.mark.at <= at else 'after'}"
    )
    ours, theirs = naming.item or "the alert", link.mark.naming.item or "an alert"
    if link.place[0] != "item":
        label, value = link.place[1:]
        return f"{ours} and {theirs} share {label}={value}; {link.mark.name} fired there {when}"
    if ours == theirs:
        return f"{link.mark.name} fired on the same item {ours} {when}"
    hops = graph.distance(ours, theirs, policy.max_hops + 2)
    where = (
        "by way of " + link.place[1] if hops is None else f"{hops} hop{'' if hops == 1 else 's'}"
    )
    return f"{ours} is {where} from {theirs}, where {link.mark.name} fired {when}"
