"""Which other changes a change overlaps with, and how they hang together."""

from __future__ import annotations

import pytest

from airmend.change.conflicts import OtherChange, find_overlaps
from airmend.change.topology import Topology
from tests.unit.change.builders import make_service

TOPOLOGY = Topology(
    [
        make_service("shop", depends_on=("payments",), configuration_items=("web-1",)),
        make_service("payments", depends_on=("db",), configuration_items=("pay-1",)),
        make_service("db", configuration_items=("db-1",)),
        make_service("front", depends_on=("shop",), configuration_items=("front-1",)),
        make_service("blog", configuration_items=("blog-1",)),
    ],
    {"web-1": ["node-1"], "blog-1": ["node-1"], "node-1": ["rack-7"]},
)


def overlap(service: str, *hosts: str, topology: Topology | None = TOPOLOGY) -> list[str]:
    """How a change of the shop on web-1 overlaps with another one."""
    other = OtherChange("CHG-9", service, hosts)
    return [str(it) for it in find_overlaps("shop", ["web-1"], [other], topology)]


@pytest.mark.parametrize(
    ("service", "hosts", "where"),
    [
        ("shop", ["web-2"], "on shop too"),
        ("mail", ["web-1"], "on web-1 too"),
        ("payments", ["pay-1"], "on payments, which shop needs"),
        ("front", ["front-1"], "on front, which needs shop"),
        ("mail", ["node-1"], "on node-1, which web-1 needs"),
    ],
)
def test_a_change_on_the_same_thing_or_one_step_away_overlaps(
    service: str, hosts: list[str], where: str
) -> None:
    assert overlap(service, *hosts) == [f"CHG-9 {where}"]


@pytest.mark.parametrize(
    ("service", "host"),
    [
        ("db", "db-1"),  # two steps away
        ("blog", "blog-1"),  # on the same node, and neither needs the other
        ("mail", "rack-7"),
    ],
)
def test_what_is_further_away_does_not_overlap(service: str, host: str) -> None:
    assert overlap(service, host) == []


def test_without_a_topology_only_the_same_things_overlap() -> None:
    assert overlap("payments", "pay-1", topology=None) == []
    assert overlap("shop", "web-2", topology=None) == ["CHG-9 on shop too"]


def test_each_change_is_named_once_in_the_order_of_the_ids() -> None:
    others = [OtherChange(name, "shop", ["web-1"]) for name in ("CHG-3", "CHG-1", "CHG-2")]
    found = find_overlaps("shop", ["web-1"], others, TOPOLOGY)
    assert [it.change_id for it in found] == ["CHG-1", "CHG-2", "CHG-3"]
    assert find_overlaps("shop", ["web-1"], [], TOPOLOGY) == []
