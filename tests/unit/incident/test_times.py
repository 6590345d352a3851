"""Times as senders write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.incident.times import is_unset_time, read_epoch, read_go_time, read_time

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
    for read in (read_epoch, read_time, read_go_time):
        moment = read(value)
        assert moment is None or moment.tzinfo is UTC


def test_a_time_without_an_offset_counts_as_utc() -> None:
    assert read_time("2026-03-02 09:00:00") == MOMENT
    assert read_time("2026-03-02T10:00:00+01:00") == MOMENT


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-02 09:00:00 +0000 UTC", MOMENT),
        ("2026-03-02 10:00:00.5 +0100 CET m=+8560.285724134", MOMENT + timedelta(seconds=0.5)),
        ("2026-03-02 09:00:00.000001999 +0000 UTC", MOMENT + timedelta(microseconds=1)),
        ("0001-01-01 00:00:00 +0000 UTC", None),
        ("2026-13-02 09:00:00 +0000 UTC", None),
        ("2026-03-02 09:00:00", None),
        (7, None),
        (None, None),
    ],
)
def test_go_prints_a_time_in_its_own_way(text: Any, moment: datetime | None) -> None:
    assert read_go_time(text) == moment


@pytest.mark.parametrize("value", [None, "", "0001-01-01T00:00:00Z", "0001-01-01 00:00:00 +0000"])
def test_the_zero_time_of_go_means_not_set(value: Any) -> None:
    assert is_unset_time(value)
