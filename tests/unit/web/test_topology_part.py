"""Which services a picture shows: the affected ones, and those that they hurt or need."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airmend.change.topology import Service, Topology
from airmend.web.topology_part import SERVICES_SHOWN, Standing, affected_services, choose_part
from tests.unit.web.topologies import make_topology, topologies

CHAIN = make_topology(
    {
        "browser": "portal",
        "portal": "shop",
        "shop": "cart",
        "cart": "redis",
        "redis": "disk",
        "disk": "power",
        "power": "",
        "wishlist": "redis",
    }
)


def names_around(topology: Topology, *affected: str, cause: str | None = None) -> set[str]:
    part = choose_part(topology, dict.fromkeys(affected, Standing(firing=1)), cause=cause)
    return {node.name for node in part.nodes}


def test_two_steps_each_way_are_shown() -> None:
    assert names_around(CHAIN, "cart") == {"portal", "shop", "cart", "redis", "disk"}


def test_other_callers_of_something_shared_are_not_affected() -> None:
    assert "wishlist" not in names_around(CHAIN, "cart")
    assert "wishlist" in names_around(CHAIN, "redis")


def test_the_likely_cause_is_shown_with_its_own_neighbours() -> None:
    part = choose_part(CHAIN, {"cart": Standing(firing=2)}, cause="disk")

    assert {node.name for node in part.nodes if node.is_cause} == {"disk"}
    assert "power" in {node.name for node in part.nodes}


def test_dependencies_between_the_shown_services_are_all_there() -> None:
    part = choose_part(CHAIN, {"cart": Standing(firing=1)})

    assert set(part.edges) == {
        ("portal", "shop"),
        ("shop", "cart"),
        ("cart", "redis"),
        ("redis", "disk"),
    }


def test_what_is_too_much_is_counted() -> None:
    callers = {f"caller-{number:02d}": "db" for number in range(40)}
    part = choose_part(make_topology({**callers, "db": ""}), {"db": Standing(firing=1)})

    assert len(part.nodes) == SERVICES_SHOWN
    assert part.left_out == 41 - SERVICES_SHOWN
    assert "db" in {node.name for node in part.nodes}


def test_of_too_many_affected_services_the_first_are_shown() -> None:
    names = [f"service-{number:02d}" for number in range(40, 0, -1)]
    topology = make_topology(dict.fromkeys(names, ""))
    part = choose_part(topology, {name: Standing(firing=1) for name in names})

    assert {node.name for node in part.nodes} == set(names[:SERVICES_SHOWN])


def test_members_are_counted_by_service_and_by_host() -> None:
    topology = Topology([Service(name="shop", tier=2, owner="a", configuration_items=("web1",))])
    members = [
        ("shop", "web9", True),
        ("shop", None, False),
        (None, "web1", True),
        ("unknown", "web1", True),
        ("nowhere", "nohost", True),
        (None, None, True),
    ]

    affected, unknown = affected_services(topology, members)

    assert affected == {"shop": Standing(firing=3, recovered=1)}
    assert unknown == ("nowhere",)


@given(topologies(), st.data())
def test_the_affected_services_are_shown_before_any_other(
    topology: Topology, data: st.DataObject
) -> None:
    names = [service.name for service in topology.services]
    affected = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=20, unique=True))
    part = choose_part(topology, dict.fromkeys(affected, Standing(firing=1)))
    shown = {node.name for node in part.nodes}

    assert set(affected) <= shown
    assert len(shown) <= SERVICES_SHOWN
    assert all(set(edge) <= shown and edge[0] != edge[1] for edge in part.edges)
