from __future__ import annotations

from datetime import timedelta

import pytest

from airmend.itsm.patience import wait_after


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 30), (2, 60), (5, 480), (6, 900), (7, 900), (10_000, 900)]
)
def test_the_time_doubles_up_to_a_limit(failures: int, seconds: int) -> None:
    assert wait_after(failures, 1.0, needs_person=False) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("failures", "minutes"), [(1, 15), (2, 30), (5, 240), (6, 360), (7, 360)])
def test_where_only_a_person_helps_it_is_longer(failures: int, minutes: int) -> None:
    assert wait_after(failures, 1.0, needs_person=True) == timedelta(minutes=minutes)


def test_chance_spreads_it_over_half_of_it() -> None:
    assert wait_after(1, 0.0, needs_person=False) == timedelta(seconds=15)
