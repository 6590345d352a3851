"""A clock is trusted as long as nothing speaks against it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from airmend.change.clock import check_clock
from airmend.errors import ClockError
from tests.builders import AT

TOLERANCE = timedelta(seconds=30)


@pytest.mark.parametrize("apart", [-30, -1, 0, 30])
def test_clocks_may_be_as_far_apart_as_the_policy_says(apart: int) -> None:
    other = AT + timedelta(seconds=apart)
    check_clock(AT, database_at=other, recorded_at=other, tolerance=TOLERANCE)


@pytest.mark.parametrize("apart", [-31, 31])
def test_one_second_more_is_refused_in_either_direction(apart: int) -> None:
    other = AT + timedelta(seconds=apart)
    with pytest.raises(ClockError, match="more than 30 s apart"):
        check_clock(AT, database_at=other, recorded_at=None, tolerance=TOLERANCE)


def test_a_clock_that_went_back_is_refused() -> None:
    recorded = AT + timedelta(seconds=31)
    with pytest.raises(ClockError, match="something was recorded at"):
        check_clock(AT, database_at=None, recorded_at=recorded, tolerance=TOLERANCE)


def test_the_past_speaks_against_nothing() -> None:
    check_clock(AT, database_at=None, recorded_at=AT - timedelta(days=9), tolerance=TOLERANCE)
    check_clock(AT, database_at=None, recorded_at=None, tolerance=TOLERANCE)
