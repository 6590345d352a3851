"""The topology file as the graph that grouping reads."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from airmend.change.topology import load_topology
from airmend.incident.grouping import GroupingPolicy
from airmend.orchestration.correlating import build_grouping, build_service_graph
from tests.unit.incident.graphs import signal_at

SHIPPED = Path(__file__).parents[3] / "config" / "topology.yaml"


def test_services_depend_on_each_other_and_are_made_of_their_configuration_items() -> None:
    topology = load_topology(SHIPPED)
    graph = build_service_graph(topology)
    assert graph.distance("shop", "catalogue", 4) == 1
    assert graph.distance("web-1", "db-1", 4) == 3
    assert graph.distance("pay-1", "mail-1", 1) is None
    assert graph.parts("shop") == {"web-1", "web-2", "web-3"}
    for service in topology.services:
        for dependant in topology.dependants_of(service.name):
            assert graph.is_upstream(service.name, dependant)


def test_instances_depend_on_their_hosts(tmp_path: Path) -> None:
    path = tmp_path / "topology.yaml"
    path.write_text(
        "services:\n  cart: {tier: 1, owner: web, configuration_items: [cart-0]}\n"
        "configuration_items:\n  cart-0: {depends_on: [node-1]}\n  node-1: {}\n"
    )
    graph = build_service_graph(load_topology(path))
    assert graph.is_upstream("node-1", "cart")
    assert graph.wholes("cart-0") == {"cart"}


def test_without_a_topology_nothing_is_known() -> None:
    assert build_service_graph(None).items() == frozenset()


def test_intake_groups_by_the_topology_and_asks_it_what_is_upstream() -> None:
    grouping = build_grouping(load_topology(SHIPPED), GroupingPolicy(max_span_seconds=900))
    groups = grouping.open_groups()
    groups.add("INC-1", signal_at(0, "catalogue"))
    placement = groups.place(signal_at(10, "shop"))
    assert placement is not None
    assert placement.group_id == "INC-1"
    assert grouping.is_upstream("catalogue", "shop")
    assert not grouping.is_upstream("shop", "catalogue")
    assert grouping.window == timedelta(minutes=15)


def test_each_memory_of_groups_begins_empty() -> None:
    grouping = build_grouping(None)
    grouping.open_groups().add("INC-1", signal_at(0))
    assert grouping.open_groups().place(signal_at(1)) is None
