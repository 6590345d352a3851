"""How well a storm was grouped and explained, beside two plain ways of doing it."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from airmend.cli.storm.recording import Recording
from airmend.incident.causes import Cause, rank_causes
from airmend.incident.grouping import group_signals
from airmend.incident.service_graph import ServiceGraph
from airmend.incident.signals import Signal, read_naming

GAP_SECONDS = 120
"""The plain way of grouping: a new group after so long without an alert."""
PAST_GROUPS = 500
"""Earlier groups that ranking is given, the latest ones."""


@dataclass(frozen=True)
class GroupingFigures:
    """How well alerts were grouped; `rand_index` is None where fewer than two faults are known."""

    groups: int
    rand_index: float | None


@dataclass(frozen=True)
class CauseFigures:
    """In which share of the faults the cause was first, and among the first three."""

    faults: int
    top_1: float
    top_3: float


@dataclass(frozen=True)
class Ranked:
    """What was said of one fault; `place` is where its cause was among the candidates, from 1."""

    fault: str
    cause: str
    place: int | None
    first: Cause | None


@dataclass(frozen=True)
class Measurement:
    """Everything that was measured; times in seconds of the processor."""

    alerts: int
    faults: int
    grouping: GroupingFigures
    gap: GroupingFigures
    causes: CauseFigures | None
    causes_by_level: Mapping[str, CauseFigures]
    most_alerts: CauseFigures | None
    ranked: Sequence[Ranked]
    grouping_seconds: float
    ranking_seconds: float


def measure(recording: Recording) -> Measurement:
    """Group a recording, rank the causes of its groups, and compare with the truth.

    A fault is judged by the group that holds most of its alerts, of several the first. Ranking
    is given the groups that had ended before this one began, as it would be live.
    """
    graph = recording.relations.graph()
    fault_of = {id(alert.signal): alert.fault for alert in recording.alerts}
    stream = sorted((alert.signal for alert in recording.alerts), key=lambda s: s.at)

    began = time.process_time()
    groups = group_signals(stream, graph)
    grouped = time.process_time()
    best = _best_groups(groups, fault_of)
    rankings = _rank({best[id_] for id_ in best}, groups, graph)
    ranked = _judge(recording, best, rankings)
    ended = time.process_time()

    gaps = gap_groups(stream)
    busiest = {
        index: _by_alerts(gaps[index], graph)
        for index in set(_best_groups(gaps, fault_of).values())
    }
    plain = _judge(recording, _best_groups(gaps, fault_of), busiest)
    levels = sorted({fault.level for fault in recording.faults.values() if fault.level})
    return Measurement(
        alerts=len(stream),
        faults=len(recording.faults),
        grouping=_rate_groups(groups, fault_of),
        gap=_rate_groups(gaps, fault_of),
        causes=_rate(ranked),
        causes_by_level={
            level: rate
            for level in levels
            if (rate := _rate([r for r in ranked if recording.faults[r.fault].level == level]))
        },
        most_alerts=_rate(plain),
        ranked=ranked,
        grouping_seconds=grouped - began,
        ranking_seconds=ended - grouped,
    )


def adjusted_rand_index(a: Sequence[Hashable], b: Sequence[Hashable]) -> float:
    """How far two ways of dividing the same things agree: 1 wholly, 0 as by chance.

    Source: Hubert and Arabie, Comparing partitions, Journal of Classification 2 (1985).
    """

    def pairs(counts: Counter[Hashable]) -> float:
        return sum(number * (number - 1) / 2 for number in counts.values())

    together = pairs(Counter(zip(a, b, strict=True)))
    in_a, in_b = pairs(Counter(a)), pairs(Counter(b))
    every = len(a) * (len(a) - 1) / 2
    expected = in_a * in_b / every if every else 0.0
    highest = (in_a + in_b) / 2
    return 1.0 if highest == expected else (together - expected) / (highest - expected)


def gap_groups(stream: Sequence[Signal]) -> list[list[Signal]]:
    """Groups by time alone: a new one after `GAP_SECONDS` without an alert."""
    groups: list[list[Signal]] = []
    for signal in stream:
        if groups and (signal.at - groups[-1][-1].at).total_seconds() <= GAP_SECONDS:
            groups[-1].append(signal)
        else:
            groups.append([signal])
    return groups


def _rate_groups(
    groups: Sequence[Sequence[Signal]], fault_of: Mapping[int, str | None]
) -> GroupingFigures:
    pairs = [
        (fault, index)
        for index, group in enumerate(groups)
        for signal in group
        if (fault := fault_of[id(signal)]) is not None
    ]
    if len({fault for fault, _ in pairs}) < 2:
        return GroupingFigures(len(groups), None)
    truth, found = zip(*pairs, strict=True)
    return GroupingFigures(len(groups), adjusted_rand_index(truth, found))


def _best_groups(
    groups: Sequence[Sequence[Signal]], fault_of: Mapping[int, str | None]
) -> dict[str, int]:
    """Of each fault, the group that holds most of its alerts."""
    counts: dict[str, Counter[int]] = {}
    for index, group in enumerate(groups):
        for signal in group:
            fault = fault_of[id(signal)]
            if fault is not None:
                counts.setdefault(fault, Counter())[index] += 1
    return {fault: min(c, key=lambda index: (-c[index], index)) for fault, c in counts.items()}


def _rank(
    wanted: set[int], groups: Sequence[Sequence[Signal]], graph: ServiceGraph
) -> dict[int, list[Cause]]:
    by_end = sorted(groups, key=lambda group: group[-1].at)
    ends = [group[-1].at for group in by_end]
    fingerprints = [frozenset(signal.fingerprint for signal in group) for group in by_end]
    rankings = {}
    for index in wanted:
        ended = bisect_left(ends, groups[index][0].at)
        past = fingerprints[max(0, ended - PAST_GROUPS) : ended]
        rankings[index] = rank_causes(groups[index], graph, past)
    return rankings


def _by_alerts(group: Sequence[Signal], graph: ServiceGraph) -> list[Cause]:
    """The plain way of naming the cause: the item with the most alerts."""
    counts = Counter(read_naming(signal, graph).item for signal in group)
    ordered = sorted(counts, key=lambda item: (-counts[item], item))
    return [Cause(item, counts[item], []) for item in ordered]


def _judge(
    recording: Recording, best: Mapping[str, int], rankings: Mapping[int, Sequence[Cause]]
) -> list[Ranked]:
    ranked = []
    for id_, fault in recording.faults.items():
        if fault.cause is None:
            continue
        causes = rankings[best[id_]] if id_ in best else ()
        names = [cause.item for cause in causes]
        place = names.index(fault.cause) + 1 if fault.cause in names else None
        ranked.append(Ranked(id_, fault.cause, place, next(iter(causes), None)))
    return ranked


def _rate(ranked: Sequence[Ranked]) -> CauseFigures | None:
    if not ranked:
        return None
    return CauseFigures(
        faults=len(ranked),
        top_1=sum(each.place == 1 for each in ranked) / len(ranked),
        top_3=sum(each.place is not None and each.place <= 3 for each in ranked) / len(ranked),
    )
