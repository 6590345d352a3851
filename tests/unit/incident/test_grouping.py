"""Which open group an alert belongs to."""

from __future__ import annotations

from typing import Any

import pytest

from airmend.incident.grouping import (
    Group,
    GroupingPolicy,
    Placement,
    Signal,
    group_signals,
    place_signal,
)
from airmend.incident.service_graph import ItemGraph
from tests.unit.incident.graphs import SHOP, signal_at

NOTHING = ItemGraph({}, {})


def place(signal: Signal, *members: Signal, graph: ItemGraph = SHOP) -> Placement | None:
    """Where a signal belongs when one group of these members is open."""
    return place_signal(signal, [Group("INC-1", members)], graph)


@pytest.mark.parametrize(
    ("item", "seconds"),
    [
        ("checkout", 180),
        ("payment", 150),
        ("ledger", 120),
        ("payment-0", 120),
        ("node-1", 120),
        ("mail-0", None),
        ("printer", None),
    ],
)
def test_each_hop_shortens_the_time_in_which_an_alert_joins(
    item: str, seconds: float | None
) -> None:
    first = signal_at(0, "checkout")
    if seconds is None:
        assert place(signal_at(0, item), first) is None
    else:
        assert place(signal_at(seconds, item), first) is not None
        assert place(signal_at(seconds + 1, item), first) is None


def test_an_alert_on_the_same_item_at_the_same_time_has_the_best_score() -> None:
    placement = place(signal_at(0, name="Errors"), signal_at(0))
    assert placement is not None
    assert placement.score == 1
    assert placement.evidence == ["HighLatency fired on the same item checkout at the same time"]


def test_the_evidence_names_the_nearest_alert_with_distance_and_time() -> None:
    placement = place(signal_at(12, "checkout"), signal_at(0, "frontend"), signal_at(5, "payment"))
    assert placement is not None
    assert placement.evidence == [
        "checkout is 1 hop from payment, where HighLatency fired 7 s before"
    ]


def test_an_alert_joins_the_nearest_of_several_groups() -> None:
    groups = [
        Group("far", [signal_at(10, "frontend")]),
        Group("near", [signal_at(0, "payment")]),
    ]
    placement = place_signal(signal_at(20, "ledger"), groups, SHOP)
    assert placement is not None
    assert placement.group_id == "near"


def test_of_groups_that_are_equally_near_the_one_that_began_first_is_taken() -> None:
    groups = [
        Group("later", [signal_at(5, "catalogue"), signal_at(10, "checkout")]),
        Group("earlier", [signal_at(0, "ledger"), signal_at(10, "checkout")]),
    ]
    for order in (groups, groups[::-1]):
        placement = place_signal(signal_at(20, "payment"), order, SHOP)
        assert placement is not None
        assert placement.group_id == "earlier"


def test_a_call_ties_the_caller_and_the_called() -> None:
    labels = {"callee": "mail-0"}
    call = signal_at(0, "frontend-0", labels=labels, name="SlowCall")
    assert place(signal_at(100, "mail"), call) is not None
    assert place(signal_at(100, "frontend-0"), call) is not None


def test_the_topology_alone_decides_between_items_that_it_knows() -> None:
    labels = {"namespace": "prod", "cluster": "eu-1", "job": "node", "team": "web"}
    assert place(signal_at(0, "mail", labels=labels), signal_at(0, labels=labels)) is None


@pytest.mark.parametrize(
    ("labels", "seconds"),
    [
        ({"job": "batch"}, 120),
        ({"namespace": "prod"}, 90),
        ({"cluster": "eu-1"}, 60),
        ({"team": "web", "severity": "critical"}, None),
    ],
)
@pytest.mark.parametrize("other", ["unknown-b", "checkout"])
def test_labels_tie_items_that_the_topology_does_not_know(
    labels: dict[str, str], seconds: float | None, other: str
) -> None:
    first, second = signal_at(0, "unknown-a", labels=labels), {"labels": labels}
    if seconds is None:
        assert place(signal_at(0, other, **second), first) is None
    else:
        for one, two in (("unknown-a", other), (other, "unknown-a")):
            before = signal_at(0, one, labels=labels)
            assert place(signal_at(seconds, two, **second), before) is not None
            assert place(signal_at(seconds + 1, two, **second), before) is None


def test_shared_labels_are_told_as_evidence() -> None:
    labels = {"namespace": "prod"}
    placement = place(signal_at(9, "b", labels=labels), signal_at(0, "a", labels=labels))
    assert placement is not None
    assert placement.evidence == [
        "b and a share namespace=prod; HighLatency fired there 9 s before"
    ]


def test_unknown_services_on_one_host_are_tied_by_it() -> None:
    first = signal_at(0, "a", host="box-1")
    assert place(signal_at(60, "b", host="box-1"), first, graph=NOTHING) is not None
    assert place(signal_at(60, "b", host="box-2"), first, graph=NOTHING) is None


def test_the_same_name_on_items_that_nothing_ties_is_no_reason() -> None:
    assert place(signal_at(0, "a"), signal_at(0, "b"), graph=NOTHING) is None


def test_an_alert_that_names_nothing_stands_alone() -> None:
    assert place(signal_at(0, None), signal_at(0, None)) is None


def test_an_alert_that_comes_late_is_as_far_from_a_group_as_it_is_in_time() -> None:
    assert place(signal_at(-100), signal_at(0)) is not None
    assert place(signal_at(-200), signal_at(0)) is None


def test_a_trickle_does_not_tie_a_day_together() -> None:
    signals = [signal_at(number * 60.0) for number in range(24 * 60)]
    groups = group_signals(signals, SHOP)
    assert len(groups) == 47  # of 31 alerts each, and a rest
    assert sum(len(group) for group in groups) == len(signals)


def test_two_systems_at_the_same_time_are_two_groups() -> None:
    signals = [
        signal_at(second, item)
        for second in range(100)
        for item in ("frontend", "payment-1", "mail", "mail-0")
    ]
    groups = group_signals(signals, SHOP)
    assert [{signal.service for signal in group} for group in groups] == [
        {"frontend", "payment-1"},
        {"mail", "mail-0"},
    ]


def test_a_storm_that_died_down_and_breaks_out_anew_is_a_second_group() -> None:
    wave = [signal_at(number / 2, "checkout") for number in range(20)]
    trickle = [signal_at(30 + number * 30, "checkout") for number in range(8)]
    again = [signal_at(300 + number / 2, "payment") for number in range(20)]
    groups = group_signals([*wave, *trickle, *again], SHOP)
    assert [len(group) for group in groups] == [38, 10]


@pytest.mark.parametrize(
    ("policy", "joins"),
    [
        ({"reach": 0}, False),
        ({"reach": 20}, True),
        ({"seconds_per_hop": 300}, True),
        ({"max_hops": 1}, False),
        ({"max_span_seconds": 60}, False),
    ],
)
def test_the_policy_says_how_near_is_near_enough(policy: dict[str, Any], *, joins: bool) -> None:
    defaults: dict[str, Any] = {"reach": 20}
    groups = [Group("INC-1", [signal_at(0, "frontend")])]
    placement = place_signal(
        signal_at(200, "payment"), groups, SHOP, GroupingPolicy(**(defaults | policy))
    )
    assert (placement is not None) is joins
