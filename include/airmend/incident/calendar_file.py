"""An iCalendar file becomes maintenance windows, or mistakes with their remedy.

An event says itself which incidents it covers, in properties `X-AIRMEND-SCOPE` or in lines of
its description that begin with `airmend:`. An event that says nothing is a mistake: it never
means all. Files come from people's calendars, so whatever stands in them gives a result and no
error. The library costs 0.15 s to import and is imported where it is first needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from airmend.errors import SuppressionError
from airmend.incident.event_times import read_time, read_times
from airmend.incident.fields import NAME_LIMIT, SUMMARY_LIMIT, cut, storable
from airmend.incident.model import Scope, ScopeKind
from airmend.incident.recurrence import EventError, Recurrence, on_wall
from airmend.incident.rule_making import make_scope

MAX_BYTES = 1_048_576
MAX_EVENTS = 1_000

MOVED = "RECURRENCE-ID"
"""Marks an event that stands for one occurrence of a series."""

_LINE = re.compile(r"^\s*airmend\b\s*:?(.*)$", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>|\r?\n", re.IGNORECASE)
_HOW = (
    "Add a line 'airmend: service NAME' to its description ('runbook ID', 'expression CEL' and "
    "'all' may stand there too)."
)


@dataclass(frozen=True)
class Window:
    """One event of a calendar: what it covers and when.

    Args:
        id: File and UID, as people find it again.
        summary: What the event is called.
        author: Who organises it; the file where nobody is named.
        scopes: What it covers; at least one.
        recurrence: When it takes place.
    """

    id: str
    summary: str
    author: str
    scopes: Sequence[Scope]
    recurrence: Recurrence


@dataclass(frozen=True)
class CalendarFile:
    """What a file holds; where it has mistakes, nobody can say what is in maintenance."""

    windows: Sequence[Window] = ()
    mistakes: Sequence[str] = ()


def read_calendar(name: str, data: bytes) -> CalendarFile:
    """The windows of a file and its mistakes, each as place, fact and remedy.

    Args:
        name: The file's name, as people know it.
        data: Its content.
    """
    import icalendar

    if len(data) > MAX_BYTES:
        return _useless(name, f"it has more than {MAX_BYTES} bytes. Split it")
    try:
        calendars = icalendar.Calendar.from_ical(data, multiple=True)
        events = [event for each in calendars for event in each.walk("VEVENT")]
    except Exception as error:  # noqa: BLE001 - the library raises what it likes about a file
        return _useless(name, f"it is not an iCalendar file ({_line(error)}). Export it again")
    if not calendars or any(each.name != "VCALENDAR" for each in calendars):
        return _useless(name, "it holds no whole VCALENDAR. Export it again, and copy all of it")
    if len(events) > MAX_EVENTS:
        return _useless(name, f"it has more than {MAX_EVENTS} events. Split it")
    return _read_events(name, calendars, events)


def read_scope(text: str) -> Scope:
    """A scope as a calendar says it: `service NAME`, `runbook ID`, `expression CEL` or `all`.

    Raises:
        EventError: It says none of these, or an expression with a mistake.
    """
    word, _, value = text.strip().partition(" ")
    try:
        kind = ScopeKind(word.lower())
        return make_scope(kind, value)
    except SuppressionError as error:
        raise EventError(f"its scope '{cut(text.strip(), 80)}': {error.fact}", "") from error
    except ValueError as error:
        raise EventError(f"its scope '{cut(text.strip(), 80)}' is not understood", _HOW) from error


def _useless(name: str, fact: str) -> CalendarFile:
    return CalendarFile(mistakes=[f"{name}: {fact}."])


def _read_events(name: str, calendars: Sequence[Any], events: Sequence[Any]) -> CalendarFile:
    windows, mistakes = [], []
    for calendar in calendars:
        try:
            zone = _zone_of(calendar)
        except EventError as error:
            return _useless(name, str(error).rstrip(" ."))
        for event in calendar.walk("VEVENT"):
            try:
                window = _read_event(name, event, zone, events)
            except EventError as error:
                mistakes.append(f"{name}: event '{_title(event)}': {str(error).rstrip(' .')}.")
            except Exception as error:  # noqa: BLE001 - a strange event is a mistake of the file
                fact = f"it is not understood ({_line(error)}). Write it anew."
                mistakes.append(f"{name}: event '{_title(event)}': {fact}")
            else:
                windows += [window] if window is not None else []
    return CalendarFile(windows, mistakes)


def _zone_of(calendar: Any) -> tzinfo:
    """The zone of days, and of times that name none: the calendar's own, or UTC."""
    name = str(calendar.get("X-WR-TIMEZONE") or "")
    try:
        return ZoneInfo(name) if name else UTC
    except (OSError, ValueError, KeyError) as error:
        raise EventError(f"its X-WR-TIMEZONE '{name}' is not known", "Name another") from error


def _read_event(name: str, event: Any, zone: tzinfo, events: Sequence[Any]) -> Window | None:
    """One event; None for one that was cancelled."""
    if event.errors:
        field, message = event.errors[0]
        raise EventError(f"its {field} is not understood ({_line(message)})", "Correct it")
    recurrence = read_times(event, zone)
    scopes = list(_scopes_of(event))
    series = [other for other in events if _text(other, "UID") == _text(event, "UID")]
    if MOVED in event:
        if "RANGE" in event[MOVED].params:
            raise EventError("it changes all later occurrences", "Split the series in two.")
        # some programs copy nothing else to an occurrence that was moved
        scopes = scopes or [it for e in series if MOVED not in e for it in _scopes_of(e)]
    else:
        moved = [on_wall(read_time(e, MOVED), recurrence.zone) for e in series if MOVED in e]
        recurrence = replace(recurrence, without=recurrence.without | frozenset(moved))
    if _text(event, "STATUS").upper() == "CANCELLED":
        return None
    if not scopes:
        raise EventError("it does not say which incidents it covers", _HOW)
    return Window(
        id=cut(f"{name}/{_text(event, 'UID') or _title(event)}", NAME_LIMIT),
        summary=cut(" ".join(_title(event).split()), SUMMARY_LIMIT),
        author=_organiser(event) or name,
        scopes=scopes,
        recurrence=recurrence,
    )


def _organiser(event: Any) -> str:
    entry = event.get("ORGANIZER")
    if entry is None or isinstance(entry, list):
        return ""
    return cut(str(storable(entry.params.get("CN") or entry.removeprefix("mailto:"))), NAME_LIMIT)


def _scopes_of(event: Any) -> Iterator[Scope]:
    given = event.get("X-AIRMEND-SCOPE", [])
    for text in given if isinstance(given, list) else [given]:
        yield read_scope(str(text))
    for line in _BREAK.split(_text(event, "DESCRIPTION")):
        if found := _LINE.match(line):
            yield read_scope(found[1])


def _text(event: Any, field: str) -> str:
    value = event.get(field, "")
    return str(storable(str(value[0] if isinstance(value, list) and value else value)))


def _title(event: Any) -> str:
    return cut(_text(event, "SUMMARY").strip() or _text(event, "UID") or "without a name", 80)


def _line(error: object) -> str:
    return cut(" ".join(str(error).split()), 120)
