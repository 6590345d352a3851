"""The picture of what an incident affects, or the reason why there is none."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from markupsafe import Markup

from airmend.change.topology import Topology
from airmend.errors import ConfigurationError
from airmend.incident.model import Incident
from airmend.records.database import Database
from airmend.records.grouped_members import MemberGroup
from airmend.records.overview import count_open_by_service
from airmend.web.surroundings import Cause
from airmend.web.topology_part import (
    TopologyPart,
    affected_services,
    choose_part,
)
from airmend.web.topology_picture import draw_part

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AffectedPicture:
    """What the page shows of the topology.

    Args:
        drawing: The SVG; empty where there is none.
        part: What it shows.
        is_configured: Whether there is a topology.
        mistake: Why it cannot be used.
    """

    drawing: Markup = field(default_factory=Markup)
    part: TopologyPart = field(default_factory=lambda: TopologyPart(()))
    is_configured: bool = True
    mistake: str = ""


def draw_affected(
    database: Database,
    read_topology: Callable[[], Topology | None],
    incident: Incident,
    group: MemberGroup,
    causes: Sequence[Cause],
) -> AffectedPicture:
    """Draw the services of an incident with their neighbours.

    A topology that cannot be used is no reason to show no incident: the picture says so.

    Args:
        database: Asked for other open incidents of the same services.
        read_topology: Gives the topology as it stands now; None where none is configured.
        incident: The incident.
        group: Its members.
        causes: The likely ones, best first.
    """
    try:
        topology = read_topology()
    except ConfigurationError as error:
        _log.warning("the topology cannot be used: %s", error)
        return AffectedPicture(mistake=str(error))
    if topology is None:
        return AffectedPicture(is_configured=False)
    members = [(m.service, m.host, m.is_firing and incident.status.is_open) for m in group.members]
    affected, unknown = affected_services(
        topology, members or [(incident.service, incident.host, incident.status.is_open)]
    )
    cause = _find_cause(topology, causes)
    part = choose_part(topology, affected, cause=cause, unknown=unknown)
    if not part.nodes:
        return AffectedPicture(part=part)
    with database.session() as session:
        others = count_open_by_service(
            session, [node.name for node in part.nodes], without=incident.id
        )
    nodes = tuple(replace(node, others=others.get(node.name, 0)) for node in part.nodes)
    part = replace(part, nodes=nodes)
    return AffectedPicture(draw_part(part, incident.name), part)


def _find_cause(topology: Topology, causes: Sequence[Cause]) -> str | None:
    """The service that is the likely cause, or that runs on the host that is."""
    if not causes:
        return None
    item = causes[0].item
    service = topology.find_service(item) or topology.service_of(item)
    return service.name if service else None
