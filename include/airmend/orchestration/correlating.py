"""Grouping and the ranking of causes, put together with the topology and the records.

Rooms do not know each other, so the topology of `change` becomes the graph of `incident` here.
Imports nothing of Airflow.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from airmend.change.topology import Topology
from airmend.errors import ConfigurationError
from airmend.incident.causes import Cause, rank_causes
from airmend.incident.grouping import GroupingPolicy, OpenGroups, Signal
from airmend.incident.neighbours import Grouping
from airmend.incident.service_graph import ItemGraph
from airmend.records.database import Database
from airmend.records.earlier_incidents import earlier_fingerprints

_log = logging.getLogger(__name__)


def build_service_graph(topology: Topology | None) -> ItemGraph:
    """Services, their instances and hosts, and what each depends on; empty without a topology."""
    if topology is None:
        return ItemGraph({}, {})
    return ItemGraph(topology.needs, topology.instances)


def build_grouping(topology: Topology | None, policy: GroupingPolicy | None = None) -> Grouping:
    """How intake recognises alerts of one cause.

    Args:
        topology: As it is when intake starts.
        policy: How near is near enough.
    """
    graph, policy = build_service_graph(topology), policy or GroupingPolicy()
    return Grouping(
        window=timedelta(seconds=policy.max_span_seconds),
        open_groups=lambda: OpenGroups(graph, policy),
        is_upstream=graph.is_upstream,
    )


class CauseRanking:
    """Ranks what may have caused an incident, for pages and reports.

    Args:
        database: The records, with the earlier incidents.
        read_topology: Gives the topology as it stands now; one that cannot be used counts as
            none, and what the alerts say of themselves remains.
    """

    def __init__(self, database: Database, read_topology: Callable[[], Topology | None]) -> None:
        self._database, self._read_topology = database, read_topology
        self._graph: tuple[Topology | None, ItemGraph] = None, build_service_graph(None)

    def __call__(self, signals: Sequence[Signal], opened_at: datetime) -> list[Cause]:
        """The likely causes of the signals of one incident, the best first.

        Args:
            signals: Its alerts, in any order.
            opened_at: When it was opened: incidents before that are the past.

        Raises:
            StoreUnavailableError: The records cannot be read.
        """
        if not signals:
            return []
        try:
            topology = self._read_topology()
        except ConfigurationError as error:
            _log.warning("causes are ranked without the topology: %s", error)
            topology = None
        fingerprints = {signal.fingerprint for signal in signals}
        with self._database.session() as session:
            past = earlier_fingerprints(session, fingerprints, before=opened_at)
        return rank_causes(signals, self._graph_of(topology), past)

    def _graph_of(self, topology: Topology | None) -> ItemGraph:
        """The graph; the same one for the same topology."""
        graph_of, graph = self._graph
        if topology is not graph_of:
            graph = build_service_graph(topology)
            self._graph = topology, graph
        return graph
