"""An iCalendar file as the library reads it, and what its events have in common.

Files come from people's calendars, so whatever stands in them gives a result or an `EventError`.
The library costs 0.15 s to import and is imported where it is first needed. What an event is good
for is said by its reader: maintenance of incidents, change windows, freezes or holidays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from airmend.calendars.event_times import read_time, read_times
from airmend.calendars.recurrence import EventError, Recurrence, on_wall

MAX_BYTES = 1_048_576
MAX_EVENTS = 1_000

MOVED = "RECURRENCE-ID"
"""Marks an event that stands for one occurrence of a series."""

_SHOWN = 120


def parse_calendars(data: bytes) -> Sequence[Any]:
    """The calendars of a file, at least one.

    Raises:
        EventError: It is too large, or no whole iCalendar file.
    """
    import icalendar

    if len(data) > MAX_BYTES:
        raise EventError(f"it has more than {MAX_BYTES} bytes", "Split it")
    try:
        calendars = icalendar.Calendar.from_ical(data, multiple=True)
        events = [event for each in calendars for event in each.walk("VEVENT")]
    except Exception as error:  # the library raises what it likes
        fact = f"it is not an iCalendar file ({one_line(error)})"
        raise EventError(fact, "Export it again") from error
    if not calendars or any(each.name != "VCALENDAR" for each in calendars):
        raise EventError("it holds no whole VCALENDAR", "Export it again, and copy all of it")
    if len(events) > MAX_EVENTS:
        raise EventError(f"it has more than {MAX_EVENTS} events", "Split it")
    return calendars


def zone_of(calendar: Any, default: tzinfo) -> tzinfo:
    """The zone of days, and of times that name none: the calendar's own, or the default.

    Raises:
        EventError: Nobody knows the zone that it names.
    """
    name = str(calendar.get("X-WR-TIMEZONE") or "")
    try:
        return ZoneInfo(name) if name else default
    except (OSError, ValueError, KeyError) as error:
        raise EventError(f"its X-WR-TIMEZONE '{name}' is not known", "Name another") from error


def read_recurrence(
    event: Any, zone: tzinfo, events: Sequence[Any], longest: timedelta
) -> Recurrence:
    """When an event takes place, without what was moved out of its series.

    Args:
        event: The event.
        zone: The calendar's zone, from `zone_of`.
        events: All events of the file.
        longest: What lasts longer than this is a mistake.

    Raises:
        EventError: It does not say so, or in a way that no window has.
    """
    if event.errors:
        field, message = event.errors[0]
        raise EventError(f"its {field} is not understood ({one_line(message)})", "Correct it")
    recurrence = read_times(event, zone, longest)
    if MOVED in event:
        if "RANGE" in event[MOVED].params:
            raise EventError("it changes all later occurrences", "Split the series in two.")
        return recurrence
    moved = [
        on_wall(read_time(each, MOVED), recurrence.zone)
        for each in series_of(event, events)
        if MOVED in each
    ]
    return replace(recurrence, without=recurrence.without | frozenset(moved))


def series_of(event: Any, events: Sequence[Any]) -> list[Any]:
    """The events of a file with the same UID: the series, and what was moved out of it."""
    return [other for other in events if text_of(other, "UID") == text_of(event, "UID")]


def is_cancelled(event: Any) -> bool:
    """Whether somebody called the event off."""
    return text_of(event, "STATUS").upper() == "CANCELLED"


def text_of(event: Any, field: str) -> str:
    """A field as text; of several the first, and without one the empty text."""
    value = event.get(field, "")
    return str(value[0] if isinstance(value, list) and value else value)


def one_line(error: object) -> str:
    """What the library says about a mistake, short and on one line."""
    text = " ".join(str(error).split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
