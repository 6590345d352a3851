"""When an event of a calendar takes place: pure, by the rules of RFC 5545.

Everything is reckoned by the clock on the wall of the event's own zone, so that 22:00 stays
22:00 when summer time begins; only the result is in UTC. A time that the clock shows twice is the
first of the two, and one that it skips is as long after midnight as on the day before. Called by
whoever reads calendars: maintenance windows of incidents, change windows and freezes of the policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from dateutil.rrule import rrulestr

from airmend.errors import AirmendError

MAX_OCCURRENCES = 1_000
"""Of one event, in the time that is asked about."""

_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MISPLACED = {  # RFC 5545, 3.3.10, and what never ends without a result
    "BYWEEKNO": {"DAILY", "WEEKLY", "MONTHLY"},
    "BYYEARDAY": {"DAILY", "WEEKLY", "MONTHLY"},
    "BYMONTHDAY": {"WEEKLY"},
    "BYSETPOS": {"DAILY"},
    "BYHOUR": set(_FREQUENCIES),
    "BYMINUTE": set(_FREQUENCIES),
    "BYSECOND": set(_FREQUENCIES),
}


class EventError(AirmendError):
    """An event of a calendar cannot be used; `fact` says why, `remedy` what helps."""

    def __init__(self, fact: str, remedy: str) -> None:
        self.fact, self.remedy = fact, remedy
        super().__init__(f"{fact}. {remedy}")


@dataclass(frozen=True)
class Recurrence:
    """When an event takes place.

    Args:
        zone: The zone whose clock its times are read by.
        start: The first start, by that clock.
        days: Length in whole days of that clock, for an event of whole days; 0 for others.
        length: Exact length of the others.
        rule: RRULE without its end; empty for an event that does not recur.
        until: The last start that the rule may give, by that clock.
        further: Starts beside the rule's.
        without: Starts that do not take place, by that clock.
        without_days: Days on which nothing starts.
    """

    zone: tzinfo
    start: datetime
    days: int = 0
    length: timedelta = timedelta()
    rule: str = ""
    until: datetime | None = None
    further: Sequence[datetime] = ()
    without: frozenset[datetime] = frozenset()
    without_days: frozenset[date] = frozenset()

    def between(self, first: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Start and end in UTC of what takes place in a time, in the order of the starts.

        Args:
            first: Aware; what ended before is left out.
            last: Aware; what starts after is left out.

        Raises:
            EventError: There are more than `MAX_OCCURRENCES`.
        """
        longest = timedelta(days=self.days) + self.length + timedelta(days=2)
        begin = _on_wall(first, self.zone) - longest
        stop = _on_wall(last, self.zone) + timedelta(days=1)
        starts = {start for start in self._starts(begin, stop) if not self._is_out(start)}
        for start in sorted(starts):
            start_at, end_at = self._in_utc(start)
            if end_at > first and start_at <= last:
                yield start_at, end_at

    def _starts(self, begin: datetime, stop: datetime) -> Iterator[datetime]:
        yield from (start for start in (self.start, *self.further) if begin <= start <= stop)
        if not self.rule:
            return
        end = stop if self.until is None else min(stop, self.until)
        rule = rrulestr(self.rule, dtstart=self.start)
        for number, start in enumerate(rule.xafter(begin, inc=True)):
            if start > end:
                return
            if number == MAX_OCCURRENCES:
                raise EventError(
                    f"it takes place more than {MAX_OCCURRENCES} times in the time asked about",
                    "Write one longer event.",
                )
            yield start

    def _is_out(self, start: datetime) -> bool:
        return start in self.without or start.date() in self.without_days

    def _in_utc(self, start: datetime) -> tuple[datetime, datetime]:
        start_at = start.replace(tzinfo=self.zone).astimezone(UTC)
        if not self.days:
            return start_at, start_at + self.length
        end = (start + timedelta(days=self.days)).replace(tzinfo=self.zone)
        return start_at, end.astimezone(UTC)


def on_wall(value: date | datetime, zone: tzinfo) -> datetime:
    """A date or a time by the clock of a zone, without the zone; a date is its midnight."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time())
    return value if value.tzinfo is None else _on_wall(value, zone)


def _on_wall(value: datetime, zone: tzinfo) -> datetime:
    return value.astimezone(zone).replace(tzinfo=None)


def read_rule(rule: Mapping[str, Any], text: str, recurrence: Recurrence) -> Recurrence:
    """The recurrence with an RRULE.

    Args:
        rule: Its parts, each a list, as the library reads them.
        text: The same as text.
        recurrence: What is known of the event without it.

    Raises:
        EventError: The rule is none that a window has, or not one of RFC 5545.
    """
    frequency = str((rule.get("FREQ") or [""])[0])
    if frequency not in _FREQUENCIES:
        raise EventError(
            f"it recurs {frequency or 'at no frequency'}", f"Use one of {', '.join(_FREQUENCIES)}."
        )
    for part, frequencies in _MISPLACED.items():
        if part in rule and frequency in frequencies:
            raise EventError(f"its {frequency} rule has {part}", "Leave that part out.")
    if any(int(number) < 1 for part in ("INTERVAL", "COUNT") for number in rule.get(part) or []):
        raise EventError("its INTERVAL or COUNT is not above 0", "Correct the number.")
    if not _is_possible(rule):
        raise EventError("its months never have such a day", "Correct BYMONTH or BYMONTHDAY.")
    until = (rule.get("UNTIL") or [None])[0]
    parts = [part for part in text.split(";") if not part.upper().startswith("UNTIL=")]
    bare = ";".join(parts)
    try:
        rrulestr(bare, dtstart=recurrence.start)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError) as error:
        raise EventError(
            f"its RRULE '{text}' is not understood ({error})", "Correct it."
        ) from error
    return replace(recurrence, rule=bare, until=_last_start(until, recurrence.zone))


def _is_possible(rule: Mapping[str, Any]) -> bool:
    """Whether one of the rule's months has one of its days."""
    days = [abs(int(day)) for day in rule.get("BYMONTHDAY") or []]
    months = [int(month) for month in rule.get("BYMONTH") or range(1, 13)]
    longest = [_LONGEST_MONTHS[month - 1] for month in months if 1 <= month <= len(_LONGEST_MONTHS)]
    return bool(longest) and (not days or min(days) <= max(longest))


def _last_start(until: date | datetime | None, zone: tzinfo) -> datetime | None:
    """UNTIL by the event's clock; a day is all of it."""
    if until is None:
        return None
    if not isinstance(until, datetime):
        return datetime.combine(until, time.max)
    return on_wall(until, zone)
