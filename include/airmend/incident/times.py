"""Reading times of documents from outside: ISO 8601, or a number since 1970.

Called by the sources. A time that cannot be read is left out, never guessed.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from airmend.incident.fields import read_text

_TEXT_LIMIT = 64
_NUMBER_TEXT_LIMIT = 32
_PER_SECOND = (1, 1_000, 1_000_000, 1_000_000_000)
_SECONDS_LIMIT = 10_000_000_000  # the year 2286; a larger number counts finer parts
_GO_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?) ([+-]\d{4}) \S{1,6}(?: m=[+-][\d.]{1,24})?",
    re.ASCII,
)


def read_time(value: object) -> datetime | None:
    """A time as aware UTC; None where it is missing, not readable, or before 1970.

    Takes ISO 8601 as `datetime.fromisoformat` does (nanoseconds are cut to microseconds);
    a time without an offset counts as UTC. Go's zero time, year 0001, means "not set".
    """
    if not isinstance(value, str) or len(value) > _TEXT_LIMIT:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= 1970 else None


def read_epoch(value: object) -> datetime | None:
    """A number since 1970, or its text, as aware UTC; None where it is none or not above zero.

    Whether it counts seconds, milliseconds, microseconds or nanoseconds is told by its size:
    as seconds a number from 10,000,000,000 on would be later than the year 2286, and the next
    unit begins a thousand times as high. What is finer than a microsecond is cut.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        if not text.isascii() or len(text) > _NUMBER_TEXT_LIMIT:
            return None
        try:
            value = int(text) if text.isdecimal() else float(text)
        except ValueError:
            return None
    if not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        return None
    for per_second in _PER_SECOND:
        if value < _SECONDS_LIMIT * per_second:
            seconds, rest = divmod(value, per_second)
            microseconds = int(rest * 1_000_000 // per_second) if per_second > 1 else 0
            moment = datetime.fromtimestamp(seconds, UTC)
            return moment.replace(microsecond=microseconds) if per_second > 1 else moment
    return None


def read_go_time(value: object) -> datetime | None:
    """A time as Go prints it where a template names it bare, as aware UTC; else None.

    For example `2026-03-02 09:00:00.123456789 +0000 UTC m=+8560.285724134`.
    """
    found = _GO_TIME.fullmatch(read_text(value).strip())
    return read_time(f"{found[1]}{found[2]}") if found else None


def is_unset_time(value: object) -> bool:
    """Whether nothing was sent as a time, or Go's zero time."""
    return (
        value is None
        or value == ""
        or read_text(value).startswith(("0001-01-01T00:00:00", "0001-01-01 00:00:00"))
    )
