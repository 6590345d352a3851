"""When one event of an iCalendar file takes place, as the library read it.

Called by whoever reads calendars. What cannot be understood for certain is an error: a window at
another time than its author means would let automation act while people work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from airmend.calendars.recurrence import EventError, Recurrence, on_wall, read_rule

EARLIEST_YEAR = 1970


def read_times(event: Any, calendar_zone: tzinfo, longest: timedelta) -> Recurrence:
    """When an event takes place.

    Args:
        event: A VEVENT without errors.
        calendar_zone: The zone of days, and of times that name none.
        longest: What lasts longer than this is a mistake.

    Raises:
        EventError: It does not say so, or in a way that no window has.
    """
    if "DTSTART" not in event:
        raise EventError("it has no start", "Give it one.")
    start = read_time(event, "DTSTART")
    if start.year < EARLIEST_YEAR:
        raise EventError(f"it starts before {EARLIEST_YEAR}", "Correct its start.")
    zone = calendar_zone
    if isinstance(start, datetime) and start.tzinfo is not None:
        zone = start.tzinfo
    days, length = _length(event, start, zone, longest)
    recurrence = Recurrence(zone=zone, start=on_wall(start, zone), days=days, length=length)
    if "EXRULE" in event or isinstance(event.get("RRULE"), list):
        raise EventError("it has an EXRULE or several RRULEs", "Write several events.")
    if "RRULE" in event:
        recurrence = read_rule(event["RRULE"], event["RRULE"].to_ical().decode(), recurrence)
    without = list(_dates(event, "EXDATE"))
    return replace(
        recurrence,
        further=[on_wall(value, zone) for value in _dates(event, "RDATE")],
        without=frozenset(on_wall(v, zone) for v in without if isinstance(v, datetime)),
        without_days=frozenset(v for v in without if not isinstance(v, datetime)),
    )


def _length(
    event: Any, start: date | datetime, zone: tzinfo, longest: timedelta
) -> tuple[int, timedelta]:
    """How long an event is: whole days, or an exact time."""
    if not isinstance(start, datetime):
        end = read_time(event, "DTEND") if "DTEND" in event else None
        if isinstance(end, datetime):
            raise EventError("it starts with a day and ends with a time", "Correct its end.")
        length = timedelta(days=1)
        if end is not None:
            length = end - start
        elif "DURATION" in event:
            length = event["DURATION"].dt
        if length % timedelta(days=1):
            raise EventError("it starts with a day and does not last whole days", "Give it a time.")
    elif "DTEND" in event:
        end = read_time(event, "DTEND")
        if not isinstance(end, datetime):
            raise EventError("it starts with a time and ends with a day", "Correct its end.")
        length = _aware(end, zone) - _aware(start, zone)
    elif "DURATION" in event:
        length = event["DURATION"].dt
    else:
        raise EventError("it has no end", "Give it one: a window is always limited.")
    if length <= timedelta():
        raise EventError("it ends before it starts", "Correct its end.")
    if length > longest:
        raise EventError(f"it lasts longer than {longest.days} days", "Make it shorter.")
    whole = not isinstance(start, datetime)
    return (length.days, timedelta()) if whole else (0, length)


def _aware(value: datetime, zone: tzinfo) -> datetime:
    return (value.replace(tzinfo=zone) if value.tzinfo is None else value).astimezone(UTC)


def read_time(event: Any, field: str) -> date | datetime:
    """A date or a time of an event.

    Raises:
        EventError: It names a zone that nobody knows, or is there twice.
    """
    entry = event[field]
    if isinstance(entry, list):
        raise EventError(f"it has several {field}", "Keep one.")
    return _known(entry.dt, field, entry.params.get("TZID"))


def _dates(event: Any, field: str) -> Iterator[date | datetime]:
    """The dates and times of a list, however many properties it is spread over."""
    given = event.get(field, [])
    for entry in given if isinstance(given, list) else [given]:
        for each in entry.dts:
            if isinstance(each.dt, tuple):
                raise EventError(f"its {field} has a period", "Write an event of its own.")
            yield _known(each.dt, field, entry.params.get("TZID"))


def _known(value: date | datetime, field: str, zone: str | None) -> date | datetime:
    if zone and isinstance(value, datetime) and value.tzinfo is None:
        raise EventError(f"the time zone '{zone}' of its {field} is not known", "Name another.")
    return value
