"""Article 5 of Regulation (EU) 2025/301: one under, at and one over every limit."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.review.dora.deadlines import (
    final_due_at,
    initial_due_at,
    intermediate_due_at,
    is_day_off,
    relieve,
)

BERLIN = ZoneInfo("Europe/Berlin")
MOMENTS = st.integers(0, 20 * 365 * 86_400).map(
    lambda seconds: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
HOURS = st.floats(0, 24 * 40)
AWARE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


@pytest.mark.parametrize(
    ("classified_after", "due_after"),
    [
        (0, 4),
        (1, 5),
        (19.99, 23.99),
        (20, 24),
        (20.01, 24),  # 24 hours of awareness come first
        (24, 24),
        (24.01, 28.01),  # not classified within 24 hours: 4 hours from then
        (100, 104),
    ],
)
def test_the_initial_notification(classified_after: float, due_after: float) -> None:
    assert initial_due_at(AWARE, AWARE + hours(classified_after)) == AWARE + hours(due_after)


@given(MOMENTS, HOURS)
def test_an_initial_notification_never_has_more_than_4_hours(aware: datetime, after: float) -> None:
    classified = aware + hours(after)
    due = initial_due_at(aware, classified)
    assert classified <= due <= classified + hours(4)
    if classified <= aware + hours(24):
        assert due <= aware + hours(24)


@given(MOMENTS)
def test_an_intermediate_report_has_72_hours(sent: datetime) -> None:
    assert intermediate_due_at(sent) - sent == hours(72)


@pytest.mark.parametrize(
    ("sent", "due"),
    [
        ("2026-01-31T10:00+01:00", "2026-02-28T10:00+01:00"),
        ("2028-01-31T10:00+01:00", "2028-02-29T10:00+01:00"),
        ("2026-02-28T10:00+01:00", "2026-03-28T10:00+01:00"),
        ("2026-03-15T10:00+01:00", "2026-04-15T10:00+02:00"),  # the clock went forward between
        ("2026-12-31T23:30+01:00", "2027-01-31T23:30+01:00"),
        ("2026-04-30T23:30Z", "2026-06-01T01:30+02:00"),  # in Berlin it is May already
    ],
)
def test_the_final_report_is_due_a_calendar_month_later(sent: str, due: str) -> None:
    assert final_due_at(datetime.fromisoformat(sent), BERLIN) == datetime.fromisoformat(due)


@given(MOMENTS, st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Auckland"]))
def test_a_month_has_28_to_31_days_and_never_goes_back(sent: datetime, zone: str) -> None:
    due = final_due_at(sent, ZoneInfo(zone))
    assert timedelta(days=27, hours=22) <= due - sent <= timedelta(days=31, hours=2)
    assert due.tzinfo is UTC


@given(MOMENTS, MOMENTS)
def test_who_sends_later_never_has_to_be_done_earlier(one: datetime, other: datetime) -> None:
    first, second = sorted([one, other])
    assert final_due_at(first, ZoneInfo("UTC")) <= final_due_at(second, ZoneInfo("UTC")) or (
        # January 29, 30 and 31 all end on February 28, each at its own time of day
        final_due_at(first, ZoneInfo("UTC")).date() == final_due_at(second, ZoneInfo("UTC")).date()
    )


@pytest.mark.parametrize(
    ("due", "relief"),
    [
        ("2026-03-06T23:59+01:00", None),  # Friday
        ("2026-03-07T00:00+01:00", "2026-03-09T12:00+01:00"),  # Saturday
        ("2026-03-08T23:59+01:00", "2026-03-09T12:00+01:00"),
        ("2026-03-09T00:00+01:00", None),  # Monday
        ("2026-03-06T23:30Z", "2026-03-09T12:00+01:00"),  # Saturday in Berlin
        ("2026-04-03T10:00+02:00", "2026-04-07T12:00+02:00"),  # Good Friday to Easter Monday
        ("2026-03-28T10:00+01:00", "2026-03-30T12:00+02:00"),  # the clock went forward between
    ],
)
def test_a_day_off_gives_until_noon_of_the_next_working_day(due: str, relief: str | None) -> None:
    holidays = [date(2026, 4, 3), date(2026, 4, 6)]
    found = relieve(datetime.fromisoformat(due), BERLIN, holidays)
    assert found == (datetime.fromisoformat(relief) if relief else None)


@given(MOMENTS, st.sets(st.dates(date(2020, 1, 1), date(2040, 1, 1)), max_size=20))
def test_relief_is_later_at_noon_and_on_a_working_day(due: datetime, days: set[date]) -> None:
    found = relieve(due, BERLIN, days)
    assert (found is None) == (not is_day_off(due.astimezone(BERLIN).date(), days))
    if found is not None:
        local = found.astimezone(BERLIN)
        assert found > due
        assert local.hour == 12
        assert not is_day_off(local.date(), days)
