"""Whether the clock can be trusted: without one, no windows, no deadlines, no order of facts.

Pure. Called by orchestration before a change begins and before each of its steps.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from airmend.errors import ClockError


def check_clock(
    now: datetime,
    *,
    database_at: datetime | None,
    recorded_at: datetime | None,
    tolerance: timedelta,
) -> None:
    """Return when the clock agrees with what else tells the time.

    Args:
        now: What this machine's clock says.
        database_at: What the clock of the records' server says; None where it is not asked.
        recorded_at: The latest time among the newest facts; None where there is none.
        tolerance: How far apart clocks may be.

    Raises:
        ClockError: With both times, and what to do.
    """
    if database_at is not None and abs(now - database_at) > tolerance:
        raise ClockError(
            f"this machine's clock says {_tell(now)} and that of the records {_tell(database_at)}, "
            f"more than {tolerance.total_seconds():.0f} s apart. Set them right (NTP), then send "
            "the alert again."
        )
    if recorded_at is not None and recorded_at - now > tolerance:
        raise ClockError(
            f"this machine's clock says {_tell(now)}, and something was recorded at "
            f"{_tell(recorded_at)}: it stands or stood wrong. Set it right (NTP), then send the "
            "alert again."
        )


def _tell(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} {at.tzname()}"
