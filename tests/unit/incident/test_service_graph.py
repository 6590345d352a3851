"""The graph of what depends on what."""

from __future__ import annotations

import pytest

from airmend.incident import service_graph
from airmend.incident.service_graph import ItemGraph
from tests.unit.incident.graphs import SHOP


@pytest.mark.parametrize(
    ("a", "b", "hops"),
    [
        ("payment", "payment", 0),
        ("payment", "checkout", 1),
        ("checkout", "payment", 1),
        ("payment-0", "payment", 1),
        ("payment-0", "node-1", 1),
        ("payment-0", "frontend-0", 2),  # on the same host
        ("frontend", "ledger", 3),
        ("frontend", "mail", None),
        ("printer", "node-1", None),
        ("unknown", "node-1", None),
    ],
)
def test_distance_is_counted_in_hops_of_any_direction(a: str, b: str, hops: int | None) -> None:
    assert SHOP.distance(a, b, 4) == hops


def test_a_distance_beyond_the_limit_is_none() -> None:
    assert SHOP.distance("frontend", "ledger", 2) is None


def test_an_item_is_upstream_of_what_depends_on_it_over_any_number_of_steps() -> None:
    assert SHOP.is_upstream("ledger", "frontend")
    assert SHOP.is_upstream("node-1", "frontend")
    assert SHOP.is_upstream("payment-0", "checkout")
    assert not SHOP.is_upstream("frontend", "ledger")
    assert not SHOP.is_upstream("ledger", "ledger")
    assert not SHOP.is_upstream("mail", "frontend")


def test_an_instance_shows_what_its_service_suffers_from_and_not_what_another_one_does() -> None:
    assert SHOP.effects("checkout") == {"checkout-0", "checkout-1", "frontend"}
    assert SHOP.effects("checkout-0") == {"checkout", "frontend"}


def test_direct_relations_are_told_in_both_directions() -> None:
    assert SHOP.needs("checkout") == {"payment"}
    assert SHOP.needed_by("payment") == {"checkout"}
    assert SHOP.parts("mail") == {"mail-0"}
    assert SHOP.wholes("mail-0") == {"mail"}
    assert SHOP.needs("unknown") == SHOP.wholes("unknown") == frozenset()


def test_a_circle_of_dependencies_ends() -> None:
    graph = ItemGraph({"a": ["b"], "b": ["c"], "c": ["a"]}, {})
    assert graph.effects("a") == {"b", "c"}
    assert graph.distance("a", "c", 9) == 1


def test_an_item_that_needs_itself_or_is_its_own_part_is_one_item() -> None:
    graph = ItemGraph({"a": ["a", "b"]}, {"a": ["a"]})
    assert graph.items() == {"a", "b"}
    assert graph.parts("a") == frozenset()
    assert graph.effects("a") == frozenset()


def test_items_without_relations_are_known() -> None:
    assert "printer" in SHOP.items()
    assert dict(SHOP.near("printer", 3)) == {"printer": 0}
    assert dict(SHOP.near("unknown", 3)) == {}


def test_a_search_for_neighbours_finds_no_more_than_its_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service_graph, "NEAR_ITEMS", 10)
    star = ItemGraph({f"leaf-{number:02d}": ["hub"] for number in range(50)}, {})
    near = star.near("hub", 2)
    assert list(near)[:3] == ["hub", "leaf-00", "leaf-01"]
    assert len(near) == 10


def test_neighbours_come_in_the_order_of_their_distance() -> None:
    hops = list(SHOP.near("payment-0", 4).values())
    assert hops == sorted(hops)
