"""Recurrence: what is counted, which values are shown, and from how many on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.change.model import ChangeStatus
from airmend.review.annexes import Figure, Recurrence
from airmend.review.recurrence import find_percentile, wilson_interval
from tests.builders import AT
from tests.unit.review.contexts import make_past, recur

VALUES = st.lists(st.floats(0, 1e7), min_size=1, max_size=60)


def figure(recurrence: Recurrence, key: str) -> Figure:
    return {each.key: each for each in recurrence.figures}[key]


@given(VALUES, st.sampled_from([0.1, 0.5, 0.9, 1.0]))
def test_a_percentile_is_a_value_that_was_seen_and_enough_values_are_within(
    values: list[float], share: float
) -> None:
    found = find_percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= ceil(share * len(values) - 1e-9)
    assert sum(value < found for value in values) < share * len(values)


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share_and_stays_a_share(counts: tuple[int, int]) -> None:
    successes, count = counts
    low, high = wilson_interval(successes, count)
    assert 0 <= low <= successes / count + 1e-9
    assert successes / count - 1e-9 <= high <= 1


def test_the_interval_is_wilsons() -> None:
    # R: binom::binom.confint(8, 10, methods = "wilson")
    assert wilson_interval(8, 10) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)


@pytest.mark.parametrize(
    ("days_ago", "in_30", "in_90"),
    [(0, 1, 1), (30, 1, 1), (30.001, 0, 1), (90, 0, 1), (90.001, 0, 0), (-0.001, 0, 0)],
)
def test_windows_hold_their_limits(days_ago: float, in_30: int, in_90: int) -> None:
    found = recur(make_past(1, days_ago))
    assert (found.in_30_days, found.in_90_days) == (in_30, in_90)


@pytest.mark.parametrize(
    ("count", "has_median", "has_p90"),
    [(2, False, False), (3, True, False), (9, True, False), (10, True, True)],
)
def test_too_few_values_give_no_percentile(count: int, has_median: bool, has_p90: bool) -> None:
    repair = figure(recur(*[make_past(n + 1, n) for n in range(count)]), "repair")
    assert repair.count == count
    assert (repair.median_seconds is not None, repair.p90_seconds is not None) == (
        has_median,
        has_p90,
    )


def test_one_night_moves_neither_the_median_nor_the_90th_percentile() -> None:
    usual = [make_past(5, n) for n in range(19)]
    night = make_past(5, 20)
    ended_at = night.opened_at + timedelta(hours=9)
    repair = figure(recur(*usual, replace(night, change_ended_at=ended_at)), "repair")
    assert (repair.median_seconds, repair.p90_seconds) == (300, 300)


def test_only_what_helped_counts_as_repaired_and_only_what_touched_something_as_a_try() -> None:
    found = recur(
        make_past(1, 1),
        make_past(2, 2, status=ChangeStatus.FAILED),
        make_past(3, 3, status=ChangeStatus.ROLLED_BACK),
        make_past(4, 4, status=ChangeStatus.REJECTED),
        make_past(5, 5, status=None),
    )
    assert (found.in_90_days, found.ended, found.succeeded) == (5, 3, 1)
    assert figure(found, "repair").count == 1
    assert figure(found, "between").count == 4


def test_without_a_change_there_is_no_share() -> None:
    found = recur(make_past(1, 1, status=None))
    assert (found.ended, found.share_low, found.share_high) == (0, None, None)


def test_clocks_that_disagree_give_no_value() -> None:
    ahead = replace(make_past(1, 1), started_at=AT)
    assert figure(recur(ahead), "detect").count == 0
