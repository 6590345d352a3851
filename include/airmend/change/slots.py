"""When may a change begin: windows, without holidays and freezes, and the next free slot.

Pure. Called by the risk model, by orchestration's gate, and by the command that shows the
calendar. A freeze is no factor but a gate: nothing here weighs it against anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from airmend.change.calendar_policy import CalendarPolicy, FreezeEntry, HolidayEntry, WindowEntry
from airmend.change.calendar_scope import Fit, Scoped, Subject
from airmend.change.intervals import Interval, first_fit, intersect, merge, subtract
from airmend.change.windows import ChangeWindow

MOMENT = timedelta(microseconds=1)

LOOK_AHEAD = (timedelta(days=14), timedelta(days=92), timedelta(days=400))
"""How far a slot is looked for: first near, where most are, and last beyond a year."""


@dataclass(frozen=True)
class Frozen:
    """A freeze in force."""

    freeze: FreezeEntry
    until: datetime


@dataclass(frozen=True)
class Occurrence:
    """One time at which an entry takes place."""

    entry: Scoped
    times: Interval


class Calendar:
    """What the policy's entries mean together.

    Args:
        policy: The entries.
        zone: The policy's zone, for entries that name none.
        welcome: The policy's `change_windows`: hours in which every change is welcome.
        emergencies_pass: Whether emergency changes pass what does not name them.
    """

    def __init__(
        self,
        policy: CalendarPolicy,
        zone: ZoneInfo,
        welcome: Iterable[ChangeWindow] = (),
        *,
        emergencies_pass: bool = False,
    ) -> None:
        self.policy, self.zone, self.emergencies_pass = policy, zone, emergencies_pass
        self.windows = [
            *(
                WindowEntry(name=each.name, days=each.days, from_=each.from_, to=each.to)
                for each in welcome
            ),
            *policy.windows,
        ]

    @property
    def is_gate(self) -> bool:
        """Whether anything in it can keep a change from beginning."""
        return bool(self.policy.freezes) or any(each.binding for each in self.windows)

    def _lets_pass(self, entry: Scoped, subject: Subject) -> bool:
        return entry.lets_pass(subject, emergencies=self.emergencies_pass)

    # --- Freezes ----------------------------------------------------------------------------

    def freezes_of(self, subject: Subject) -> list[FreezeEntry]:
        """The freezes that a change has to keep; one that may be about it is."""
        return [
            entry
            for entry in self.policy.freezes
            if entry.fits(subject, shared=True) is not Fit.NO
            and not self._lets_pass(entry, subject)
        ]

    def frozen(self, at: datetime, subject: Subject) -> Frozen | None:
        """The freeze that a change is in; of several the one that lasts longest.

        One that refuses comes before those that let a change wait.
        """
        found = [
            Frozen(entry, times.end_at)
            for entry in self.freezes_of(subject)
            for times in entry.between(at, at, self.zone)
            if times.holds(at)
        ]
        return max(found, key=lambda it: (it.freeze.refuse, it.until), default=None)

    # --- Windows ----------------------------------------------------------------------------

    def windows_of(self, subject: Subject, *, binding: bool) -> list[WindowEntry]:
        """The windows that are about a change for certain; where there are none, those that may be.

        Args:
            subject: The change.
            binding: Those that the change has to keep, or those in which it is welcome.
        """
        entries = [
            entry
            for entry in self.windows
            if entry.binding or not binding
            if not (binding and self._lets_pass(entry, subject))
        ]
        certain = [entry for entry in entries if entry.fits(subject) is Fit.YES]
        return certain or [entry for entry in entries if entry.fits(subject) is Fit.MAYBE]

    def open_times(
        self, first: datetime, last: datetime, subject: Subject, *, binding: bool = True
    ) -> list[Interval]:
        """When the windows of a change are open in a time; all of it where it has none.

        Of a service that the topology does not hold nobody knows which windows are its own:
        where only such are left, all of them have to be open at once.
        """
        windows = self.windows_of(subject, binding=binding)
        if not windows:
            return [Interval(first, last)]
        opened = [self._open(entry, first, last, subject) for entry in windows]
        if windows[0].fits(subject) is Fit.YES:
            return merge(each for times in opened for each in times)
        common = opened[0]
        for times in opened[1:]:
            common = intersect(common, times)
        return common

    def _open(
        self, window: WindowEntry, first: datetime, last: datetime, subject: Subject
    ) -> list[Interval]:
        times = window.between(first, last, self.zone)
        if window.open_on_holidays or not times:
            return merge(times)
        begins, ends = min(it.start_at for it in times), max(it.end_at for it in times)
        return subtract(
            times,
            [
                day
                for holiday in self.holidays_of(subject)
                for day in holiday.between(begins, ends, self.zone)
            ],
        )

    def holidays_of(self, subject: Subject) -> list[HolidayEntry]:
        """The holidays that close the windows of a change; those that may be about it do."""
        return [
            entry
            for entry in self.policy.holidays
            if entry.fits(subject) is not Fit.NO and not self._lets_pass(entry, subject)
        ]

    def welcomes(self, at: datetime, subject: Subject) -> bool:
        """Whether a change is inside one of its windows, binding or not, or has none."""
        return self.is_open(at, subject, binding=False)

    def is_open(self, at: datetime, subject: Subject, *, binding: bool = True) -> bool:
        """Whether a window of a change is open at a moment, or it has none."""
        times = self.open_times(at, at + MOMENT, subject, binding=binding)
        return any(it.holds(at) for it in times)

    # --- Slots ------------------------------------------------------------------------------

    def next_free_slot(
        self,
        at: datetime,
        length: timedelta,
        subject: Subject,
        *,
        busy: Iterable[Interval] = (),
        welcome: bool = False,
    ) -> Interval | None:
        """The earliest time from `at` on in which a change has room.

        Args:
            at: Aware.
            length: How long it needs; above 0.
            subject: The change.
            busy: Times in which other changes are at work on the same things.
            welcome: Keep to the windows that bind nobody, too.

        Returns:
            A stretch of that length, inside a window and outside every freeze; None where
            there is none to begin within 400 days.
        """
        others = list(busy)
        for ahead in LOOK_AHEAD:
            last = at + ahead
            times = self.open_times(at, last + length, subject)
            if welcome:
                soft = self.open_times(at, last + length, subject, binding=False)
                times = intersect(times, soft)
            closed = [
                each
                for freeze in self.freezes_of(subject)
                for each in freeze.between(at, last + length, self.zone)
            ]
            found = first_fit(subtract(times, [*closed, *others]), length, at)
            if found is not None and found.start_at <= last:
                return found
        return None

    def occurrences(self, first: datetime, last: datetime) -> list[Occurrence]:
        """Every time at which any entry takes place, in the order of the starts."""
        entries: list[WindowEntry | FreezeEntry] = [*self.windows, *self.policy.freezes]
        found = [
            Occurrence(entry, times)
            for entry in (*entries, *self.policy.holidays)
            for times in entry.between(first, last, self.zone)
        ]
        return sorted(found, key=lambda it: (it.times, it.entry.name))
