"""When an entry of the policy's calendar takes place: by an RRULE or by an iCalendar file.

Pure but for the cache: the same rule and the same file are understood once a process. Called by
`calendar_policy`. Mistakes are a `ValueError`, so that the policy file shows them with their line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from airmend.calendars.files import (
    is_cancelled,
    one_line,
    parse_calendars,
    read_recurrence,
    text_of,
    zone_of,
)
from airmend.calendars.recurrence import EventError, Recurrence, on_wall, read_rule
from airmend.change.intervals import Interval
from airmend.errors import ConfigurationError

LONGEST = timedelta(days=366)
"""An event that lasts longer is a typing mistake."""


@lru_cache(maxsize=256)
def read_series(
    rule: str, start: datetime, length: timedelta, without: tuple[date, ...], zone: ZoneInfo
) -> Recurrence:
    """A rule with its first start.

    Args:
        rule: An RRULE of RFC 5545.
        start: By the clock of the zone; an aware one is put on that clock.
        length: Exact.
        without: Days of that clock on which it does not start.
        zone: The zone whose clock counts.

    Raises:
        ValueError: The rule is not understood, or does not begin at its start.
    """
    import icalendar

    try:
        parts = icalendar.vRecur.from_ical(rule)
        series = Recurrence(zone=zone, start=on_wall(start, zone), length=length)
        series = read_rule(parts, parts.to_ical().decode(), series)
    except (EventError, ValueError) as error:
        raise ValueError(f"rrule '{rule}': {one_line(error)}") from error
    first = next(iter(rrulestr(series.rule, dtstart=series.start)), None)
    if first != series.start:
        # by RFC 5545 it would take place at its start too, which nobody means
        other = f"; the first after it is {first:%Y-%m-%dT%H:%M}" if first is not None else ""
        raise ValueError(f"rrule '{rule}': its start is none of its times{other}.")
    return replace(series, without_days=frozenset(without))


@lru_cache(maxsize=64)
def read_file(name: str, data: bytes, zone: ZoneInfo) -> tuple[tuple[str, Recurrence], ...]:
    """The events of an iCalendar file: what each is called, and when it takes place.

    Args:
        name: The file's name, for people.
        data: Its content.
        zone: Of days, and of times that name none, where the calendar has no zone of its own.

    Raises:
        ValueError: The first mistake; a calendar of which one event is not understood could
            forbid what the others allow.
    """
    found: list[tuple[str, Recurrence]] = []
    title = ""
    try:
        for calendar in parse_calendars(data):
            events = calendar.walk("VEVENT")
            for event in events:
                title = text_of(event, "SUMMARY").strip() or text_of(event, "UID") or "no name"
                recurrence = read_recurrence(event, zone_of(calendar, zone), events, LONGEST)
                if not is_cancelled(event):
                    found.append((title, recurrence))
    except Exception as error:  # the library raises what it likes about a strange event
        where = f"event '{one_line(title)}': " if title else ""
        raise ValueError(f"{name}: {where}{one_line(error)}") from error
    if not found:
        # what a file that was cut off looks like; a calendar that forbids nothing needs no entry
        raise ValueError(f"{name}: it has no event. Export it again, or remove the entry.")
    return tuple(found)


def occurrences(series: Sequence[Recurrence], first: datetime, last: datetime) -> list[Interval]:
    """What takes place in a time, in UTC; whole, also where it began before.

    Raises:
        ConfigurationError: Too much takes place to be looked through.
    """
    try:
        return [
            Interval(start_at, end_at)
            for each in series
            for start_at, end_at in each.between(first, last)
        ]
    except EventError as error:
        raise ConfigurationError(f"an entry of the policy's calendar: {error}") from error


def in_zone(local: datetime, zone: tzinfo, *, later: bool = False) -> datetime:
    """A time by the clock of a zone, aware; of two with the same name the first, or the later."""
    return local.replace(tzinfo=zone, fold=int(later)) if local.tzinfo is None else local
