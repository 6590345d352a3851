"""An iCalendar file becomes maintenance windows, or mistakes with their remedy.

An event says itself which incidents it covers, in properties `X-AIRMEND-SCOPE` or in lines of
its description that begin with `airmend:`. An event that says nothing is a mistake: it never
means all. Files come from people's calendars, so whatever stands in them gives a result and no
error. What calendars have in common is read by `airmend.calendars`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from airmend.calendars.files import (
    MOVED,
    is_cancelled,
    one_line,
    parse_calendars,
    read_recurrence,
    series_of,
    text_of,
    zone_of,
)
from airmend.calendars.recurrence import EventError, Recurrence
from airmend.errors import SuppressionError
from airmend.incident.fields import NAME_LIMIT, SUMMARY_LIMIT, cut, storable
from airmend.incident.model import MAX_SUPPRESSION, Scope, ScopeKind
from airmend.incident.rule_making import make_scope

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
    try:
        calendars = parse_calendars(data)
    except EventError as error:
        return _useless(name, str(error).rstrip(" ."))
    events = [event for each in calendars for event in each.walk("VEVENT")]
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
            zone = zone_of(calendar, UTC)
        except EventError as error:
            return _useless(name, str(error).rstrip(" ."))
        for event in calendar.walk("VEVENT"):
            try:
                window = _read_event(name, event, zone, events)
            except EventError as error:
                mistakes.append(f"{name}: event '{_title(event)}': {str(error).rstrip(' .')}.")
            except Exception as error:  # noqa: BLE001 - a strange event is a mistake of the file
                fact = f"it is not understood ({one_line(error)}). Write it anew."
                mistakes.append(f"{name}: event '{_title(event)}': {fact}")
            else:
                windows += [window] if window is not None else []
    return CalendarFile(windows, mistakes)


def _read_event(name: str, event: Any, zone: tzinfo, events: Sequence[Any]) -> Window | None:
    """One event; None for one that was cancelled."""
    recurrence = read_recurrence(event, zone, events, MAX_SUPPRESSION)
    scopes = list(_scopes_of(event))
    if MOVED in event and not scopes:
        # some programs copy nothing else to an occurrence that was moved
        scopes = [it for e in series_of(event, events) if MOVED not in e for it in _scopes_of(e)]
    if is_cancelled(event):
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
    return str(storable(text_of(event, field)))


def _title(event: Any) -> str:
    return cut(_text(event, "SUMMARY").strip() or _text(event, "UID") or "without a name", 80)
