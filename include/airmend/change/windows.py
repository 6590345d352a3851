"""Change windows: the hours of a week in which changes are welcome."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator

from airmend.change.policy_part import Part


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

    def holds(self, local: datetime) -> bool:
        """Whether a local time is inside."""
        days = list(Weekday)
        today = days[local.weekday()] in self.days
        yesterday = days[(local - timedelta(days=1)).weekday()] in self.days
        clock = local.time()
        if self.from_ < self.to:
            return today and self.from_ <= clock < self.to
        return (today and clock >= self.from_) or (yesterday and clock < self.to)
