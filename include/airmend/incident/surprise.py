"""How much one alert of an incident says: an unusual and early alert says more than the others.

Pure; called by `causes.py`. The unit is the bit: an alert that fires in every other incident is
worth one, in one of eight three, in each none.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from airmend.incident.service_graph import ServiceGraph
from airmend.incident.signals import Signal, read_naming

REMEMBERED_HALF_LIVES = 5
"""An earlier incident whose weight has halved so often (to 3 %) is not looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurprisePolicy:
    """What may be set; docs/correlation.md has the figures that each default was chosen by.

    Args:
        memory_half_life: After so many comparable incidents an earlier one counts half. Short,
            so that an alert that has just become common is no longer news.
        peer_weight: How many incidents of memory the share of items that show the same alert
            now is worth. Decides alone while there is no memory.
        head_start_seconds: An alert that comes so much later than the first counts half.
    """

    memory_half_life: float = 8
    peer_weight: float = 10
    head_start_seconds: float = 90


@dataclass(frozen=True, slots=True)
class Finding:
    """One alert, and what it is worth.

    Args:
        signal: The alert.
        item: The item that it speaks against.
        observer: The item that it was seen on, when that is another one.
        bits: What it is worth, at least 0.
        seconds: How long after the first alert of the incident it came.
        seen: In how many of the comparable incidents it was.
        comparable: How many of these there are.
        peers: How many items show an alert of the same name now.
        items: How many items show any.
    """

    signal: Signal
    item: str
    observer: str | None
    bits: float
    seconds: float
    seen: int
    comparable: int
    peers: int
    items: int


def weigh_signals(
    signals: Sequence[Signal],
    graph: ServiceGraph,
    past: Sequence[Collection[str]],
    policy: SurprisePolicy,
) -> list[Finding]:
    """Find out what each alert of an incident is worth.

    An alert counts once, at its first firing. Its chance to be there anyway is estimated from
    earlier incidents, the recent ones more, with the share of items that show it now as a prior;
    its worth is minus the logarithm of that chance, halved every `head_start_seconds`.

    Args:
        signals: The alerts of the incident, in any order.
        graph: The topology.
        past: The fingerprints of earlier incidents, one collection each, the oldest first.
            Those that share none with this incident are other systems' and say nothing.
        policy: The weights.
    """
    firsts: dict[str, Signal] = {}
    for signal in sorted(signals, key=lambda each: (each.at, each.fingerprint)):
        firsts.setdefault(signal.fingerprint, signal)
    if not firsts:
        return []
    named = [(signal, read_naming(signal, graph)) for signal in firsts.values()]
    items = {item for _, naming in named for item in (naming.item, naming.blamed)}
    showing: dict[str, set[str]] = {}
    for signal, naming in named:
        showing.setdefault(signal.name, set()).add(naming.blamed)
    memory = _Memory(firsts, past, policy.memory_half_life)
    began_at = min(signal.at for signal in firsts.values())
    findings = []
    for signal, naming in named:
        peers = len(showing[signal.name])
        seconds = (signal.at - began_at).total_seconds()
        chance = memory.chance(signal.fingerprint, peers / len(items), policy.peer_weight)
        findings.append(
            Finding(
                signal=signal,
                item=naming.blamed,
                observer=naming.item if naming.blamed != naming.item else None,
                bits=-math.log2(chance) * 0.5 ** (seconds / policy.head_start_seconds),
                seconds=seconds,
                seen=memory.seen(signal.fingerprint),
                comparable=memory.size,
                peers=peers,
                items=len(items),
            )
        )
    return findings


class _Memory:
    """How often each alert of this incident was in earlier ones."""

    def __init__(
        self, fingerprints: Iterable[str], past: Sequence[Collection[str]], half_life: float
    ) -> None:
        known = set(fingerprints)
        self.size, self._weight = 0, 0.0
        self._weights: dict[str, float] = {}
        self._counts: dict[str, int] = {}
        for earlier in reversed(past):
            common = known.intersection(earlier)
            if not common:
                continue
            weight = 0.5 ** (self.size / half_life)
            self.size += 1
            self._weight += weight
            for fingerprint in common:
                self._weights[fingerprint] = self._weights.get(fingerprint, 0.0) + weight
                self._counts[fingerprint] = self._counts.get(fingerprint, 0) + 1
            if self.size >= half_life * REMEMBERED_HALF_LIVES:
                break

    def chance(self, fingerprint: str, prior: float, prior_weight: float) -> float:
        """The chance in (0, 1] that an incident has this alert."""
        seen = self._weights.get(fingerprint, 0.0)
        total = self._weight + prior_weight
        return (seen + prior_weight * prior) / total if total else prior

    def seen(self, fingerprint: str) -> int:
        """In how many of the comparable incidents it was."""
        return self._counts.get(fingerprint, 0)
