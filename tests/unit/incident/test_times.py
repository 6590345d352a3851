"""Times as senders write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.incident.times import read_epoch, read_time

MOMENT = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)
SECONDS = int(MOMENT.timestamp())


@pytest.mark.parametrize(
    "number",
    [
        SECONDS,
        SECONDS * 1_000,
        SECONDS * 1_000_000,
        SECONDS * 1_000_000_000,
        f"{SECONDS}",
        f" {SECONDS}000 ",
        float(SECONDS),
        f"{SECONDS}.0",
    ],
)
def test_a_number_is_read_in_the_unit_that_its_size_tells(number: Any) -> None:
    assert read_epoch(number) == MOMENT


def test_nanoseconds_are_cut_to_microseconds() -> None:
    assert read_epoch(SECONDS * 1_000_000_000 + 1_999) == MOMENT + timedelta(microseconds=1)


def test_milliseconds_are_kept() -> None:
    assert read_epoch(SECONDS * 1_000 + 288) == MOMENT + timedelta(milliseconds=288)


@pytest.mark.parametrize(
    "value",
    [0, -1, "0", "", "soon", None, True, [], {}, 10**40, float("nan"), float("inf"), "1e999", "٣"],
)
def test_what_is_no_number_since_1970_is_no_time(value: Any) -> None:
    assert read_epoch(value) is None


@given(st.one_of(st.integers(), st.floats(), st.text(), st.text("0123456789.e-", max_size=40)))
def test_whatever_comes_is_a_time_in_utc_or_none(value: Any) -> None:
    for read in (read_epoch, read_time):
        moment = read(value)
        assert moment is None or moment.tzinfo is UTC


def test_a_time_without_an_offset_counts_as_utc() -> None:
    assert read_time("2026-03-02 09:00:00") == MOMENT
    assert read_time("2026-03-02T10:00:00+01:00") == MOMENT
