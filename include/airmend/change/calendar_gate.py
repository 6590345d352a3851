"""What keeps a change from beginning now: a freeze, its window, or too little room.

Pure. Called by orchestration's gate, before the start and before every step, and by the approval,
so that people read when the change would begin. A hold says why, and the slot that is next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from airmend.change.calendar_scope import Subject
from airmend.change.intervals import Interval
from airmend.change.slots import Calendar, Frozen

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Hold:
    """Why a change does not begin now.

    Args:
        reason: For people; a half sentence.
        slot: The next time in which it has room; None where there is none.
        frozen: The freeze that it is in; None where only its window holds it.
    """

    reason: str
    slot: Interval | None
    frozen: Frozen | None = None

    @property
    def refuses(self) -> bool:
        """Whether it is not to wait at all."""
        return self.slot is None or (self.frozen is not None and self.frozen.freeze.refuse)


def find_hold(calendar: Calendar, at: datetime, length: timedelta, subject: Subject) -> Hold | None:
    """What keeps a change from beginning; None where it may.

    Args:
        calendar: The policy's.
        at: The time, aware.
        length: How long its steps may take; above 0. So much room is needed before a freeze
            begins or the window closes.
        subject: The change.
    """
    slot = calendar.next_free_slot(at, length, subject)
    if slot is not None and slot.start_at <= at:
        return None
    frozen = calendar.frozen(at, subject)
    return Hold(_tell_reason(calendar, at, length, subject, frozen), slot, frozen)


def _tell_reason(
    calendar: Calendar, at: datetime, length: timedelta, subject: Subject, frozen: Frozen | None
) -> str:
    if frozen is not None:
        return f"the freeze '{frozen.freeze.name}' lasts until {tell_time(frozen.until, calendar)}"
    if calendar.is_open(at, subject):
        minutes = -(-length // MINUTE)
        return f"less than the {minutes} minutes that its steps may take are left"
    names = " or ".join(f"'{each.name}'" for each in calendar.windows_of(subject, binding=True))
    today = [
        each.name
        for each in calendar.holidays_of(subject)
        if any(day.holds(at) for day in each.between(at, at, calendar.zone))
    ]
    why = f" ({today[0]})" if today else ""
    return f"its window {names} is closed{why}"


def offer_slot(
    calendar: Calendar,
    at: datetime,
    length: timedelta,
    subject: Subject,
    busy: Iterable[Interval] = (),
) -> Interval | None:
    """The next free slot to name to people: in welcome hours and beside other changes, if there is.

    Args:
        calendar: The policy's.
        at: From when on, aware.
        length: How long the steps may take.
        subject: The change.
        busy: When changes that would overlap are at work.
    """
    others = list(busy)
    best = calendar.next_free_slot(at, length, subject, busy=others, welcome=True)
    return best or calendar.next_free_slot(at, length, subject, busy=others)


def work_of(
    calendar: Calendar, at: datetime, length: timedelta, subject: Subject, *, is_at_work: bool
) -> Interval | None:
    """When a change under way works at the latest: now, or in its next slot; None without one."""
    if is_at_work:
        return Interval(at, at + length)
    return calendar.next_free_slot(at, length, subject)


def tell_slot(slot: Interval | None, calendar: Calendar) -> str:
    """A slot for people, in the zone of the policy."""
    if slot is None:
        return "no slot is free within 400 days"
    return f"the next free slot begins at {tell_time(slot.start_at, calendar)}"


def tell_time(at: datetime, calendar: Calendar) -> str:
    """A time for people, in the zone of the policy, with its name."""
    return tell_in(at, calendar.zone)


def tell_in(at: datetime, zone: ZoneInfo) -> str:
    """A time for people in a zone: "Fri 2026-03-06 22:00 CET"."""
    return f"{at.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"
