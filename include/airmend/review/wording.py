"""How times, durations and shares are written, the same in every form of the report."""

from __future__ import annotations

import re
from datetime import UTC, datetime

NOT_RECORDED = "not recorded"

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufff9-\ufffb\ufffe\uffff]"
)


def make_printable(text: str) -> str:
    """Replace what a reader cannot see: controls, direction overrides, zero-width characters.

    A direction override can make a diff read as its opposite; tab and newline are kept.
    """
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n"))


def word_duration(seconds: float | None) -> str:
    """A duration with two units at most: "0.41 s", "3 min 12 s", "2 d 3 h"."""
    if seconds is None:
        return NOT_RECORDED
    if seconds < 0:
        return f"-{word_duration(-seconds)}"
    if seconds < 0.005:
        return "0 s"
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, smaller, size, small_size in (
        ("d", "h", 86_400, 3600),
        ("h", "min", 3600, 60),
        ("min", "s", 60, 1),
    ):
        if whole >= size:
            rest = whole % size // small_size
            return f"{whole // size} {unit} {rest} {smaller}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


def word_time(at: datetime | None) -> str:
    """A moment with its date: "2026-07-31 10:00:03 UTC"."""
    return NOT_RECORDED if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def word_clock(at: datetime) -> str:
    """A moment of a day, to the millisecond: "10:00:03.412"."""
    return f"{at.astimezone(UTC):%H:%M:%S}.{at.microsecond // 1000:03d}"


def word_share(share: float | None) -> str:
    """A share as a percentage; small ones keep a digit, and nothing rounds to certainty."""
    if share is None:
        return NOT_RECORDED
    percent = share * 100
    if 0 < percent < 0.1:
        return "< 0.1 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    digits = 1 if 0 < percent < 9.95 or 99.5 <= percent < 100 else 0
    return f"{percent:.{digits}f} %"


def word_count(count: int, singular: str, plural: str = "") -> str:
    """A number with its noun: "1 host", "3 hosts"."""
    return f"{count} {singular if count == 1 else plural or singular + 's'}"


def word_list(words: list[str], limit: int = 6) -> str:
    """Words joined for a sentence; more than `limit` are counted instead of named."""
    if len(words) > limit:
        return f"{', '.join(words[: limit - 1])} and {len(words) - limit + 1} more"
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
