"""Which open group an alert belongs to: by distance in the topology, time and shared labels.

Pure. `place_signal` decides for one alert, `OpenGroups` the same for a stream in bounded time an
alert, `group_signals` for a recorded storm. Called by intake, which decides further whether an
alert may join the incident of the group, and by `airmend evaluate storm`.

An alert is as far from a group as the nearest alert in it: hops in the topology, plus one hop
for every `seconds_per_hop` between the two. Where the topology knows both, it alone decides;
labels count where it does not know one of them. Groups are never merged: an incident that has a
change of its own cannot become another one. Source: docs/adr/0008-correlation.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from airmend.incident.grouping_policy import GroupingPolicy
from airmend.incident.open_groups import OpenGroups, Placement
from airmend.incident.service_graph import ServiceGraph
from airmend.incident.signals import Signal

__all__ = [
    "Group",
    "GroupingPolicy",
    "OpenGroups",
    "Placement",
    "Signal",
    "group_signals",
    "place_signal",
]

_SWEEP_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class Group:
    """An open group, or incident: its id, and its alerts in the order in which they came."""

    id: str
    signals: Sequence[Signal]


def place_signal(
    signal: Signal,
    groups: Iterable[Group],
    graph: ServiceGraph,
    policy: GroupingPolicy | None = None,
) -> Placement | None:
    """Find the open group that an alert belongs to.

    Reads every alert of every group; for many alerts in a row, `OpenGroups` remembers them.

    Args:
        signal: The alert.
        groups: The open groups, in any order.
        graph: The topology.
        policy: How near is near enough.

    Returns:
        The nearest group, of several the one that began first; None where none is near.
    """
    memory = OpenGroups(graph, policy)
    for group in groups:
        for member in group.signals:
            memory.add(group.id, member)
    return memory.place(signal)


def group_signals(
    signals: Iterable[Signal], graph: ServiceGraph, policy: GroupingPolicy | None = None
) -> list[list[Signal]]:
    """Group a recorded stream, as it would have been grouped live.

    Returns:
        The groups in the order of their first alerts, each in the order of time. The order of
        `signals` does not matter, also not of those at the same instant.
    """
    memory, groups = OpenGroups(graph, policy), dict[str, list[Signal]]()
    for number, signal in enumerate(sorted(signals, key=_in_time), start=1):
        placement = memory.place(signal)
        group_id = f"{len(groups):09d}" if placement is None else placement.group_id
        memory.add(group_id, signal)
        groups.setdefault(group_id, []).append(signal)
        if number % _SWEEP_EVERY == 0:
            memory.sweep(signal.at)
    return list(groups.values())


def _in_time(signal: Signal) -> tuple[float, str, str, str, str]:
    return (
        signal.at.timestamp(),
        signal.fingerprint,
        signal.name,
        signal.service or "",
        signal.host or "",
    )
