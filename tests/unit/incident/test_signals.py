"""Which items an alert is about."""

from __future__ import annotations

from typing import Any

import pytest

from airmend.incident.service_graph import ItemGraph
from airmend.incident.signals import read_naming
from tests.unit.incident.graphs import SHOP, signal_at

HOSTS = ItemGraph({"shop": ["catalogue"]}, {"shop": ["web-1", "web-2"], "catalogue": ["db-1"]})


def item_of(graph: ItemGraph, **fields: Any) -> str:
    return read_naming(signal_at(0, None, **fields), graph).item


@pytest.mark.parametrize(
    ("fields", "item"),
    [
        ({"service": "payment"}, "payment"),
        ({"service": "payment", "labels": {"pod": "payment-1"}}, "payment-1"),
        ({"service": "payment", "host": "node-1", "labels": {"pod": "payment-0"}}, "payment-0"),
        ({"host": "node-1"}, "node-1"),
        ({"labels": {"node": "node-1"}}, "node-1"),
        ({"labels": {"app": "payment"}}, "payment"),
        ({"labels": {"instance": "node-1:9100"}}, "node-1"),
        ({"service": "not-in-the-topology", "host": "node-1"}, "node-1"),
        ({"service": "nowhere", "host": "nohost"}, "nowhere"),
        ({}, ""),
    ],
)
def test_an_alert_is_about_the_narrowest_item_that_the_topology_knows(
    fields: dict[str, Any], item: str
) -> None:
    assert item_of(SHOP, **fields) == item


def test_of_a_service_and_one_of_its_hosts_the_host_is_meant() -> None:
    assert item_of(HOSTS, service="shop", host="web-1") == "web-1"
    assert item_of(HOSTS, service="shop", host="db-1") == "shop"


def test_who_complains_of_another_item_blames_that_one() -> None:
    naming = read_naming(signal_at(0, "checkout", labels={"peer.service": "payment"}), SHOP)
    assert (naming.item, naming.callee, naming.blamed) == ("checkout", "payment", "payment")


@pytest.mark.parametrize("callee", ["checkout", "api.example.com", ""])
def test_a_callee_that_is_the_item_itself_or_unknown_is_not_blamed(callee: str) -> None:
    naming = read_naming(signal_at(0, "checkout", labels={"callee": callee}), SHOP)
    assert naming.blamed == "checkout"


def test_without_a_topology_a_callee_is_blamed_by_its_name() -> None:
    naming = read_naming(signal_at(0, "a", labels={"callee": "b"}), ItemGraph({}, {}))
    assert (naming.item, naming.blamed, naming.is_known) == ("a", "b", False)


def test_other_items_that_an_alert_names_are_kept_when_the_topology_knows_them() -> None:
    labels = {"pod": "payment-0", "node": "node-1", "hostname": "elsewhere"}
    assert read_naming(signal_at(0, "payment", labels=labels), SHOP).others == (
        "payment",
        "node-1",
    )
