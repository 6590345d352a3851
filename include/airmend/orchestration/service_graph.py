"""The topology file as the graph that grouping, causes and pages read.

Rooms do not know each other, so the topology of `change` becomes the graph of `incident` here.
Imports nothing of Airflow.
"""

from __future__ import annotations

from airmend.change.topology import Topology
from airmend.incident.service_graph import ItemGraph


def build_service_graph(topology: Topology | None) -> ItemGraph:
    """Services, their instances and hosts, and what each depends on; empty without a topology."""
    if topology is None:
        return ItemGraph({}, {})
    return ItemGraph(topology.needs, topology.instances)
