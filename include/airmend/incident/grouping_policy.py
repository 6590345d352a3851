"""How near is near enough: what may be set about the grouping of alerts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from airmend.incident.pace import WavePolicy

LABEL_HOPS: Mapping[str, int] = MappingProxyType({"job": 2, "namespace": 3, "cluster": 4})
"""How near two alerts are that share a label. Others, such as a team or a severity, tie nothing;
labels that name an item, such as a pod or a host, are read as that item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupingPolicy:
    """What may be set; docs/correlation.md has the figures that each default was chosen by.

    Args:
        reach: Hops and time together, in hops, beyond which an alert does not join.
        seconds_per_hop: How much time weighs as much as one hop. With the defaults an alert
            on the same item joins for three minutes, one four hops away for one.
        max_hops: Hops in the topology beyond which nothing is related: an instance, its
            service, the service that it calls, and an instance of that are three.
        max_span_seconds: From the first to the last alert of a group. Keeps a trickle of noise
            from tying a whole day together.
        label_hops: Labels that tie alerts together, and how near they put them.
        wave: When a storm that had died down breaks out anew, as a group of its own.
    """

    reach: float = 6
    seconds_per_hop: float = 30
    max_hops: int = 4
    max_span_seconds: float = 1_800
    label_hops: Mapping[str, int] = field(default_factory=lambda: LABEL_HOPS)
    wave: WavePolicy = field(default_factory=WavePolicy)

    @property
    def horizon_seconds(self) -> float:
        """After so long without an alert a group takes no more."""
        return self.reach * self.seconds_per_hop
