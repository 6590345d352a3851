"""The figures: how well a storm was grouped and explained."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.cli.storm.measuring import adjusted_rand_index, gap_groups, measure
from airmend.cli.storm.recording import Fault, RecordedAlert, Recording, Relations
from tests.unit.incident.graphs import signal_at

RELATIONS = Relations(
    needs={"web": frozenset({"cart"}), "mail": frozenset({"queue"})},
    items=frozenset({"web", "cart", "mail", "queue"}),
)


def record(*alerts: tuple[float, str, str | None], **causes: str) -> Recording:
    """Alerts as (seconds, item, fault)."""
    recorded = [
        RecordedAlert(signal_at(at, item, fingerprint=f"{number}"), fault)
        for number, (at, item, fault) in enumerate(alerts)
    ]
    faults = {fault: Fault(fault) for _, _, fault in alerts if fault is not None}
    faults |= {fault: Fault(fault, cause, "service") for fault, cause in causes.items()}
    return Recording("shop", recorded, faults, RELATIONS)


@pytest.mark.parametrize(
    ("a", "b", "index"),
    [
        ("aabb", "xxyy", 1.0),
        ("aabb", "xxxx", 0.0),
        ("aabb", "xyxy", -0.5),
        ("aaab", "xxyy", 0.0),
        ("aaabbb", "xxyyzz", 0.24242424),  # as scikit-learn's documentation has it
        ("aaaa", "xxxx", 1.0),
        ("abcd", "wxyz", 1.0),
        ("a", "x", 1.0),
    ],
)
def test_the_adjusted_rand_index_is_the_one_of_the_books(a: str, b: str, index: float) -> None:
    assert adjusted_rand_index(a, b) == pytest.approx(index)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2))
def test_the_index_is_symmetric_at_most_one_and_blind_to_names(
    pairs: list[tuple[int, int]],
) -> None:
    a, b = zip(*pairs, strict=True)
    index = adjusted_rand_index(a, b)
    assert index <= 1 + 1e-9
    assert index == pytest.approx(adjusted_rand_index(b, a))
    assert index == pytest.approx(adjusted_rand_index([f"n{-x}" for x in a], b))
    assert adjusted_rand_index(a, a) == 1


def test_the_plain_way_begins_a_group_after_120_seconds_of_silence() -> None:
    stream = [signal_at(at) for at in (0, 120, 241, 242)]
    assert [len(group) for group in gap_groups(stream)] == [2, 2]


def test_two_systems_at_the_same_time_are_told_apart_and_their_causes_named() -> None:
    measured = measure(
        record(
            (0, "cart", "a"),
            (1, "queue", "b"),
            (5, "web", "a"),
            (6, "mail", "b"),
            a="cart",
            b="queue",
        )
    )
    assert (measured.alerts, measured.faults) == (4, 2)
    assert (measured.grouping.groups, measured.grouping.rand_index) == (2, 1.0)
    assert (measured.gap.groups, measured.gap.rand_index) == (1, 0.0)
    assert measured.causes is not None
    assert (measured.causes.top_1, measured.causes.faults) == (1.0, 2)
    assert measured.causes_by_level["service"].top_3 == 1.0
    assert [each.place for each in measured.ranked] == [1, 1]


def test_a_fault_is_judged_by_the_group_that_holds_most_of_its_alerts() -> None:
    alone = ((0, "queue", "a"), (1, "web", "a"), (2, "cart", "a"))
    measured = measure(record(*alone, a="queue"))
    assert measured.grouping.groups == 2
    assert measured.ranked[0].place is None
    assert measured.causes is not None
    assert measured.causes.top_3 == 0


def test_alerts_of_no_known_fault_are_grouped_and_not_judged() -> None:
    noise = (3, "web", None)
    measured = measure(record((0, "web", "a"), noise, (600, "web", "b"), a="web"))
    assert measured.alerts == 3
    assert measured.grouping.rand_index == 1.0


def test_without_truth_there_are_groups_and_no_figures() -> None:
    measured = measure(record((0, "web", None), (1, "cart", None)))
    assert measured.grouping.groups == 1
    assert measured.grouping.rand_index is None
    assert measured.causes is None
    assert measured.most_alerts is None


def test_a_fault_without_alerts_counts_as_not_found() -> None:
    measured = measure(record((0, "web", "a"), a="web", b="cart"))
    assert measured.causes is not None
    assert (measured.causes.faults, measured.causes.top_1) == (2, 0.5)


def test_the_plain_cause_is_the_item_with_most_alerts() -> None:
    measured = measure(record((0, "web", "a"), (1, "web", "a"), (2, "cart", "a"), a="web"))
    assert measured.most_alerts is not None
    assert measured.most_alerts.top_1 == 1.0


def test_only_groups_that_had_ended_are_the_past(monkeypatch: pytest.MonkeyPatch) -> None:
    pasts: list[int] = []

    def rank(
        _signals: object, _graph: object, past: list[frozenset[str]]
    ) -> list[Callable[..., object]]:
        pasts.append(len(past))
        return []

    monkeypatch.setattr("airmend.cli.storm.measuring.rank_causes", rank)
    measure(
        record(
            (0, "web", "a"),
            (100, "mail", "b"),  # a is still going on
            (150, "web", "a"),
            (1000, "web", "c"),
            a="web",
            b="mail",
            c="web",
        )
    )
    assert sorted(pasts) == [0, 0, 2]
