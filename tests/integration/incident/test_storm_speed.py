"""A storm of 10,000 alerts is grouped and explained in seconds, on a topology of thousands."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta

import pytest

from airmend.incident.causes import rank_causes
from airmend.incident.grouping import Signal, group_signals
from airmend.incident.service_graph import ItemGraph

ALERTS = 10_000
BAR_SECONDS = 20.0
"""Of the processor; three to five times what docs/correlation.md says, for a slower machine."""


def make_topology(services: int, hosts: int) -> ItemGraph:
    """Each service calls two of the next thirty and has three instances on any host."""
    chance = random.Random(1)  # noqa: S311 - the same topology every time
    needs: dict[str, set[str]] = {}
    parts: dict[str, set[str]] = {}
    for number in range(services):
        callers = range(max(0, number - 30), number)
        for caller in chance.sample(callers, min(len(callers), 2)):
            needs.setdefault(f"s{caller}", set()).add(f"s{number}")
        for instance in range(3):
            parts.setdefault(f"s{number}", set()).add(f"s{number}-{instance}")
            needs[f"s{number}-{instance}"] = {f"h{chance.randrange(hosts)}"}
    return ItemGraph(needs, parts)


def make_storm(services: int, seconds: float) -> list[Signal]:
    chance = random.Random(2)  # noqa: S311 - the same storm every time
    storm = []
    for number in range(ALERTS):
        service = chance.randrange(services)
        labels = {"pod": f"s{service}-{chance.randrange(3)}", "cluster": "eu", "job": "node"}
        at = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(seconds=chance.uniform(0, seconds))
        name = chance.choice(["HighLatency", "Errors", "Memory"])
        storm.append(Signal(f"f{number}", name, f"s{service}", None, at, labels))
    return storm


@pytest.mark.parametrize(
    ("services", "hosts", "seconds"), [(50, 10, 600), (2_000, 300, 600), (2_000, 300, 36_000)]
)
def test_ten_thousand_alerts_take_seconds(services: int, hosts: int, seconds: float) -> None:
    graph, storm = make_topology(services, hosts), make_storm(services, seconds)
    began = time.process_time()
    groups = group_signals(storm, graph)
    rank_causes(max(groups, key=len), graph)
    took = time.process_time() - began
    assert sum(map(len, groups)) == ALERTS
    assert took < BAR_SECONDS, f"{took:.1f} s for {len(groups):,} groups"
