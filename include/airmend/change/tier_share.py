"""How many hosts of a tier may be worked on at once, over all changes.

A tier is how much the business needs a service (topology): work on many of its hosts at the same
time takes away what they could do for each other. Pure; called by orchestration's `sharing`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from airmend.change.topology import Topology

UNLISTED = 0
"""Stands for hosts that no service lists: nobody knows their tier, so few go at a time."""


@dataclass(frozen=True)
class Share:
    """What a change may take of the tiers.

    Args:
        at_once: Hosts that it may work on at a time; 0 while it has to wait.
        by_tier: How many of them belong to each tier at most.
        full: Tiers that have no place left, in order.
    """

    at_once: int
    by_tier: Mapping[int, int]
    full: tuple[int, ...] = ()


def count_tiers(topology: Topology, hosts: Iterable[str]) -> dict[int, int]:
    """How many of these hosts each tier has; one that serves several counts as the gravest."""
    counts: dict[int, int] = {}
    for host in set(hosts):
        service = topology.service_of(host)
        tier = UNLISTED if service is None else service.tier
        counts[tier] = counts.get(tier, 0) + 1
    return counts


def limit_tiers(topology: Topology, share: float, unlisted: int = 1) -> dict[int, int]:
    """How many hosts of each tier may be worked on at once: the share of them, and at least one.

    Args:
        topology: The services of the installation.
        share: Above 0, at most 1.
        unlisted: How many of the hosts that no service lists.
    """
    counts = count_tiers(topology, topology.hosts)
    # the tolerance keeps 0.1 of 30 at 3
    limits = {tier: max(1, math.floor(share * count + 1e-9)) for tier, count in counts.items()}
    return limits | {UNLISTED: unlisted}


def find_share(
    wanted: Mapping[int, int], limits: Mapping[int, int], used: Mapping[int, int]
) -> Share:
    """What is left for a change.

    Args:
        wanted: Its hosts by tier; at least one.
        limits: How many hosts of each tier may be worked on at once.
        used: How many others work on now.

    Returns:
        The most hosts at a time with which no tier comes above its limit, whichever of its
        hosts the change takes together.
    """
    left = {tier: limits.get(tier, 1) - used.get(tier, 0) for tier in wanted}
    if full := tuple(sorted(tier for tier in wanted if left[tier] < 1)):
        return Share(0, {}, full)
    tight = [left[tier] for tier in wanted if wanted[tier] > left[tier]]
    at_once = min([*tight, sum(wanted.values())])
    return Share(at_once, {tier: min(at_once, count) for tier, count in wanted.items()})
