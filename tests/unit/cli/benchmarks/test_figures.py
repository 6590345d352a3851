"""A figure says what was measured, what it is held against, and whether it is within."""

from __future__ import annotations

import pytest

from airmend.cli.benchmarks.figures import Bar, Figure, Floor, percentile

FLOOR = Floor("the least", [1.0, 2.0, 9.0])


def test_medians_are_what_figures_are_judged_by() -> None:
    figure = Figure("intake", "POST", [1.0, 3.0, 100.0], FLOOR, Bar(factor=1.5, seconds=0.5))
    assert figure.p50 == 3.0
    assert figure.ratio == 1.5
    assert figure.passed  # 3.0 is within 1.5 x 2.0 + 0.5


def test_a_figure_over_its_bar_is_said_to_be_over() -> None:
    assert Figure("x", "x", [1.7], None, Bar(seconds=1.6)).passed is False


def test_a_figure_without_a_bar_is_neither_within_nor_over() -> None:
    assert Figure("x", "x", [1.7]).passed is None


def test_a_relative_bar_needs_a_floor() -> None:
    with pytest.raises(ValueError, match="floor"):
        Bar(factor=1.3).limit(None)


def test_a_bar_reads_as_people_say_it() -> None:
    assert str(Bar(factor=1.3, seconds=0.5)) == "1.3 x floor + 0.5 s"


@pytest.mark.parametrize(("percent", "value"), [(50, 2.0), (95, 4.0), (100, 4.0)])
def test_percentiles_are_samples_that_were_seen(percent: float, value: float) -> None:
    assert percentile([4.0, 1.0, 2.0, 3.0], percent) == value
