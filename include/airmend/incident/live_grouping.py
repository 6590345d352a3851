"""Grouping as intake uses it: asked about one alert after the other, among groups that it is shown.

Pure, but for what it remembers of the groups that it was shown before, so that only what is new
is read. The groups themselves are the records' and not changed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from airmend.incident.grouping import Group, GroupingPolicy, OpenGroups, Placement
from airmend.incident.service_graph import ServiceGraph
from airmend.incident.signals import Signal


@dataclass(frozen=True, slots=True)
class _Read:
    """How far a group was read: so many signals, the last of which was this one."""

    number: int
    last: Signal


class LiveGrouping:
    """Groups with a topology and a policy.

    For one thread at a time. What an alert costs grows with the number of groups by one
    comparison each, and with the alerts that came to them since the last question.

    Args:
        graph: The topology.
        policy: How near is near enough.
    """

    def __init__(self, graph: ServiceGraph, policy: GroupingPolicy | None = None) -> None:
        self._graph, self._policy = graph, policy or GroupingPolicy()
        self._memory = OpenGroups(graph, self._policy)
        self._read: dict[str, _Read] = {}

    @property
    def window(self) -> timedelta:
        """Older signals are no neighbours."""
        return timedelta(seconds=self._policy.max_span_seconds)

    def is_upstream(self, cause: str, effect: str) -> bool:
        """Whether the effect depends on the cause, over any number of steps."""
        return self._graph.is_upstream(cause, effect)

    def place(self, signal: Signal, groups: Sequence[Group]) -> Placement | None:
        """The group that an alert belongs to; None when it stands alone.

        Gives what `place_signal` gives.

        Args:
            signal: The alert.
            groups: All open groups, each with its signals in the order in which they came.
        """
        for group_id in self._read.keys() - {group.id for group in groups}:
            self._forget(group_id)
        for group in groups:
            self._follow(group)
        return self._memory.place(signal)

    def _follow(self, group: Group) -> None:
        """Read what came to a group; all of it where what was read before was taken back."""
        if not group.signals:
            return
        read = self._read.get(group.id)
        start = 0 if read is None else read.number
        if read is not None and (
            len(group.signals) < start or group.signals[start - 1] is not read.last
        ):
            self._forget(group.id)
            start = 0
        for signal in group.signals[start:]:
            self._memory.add(group.id, signal)
        self._read[group.id] = _Read(len(group.signals), group.signals[-1])

    def _forget(self, group_id: str) -> None:
        self._memory.forget(group_id)
        del self._read[group_id]
