"""The policy's calendar: change windows, freezes and holidays, as people write them.

Each has a name, a zone and a scope (`calendar_scope`), and says in one of several ways when it
takes place. Files that are named are read with the policy, so that a missing or broken one stops
changes as a broken policy does. What the entries mean together is `slots`.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationInfo, model_validator

from airmend.calendars.files import MAX_BYTES
from airmend.change.calendar_scope import Name, Scoped
from airmend.change.intervals import Interval
from airmend.change.policy_part import Part
from airmend.change.series import in_zone, occurrences, read_file, read_series
from airmend.change.windows import ChangeWindow, LocalTime, Weekday
from airmend.errors import ConfigurationError

FOLDER = "folder"
"""Key of the validation's context: where the files of a policy are; without it none is read."""

DAY = timedelta(days=1)


def _read_moment(value: object) -> object:
    """A day or a time as people write it; a number would be taken for seconds."""
    if isinstance(value, date | datetime):
        return value
    if not isinstance(value, str):
        raise ValueError('write a time such as "2026-12-18T18:00", or a day.')
    try:
        return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError(
            f"'{value}' is no time; write one such as 2026-12-18T18:00, or a day."
        ) from error


Moment = Annotated[date | datetime, BeforeValidator(_read_moment)]
Day = Annotated[date, BeforeValidator(_read_moment)]
StartTime = Annotated[datetime, BeforeValidator(_read_moment)]


class Timed(Scoped):
    """What recurs by an RRULE, or is in an iCalendar file beside the policy."""

    rrule: Name | None = None
    start: StartTime | None = None  # the rule's first start
    minutes: int | None = Field(default=None, ge=1, le=527_040)  # how long each lasts
    except_dates: tuple[Day, ...] | None = Field(default=None, min_length=1)
    file: Name | None = None
    _content: bytes | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _times_are_whole(self, info: ValidationInfo) -> Timed:
        ways = self._ways()
        given = [keys[0] for keys in ways if any(getattr(self, key) is not None for key in keys)]
        names = ", or ".join(" with ".join(key.strip("_") for key in keys) for keys in ways)
        if len(given) != 1:
            raise ValueError(f"it says when in no way, or in several; give one of: {names}.")
        keys = next(keys for keys in ways if keys[0] == given[0])
        needed = [key for key in keys if key not in {"days", "except_dates"}]
        if missing := [key.strip("_") for key in needed if getattr(self, key) is None]:
            raise ValueError(f"'{missing[0]}' is missing; add it.")
        if self.rrule is not None:
            self._series(self.zone(ZoneInfo("UTC")))  # a mistake is one now
        if self.file is not None:
            self._read(info)
        return self

    def _ways(self) -> list[tuple[str, ...]]:
        """The ways to say when: the keys of each."""
        return [("rrule", "start", "minutes", "except_dates"), ("file",)]

    def _read(self, info: ValidationInfo) -> None:
        folder = (info.context or {}).get(FOLDER)
        if folder is None or self.file is None:
            return  # whoever asks for other parts of the policy only
        path = Path(folder) / self.file
        try:
            with path.open("rb") as file:
                self._content = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise ValueError(f"{path} cannot be read ({error.strerror}).") from error
        read_file(self.file, self._content, self.zone(ZoneInfo("UTC")))

    @property
    def file_digest(self) -> str:
        """64 hexadecimal digits of the file's content; empty without a file."""
        return hashlib.sha256(self._content).hexdigest() if self._content is not None else ""

    def between(self, first: datetime, last: datetime, default: ZoneInfo) -> list[Interval]:
        """When it takes place in a time, in UTC; whole, also where it began before.

        Args:
            first: Aware; what ended before is left out.
            last: Aware; what starts after is left out.
            default: The policy's zone.

        Raises:
            ConfigurationError: It takes place too often to be looked through.
        """
        return occurrences(self._series(self.zone(default)), first, last)

    def _series(self, zone: ZoneInfo) -> list[Any]:
        if self.file is not None:
            if self._content is None:
                # nothing could be read as "never": a freeze would freeze nothing
                raise ConfigurationError(f"the calendar {self.file} of '{self.name}' is not read")
            return [recurrence for _, recurrence in read_file(self.file, self._content, zone)]
        if self.rrule is None or self.start is None or self.minutes is None:
            return []
        length = timedelta(minutes=self.minutes)
        without = tuple(self.except_dates or ())
        return [read_series(self.rrule, self.start, length, without, zone)]


class WindowEntry(Timed):
    """When changes are welcome; a binding one is the only time in which they begin."""

    binding: bool = False
    open_on_holidays: bool = False
    days: tuple[Weekday, ...] | None = Field(default=None, min_length=1)
    from_: LocalTime | None = Field(default=None, alias="from")
    to: LocalTime | None = None

    def _ways(self) -> list[tuple[str, ...]]:
        return [("from_", "to", "days"), *super()._ways()]

    def between(self, first: datetime, last: datetime, default: ZoneInfo) -> list[Interval]:
        """See `Timed.between`; by the hours of a week where those are given."""
        if self.from_ is None or self.to is None:
            return super().between(first, last, default)
        week = ChangeWindow(days=self.days or tuple(Weekday), from_=self.from_, to=self.to)
        return list(week.between(first, last, self.zone(default)))

    @model_validator(mode="after")
    def _hours_have_no_zone(self) -> WindowEntry:
        if any(each is not None and each.tzinfo is not None for each in (self.from_, self.to)):
            raise ValueError("a time has a zone of its own; remove it and set time_zone.")
        return self


class FreezeEntry(Timed):
    """When no change begins, whatever its risk; those that let pass are named."""

    from_: Moment | None = Field(default=None, alias="from")
    to: Moment | None = None  # a day is frozen to its end
    refuse: bool = False  # refuse changes at once, instead of letting them wait for the end

    def _ways(self) -> list[tuple[str, ...]]:
        return [("from_", "to"), *super()._ways()]

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> FreezeEntry:
        times = self._once(ZoneInfo("UTC"))
        if times is not None and times.start_at >= times.end_at:
            raise ValueError("it ends before it starts; correct 'from' or 'to'.")
        return self

    def between(self, first: datetime, last: datetime, default: ZoneInfo) -> list[Interval]:
        """See `Timed.between`; from one time to another where those are given."""
        once = self._once(self.zone(default))
        if once is None:
            return super().between(first, last, default)
        return [once] if once.end_at > first and once.start_at <= last else []

    def _once(self, zone: ZoneInfo) -> Interval | None:
        if self.from_ is None or self.to is None:
            return None
        begins, ends = self.from_, self.to
        if not isinstance(begins, datetime):
            begins = datetime.combine(begins, time())
        if not isinstance(ends, datetime):
            ends = datetime.combine(ends + DAY, time())
        # of an hour that the clock shows twice, all is frozen
        ends_at = in_zone(ends, zone, later=True)
        return Interval(in_zone(begins, zone).astimezone(UTC), ends_at.astimezone(UTC))


class HolidayEntry(Timed):
    """Days on which change windows are closed, unless they say otherwise."""

    dates: tuple[Day, ...] | None = Field(default=None, min_length=1)

    def _ways(self) -> list[tuple[str, ...]]:
        return [("dates",), *super()._ways()]

    def between(self, first: datetime, last: datetime, default: ZoneInfo) -> list[Interval]:
        """See `Timed.between`; whole days where dates are given."""
        if self.dates is None:
            return super().between(first, last, default)
        zone = self.zone(default)
        found = [
            Interval(*(in_zone(each, zone).astimezone(UTC) for each in (start, start + DAY)))
            for start in (datetime.combine(day, time()) for day in self.dates)
        ]
        return [each for each in found if each.end_at > first and each.start_at <= last]


class CalendarPolicy(Part):
    """What the policy file says below `calendar`."""

    longest_wait_hours: int = Field(default=72, ge=0, le=336)
    windows: tuple[WindowEntry, ...] = ()
    freezes: tuple[FreezeEntry, ...] = ()
    holidays: tuple[HolidayEntry, ...] = ()

    @model_validator(mode="after")
    def _names_are_different(self) -> CalendarPolicy:
        names = [entry.name for entry in (*self.windows, *self.freezes)]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two entries are named '{twice[0]}'; rename one.")
        return self

    @property
    def longest_wait(self) -> timedelta:
        """How long a change may wait for its window, or for the end of a freeze."""
        return timedelta(hours=self.longest_wait_hours)

    @property
    def file_digests(self) -> list[str]:
        """What the files held, in the order of their entries."""
        entries = (*self.windows, *self.freezes, *self.holidays)
        return [entry.file_digest for entry in entries if entry.file_digest]
