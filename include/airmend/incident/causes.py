"""The most likely root cause of an incident, with evidence that a person can check.

Pure. Called when an incident is shown, and by `airmend evaluate storm`.

Every item that alerts, every service whose instances do and every host under them is a
candidate. Evidence is added up in bits, so that each sentence has its share: what speaks for the
item itself (`surprise.py`), then what the topology adds. Source: docs/adr/0008-correlation.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from airmend.incident.service_graph import ServiceGraph
from airmend.incident.signals import Signal, read_naming
from airmend.incident.surprise import Finding, SurprisePolicy, weigh_signals

SHOWN_FINDINGS = 3
"""Alerts that the evidence of a candidate names; the others are counted."""
EXPLAINING_CANDIDATES = 50
"""Candidates whose dependants are looked up, the best first: what ranking costs is bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CausePolicy:
    """What may be set; docs/correlation.md has the figures that each default was chosen by.

    Args:
        surprise: What a single alert is worth.
        repeat_share: Of the alerts of one item the strongest counts fully and each further one
            so much of the one before: they are seldom independent.
        instances_weight: A service of which most instances alert counts the middle one of them
            so many times, so that it stands before each of them.
        host_weight: How much counts by which instances on a host alert more than the others.
        dependants_bits: What it is worth that an item explains all alerting items and that all
            of its dependants alert.
        limit: How many candidates are given.
    """

    surprise: SurprisePolicy = field(default_factory=SurprisePolicy)
    repeat_share: float = 0.5
    instances_weight: float = 1.25
    host_weight: float = 1.5
    dependants_bits: float = 2
    limit: int = 10


@dataclass(frozen=True, slots=True)
class Cause:
    """A candidate.

    Args:
        item: Its name: a service, an instance or a host, as the topology or the alerts say.
        score: Bits of evidence, at least 0; below 1 it is hardly more than a guess.
        evidence: What speaks for it, one sentence each, the strongest first.
    """

    item: str
    score: float
    evidence: list[str]


def rank_causes(
    signals: Sequence[Signal],
    graph: ServiceGraph,
    past: Sequence[Collection[str]] = (),
    policy: CausePolicy | None = None,
) -> list[Cause]:
    """Rank what may have caused an incident.

    Args:
        signals: The alerts of the incident, in any order.
        graph: The topology.
        past: The fingerprints of earlier incidents, one collection each, the oldest first. With
            them, what alerts in every storm counts little; without, only this incident speaks.
        policy: The weights.

    Returns:
        The candidates, the best first; items with the same score by name. None without signals.
    """
    policy = policy or CausePolicy()
    board = _Board(weigh_signals(signals, graph, past, policy.surprise), graph, policy)
    board.weigh_instances()
    board.weigh_hosts()
    namings = [read_naming(signal, graph) for signal in signals]
    board.weigh_dependants({name for n in namings for name in (n.item, n.blamed) if name})
    return board.ranking()[: policy.limit]


class _Board:
    """The candidates, and what has been said for each."""

    def __init__(
        self, findings: Iterable[Finding], graph: ServiceGraph, policy: CausePolicy
    ) -> None:
        self._graph, self._policy = graph, policy
        by_item: dict[str, list[Finding]] = {}
        for finding in findings:
            by_item.setdefault(finding.item, []).append(finding)
        self._own: dict[str, float] = {}
        self._said: dict[str, list[tuple[float, str]]] = {}
        for item, found in by_item.items():
            if item:
                found.sort(key=lambda each: (-each.bits, each.signal.fingerprint))
                self._own[item] = self._sum(found)
                self._say(item, found)

    def weigh_instances(self) -> None:
        """A service whose instances agree, or the one instance that stands out among them."""
        for service in sorted({s for item in self._own for s in self._graph.wholes(item)}):
            bits = {part: self._own.get(part, 0.0) for part in sorted(self._graph.parts(service))}
            if len(bits) < 2:  # one instance: the alerts say which of the two is meant
                continue
            middle = sorted(bits.values())[(len(bits) - 1) // 2]
            agreeing = [part for part, value in bits.items() if value >= middle]
            self._add(
                service,
                self._policy.instances_weight * middle,
                f"{len(agreeing)} of its {len(bits)} instances alert alike: {_list(agreeing)}",
            )
            total, symptoms = sum(bits.values()), self._own.get(service, 0.0)
            for part, value in bits.items():
                if total and symptoms:
                    # as far as it alone stands out, and as that is no chance
                    share = value / total * (1 - 0.5**value)
                    self._add(
                        part,
                        symptoms * share,
                        f"it stands out among the {len(bits)} instances of {service}, which "
                        "would explain the alerts of the service",
                    )

    def weigh_hosts(self) -> None:
        """A host whose instances, of several services, alert more than those elsewhere."""
        graph = self._graph
        instances = {item for item in graph.items() if graph.wholes(item)}
        everywhere = sum(self._own.get(item, 0.0) for item in sorted(instances))
        hosts = {host for item in self._own for host in graph.needs(item) if item in instances}
        for host in sorted(hosts):
            here = sorted(graph.needed_by(host) & instances)
            alerting = [item for item in here if self._own.get(item)]
            others = len(instances) - len(here)
            if not others or len({s for item in alerting for s in graph.wholes(item)}) < 2:
                continue  # one service's instances speak for the service
            total = sum(self._own.get(item, 0.0) for item in here)
            mean, elsewhere = total / len(here), (everywhere - total) / others
            self._add(
                host,
                self._policy.host_weight * max(0.0, mean - elsewhere),
                f"{len(alerting)} of the {len(here)} instances on it alert, more strongly than "
                f"those elsewhere ({mean:.1f} bits each against {elsewhere:.1f})",
            )

    def weigh_dependants(self, alerting: set[str]) -> None:
        """An item on which what alerts depends, and what does not alert does not."""
        scores = {item: self._score(item) for item in self._said}
        for item in sorted(scores, key=lambda name: (-scores[name], name))[:EXPLAINING_CANDIDATES]:
            effects = self._graph.effects(item)
            others = alerting - {item}
            hit = len(effects & others)
            if not hit:
                continue
            explained, borne_out = hit / len(others), hit / len(effects)
            self._add(
                item,
                # the harmonic mean: a host under everything explains all and proves little
                self._policy.dependants_bits
                * (2 * explained * borne_out / (explained + borne_out)),
                f"{hit} of the {len(effects)} items that depend on it alert, of {len(others)} "
                "that do in all",
            )

    def ranking(self) -> list[Cause]:
        """The candidates, the best first."""
        causes = [
            Cause(item, self._score(item), [text for _, text in sorted(said, key=_by_weight)])
            for item, said in self._said.items()
        ]
        return sorted(causes, key=lambda cause: (-cause.score, cause.item))

    def _say(self, item: str, findings: Sequence[Finding]) -> None:
        shares = [
            finding.bits * self._policy.repeat_share**position
            for position, finding in enumerate(findings)
        ]
        said = self._said.setdefault(item, [])
        said += [
            (share, describe_finding(finding))
            for share, finding in list(zip(shares, findings, strict=True))[:SHOWN_FINDINGS]
        ]
        rest = shares[SHOWN_FINDINGS:]
        if rest:
            said.append((sum(rest), f"and {_count(len(rest), 'further alert')} on it"))

    def _add(self, item: str, bits: float, sentence: str) -> None:
        if bits > 0:
            self._said.setdefault(item, []).append((bits, sentence))

    def _score(self, item: str) -> float:
        return sum(bits for bits, _ in self._said[item])

    def _sum(self, findings: Sequence[Finding]) -> float:
        return sum(
            finding.bits * self._policy.repeat_share**position
            for position, finding in enumerate(findings)
        )


def describe_finding(finding: Finding) -> str:
    """What an alert says, where and when, and how usual it is."""
    where = (
        f"{finding.observer} complains of {finding.item}: {finding.signal.name}"
        if finding.observer
        else f"{finding.signal.name} on {finding.item}"
    )
    when = "first of all" if finding.seconds < 1 else f"{finding.seconds:.0f} s after the first"
    peers = f"shown by {finding.peers} of {_count(finding.items, 'alerting item')}"
    if not finding.comparable:
        return f"{where}, {when}, {peers}"
    before = f"seen in {finding.seen} of {_count(finding.comparable, 'comparable incident')} before"
    return f"{where}, {when}, {peers}, {before}"


def _by_weight(said: tuple[float, str]) -> tuple[float, str]:
    return -said[0], said[1]


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
