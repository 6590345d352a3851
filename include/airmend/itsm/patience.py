"""How long is waited before a ticket system, or one ticket, is tried again."""

from __future__ import annotations

from datetime import timedelta

FIRST, LONGEST = timedelta(seconds=30), timedelta(minutes=15)
FIRST_FOR_PEOPLE, LONGEST_FOR_PEOPLE = timedelta(minutes=15), timedelta(hours=6)
"""Where only a person helps: a login that is tried too often is locked."""


def wait_after(failures: int, chance: float, *, needs_person: bool) -> timedelta:
    """The time after so many failures in a row: twice as long each time, spread, up to a limit.

    Args:
        failures: At least 1.
        chance: From 0 to 1; the time is between half of the whole and the whole.
        needs_person: Trying again does not help by itself.
    """
    first, longest = (FIRST_FOR_PEOPLE, LONGEST_FOR_PEOPLE) if needs_person else (FIRST, LONGEST)
    doubled: int = 2 ** min(failures - 1, 30)
    return min(first * doubled, longest) * (0.5 + 0.5 * chance)
