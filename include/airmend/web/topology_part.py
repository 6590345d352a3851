"""The part of the topology that an incident touches: its services, and those next to them.

Pure. Followed in one direction each: who depends on an affected service may be hurt, and what it
depends on may be the cause; other callers of something shared are neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from airmend.change.topology import Topology

HOPS = 2
SERVICES_SHOWN = 25


@dataclass(frozen=True)
class Standing:
    """How a service stands in an incident.

    Args:
        firing: Members about it that fire.
        recovered: Members about it that are over.
    """

    firing: int = 0
    recovered: int = 0


@dataclass(frozen=True)
class ServiceNode:
    """One service of the picture.

    Args:
        name: Its name.
        tier: 1 (the most critical) to 4.
        owner: Who looks after it.
        standing: What the incident says of it; None for a neighbour.
        is_cause: It is taken for the likely cause.
        others: Other open incidents of it.
    """

    name: str
    tier: int
    owner: str = ""
    standing: Standing | None = None
    is_cause: bool = False
    others: int = 0


@dataclass(frozen=True)
class TopologyPart:
    """What the picture shows.

    Args:
        nodes: By name.
        edges: Who depends on whom, as names: the first one needs the second one.
        left_out: So many more services are as near.
        unknown: Services of the incident that the topology does not have.
    """

    nodes: tuple[ServiceNode, ...]
    edges: tuple[tuple[str, str], ...] = ()
    left_out: int = 0
    unknown: tuple[str, ...] = ()


def affected_services(
    topology: Topology, members: Iterable[tuple[str | None, str | None, bool]]
) -> tuple[dict[str, Standing], tuple[str, ...]]:
    """Which services the members of an incident are about.

    Args:
        topology: Knows the services, and which hosts they run on.
        members: Service, host and whether it fires, in order; a member without a known service
            counts for the most critical one on its host.

    Returns:
        The services of the topology in the order of the members, and the names it lacks.
    """
    found: dict[str, list[int]] = {}
    unknown: dict[str, None] = {}
    for service, host, is_firing in members:
        known = topology.find_service(service) if service else None
        known = known or (topology.service_of(host) if host else None)
        if known is None:
            if service or host:
                unknown[service or host or ""] = None
            continue
        counts = found.setdefault(known.name, [0, 0])
        counts[0 if is_firing else 1] += 1
    return {name: Standing(*counts) for name, counts in found.items()}, tuple(unknown)


def choose_part(
    topology: Topology,
    affected: Mapping[str, Standing],
    *,
    cause: str | None = None,
    unknown: Sequence[str] = (),
    limit: int = SERVICES_SHOWN,
) -> TopologyPart:
    """The affected services and those within two steps, the nearest and most critical first.

    Args:
        topology: Has every service of `affected`.
        affected: In the order of importance.
        cause: The likely cause; it is shown even where no alert is about it.
        unknown: Handed on.
        limit: Services at most, at least 1.
    """
    steps = _distances(topology, [*affected, *([cause] if cause else [])])
    tiers = {service.name: service.tier for service in topology.services}
    place = {name: number for number, name in enumerate(affected)}

    def importance(name: str) -> tuple[int, bool, int, int, str]:
        return steps[name], name != cause, place.get(name, 0), tiers[name], name

    ordered = sorted(steps, key=importance)
    chosen = set(ordered[:limit])
    nodes = tuple(
        ServiceNode(
            service.name,
            service.tier,
            service.owner,
            affected.get(service.name),
            service.name == cause,
        )
        for service in topology.services
        if service.name in chosen
    )
    edges = tuple(
        (service.name, needed)
        for service in topology.services
        if service.name in chosen
        for needed in dict.fromkeys(service.depends_on)
        if needed in chosen and needed != service.name
    )
    return TopologyPart(nodes, edges, len(ordered) - len(nodes), tuple(unknown))


def _distances(topology: Topology, names: Iterable[str]) -> dict[str, int]:
    """Steps from the nearest of some services, up to `HOPS`, each way by itself."""
    start = [name for name in names if topology.find_service(name)]
    callers: dict[str, list[str]] = {}
    needed: dict[str, list[str]] = {}
    for service in topology.services:
        needed[service.name] = list(service.depends_on)
        for name in service.depends_on:
            callers.setdefault(name, []).append(service.name)
    steps = dict.fromkeys(start, 0)
    for neighbours in (callers, needed):
        edge = set(start)
        for step in range(1, HOPS + 1):
            edge = {other for name in edge for other in neighbours.get(name, ())} - set(start)
            for name in edge:
                steps[name] = min(step, steps.get(name, step))
    return steps
