"""Change windows: the hours of a week in which changes are welcome."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator

from airmend.change.intervals import Interval
from airmend.change.policy_part import Part
from airmend.change.series import in_zone

DAY = timedelta(days=1)


class Weekday(StrEnum):
    """Days as the policy file writes them."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


def _read_time(value: object) -> object:
    # a number would be taken for seconds: 1800 would become half past midnight
    if isinstance(value, str | time):
        return value
    raise ValueError('a time is written as "18:00"; write it so.')


LocalTime = Annotated[time, BeforeValidator(_read_time)]


class ChangeWindow(Part):
    """Hours in which changes are welcome; `to` at or before `from` means the next day."""

    days: tuple[Weekday, ...] = Field(default=tuple(Weekday), min_length=1)
    from_: LocalTime = Field(alias="from")
    to: LocalTime

    @field_validator("from_", "to")
    @classmethod
    def _has_no_zone(cls, value: time) -> time:
        if value.tzinfo is not None:
            raise ValueError("a time has a zone of its own; remove it, time_zone holds for all.")
        return value

    @property
    def name(self) -> str:
        """The window as people write it."""
        days = "" if len(self.days) == len(Weekday) else ", ".join(self.days) + " "
        return f"{days}{self.from_:%H:%M} to {self.to:%H:%M}"

    def between(self, first: datetime, last: datetime, zone: ZoneInfo) -> Iterator[Interval]:
        """When it is open in a time, in UTC; by the clock on the wall, summer and winter."""
        week = list(Weekday)
        day = first.astimezone(zone).date() - 2 * DAY
        end = last.astimezone(zone).date() + DAY
        while day <= end:
            if week[day.weekday()] in self.days:
                closing = day if self.from_ < self.to else day + DAY
                start_at = in_zone(datetime.combine(day, self.from_), zone).astimezone(UTC)
                end_at = in_zone(datetime.combine(closing, self.to), zone).astimezone(UTC)
                if start_at < end_at and end_at > first and start_at <= last:
                    yield Interval(start_at, end_at)
            day += DAY
