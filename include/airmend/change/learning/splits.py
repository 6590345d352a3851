"""Time-ordered splits: what is tested was opened after all that was trained on was known.

Changes are whole here, one with all its rows, so no change can be on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from airmend.change.learning.past_change import PastChange, as_known_at

MIN_FAILURES = 15
"""Fewer failures on a side say nothing: the figures of such a window would be noise."""


@dataclass(frozen=True)
class Window:
    """Train on what was opened before `starts_at`, test on what was opened from there on."""

    starts_at: datetime
    train: list[PastChange]
    test: list[PastChange]


def expanding_windows(changes: Sequence[PastChange], count: int = 3) -> list[Window]:
    """Windows that grow: the later half of the history in `count` equal parts, each tested once.

    Args:
        changes: Oldest first, with outcomes.
        count: How many parts; fewer come back where one would have too few failures.
    """
    size = len(changes)
    borders = [size // 2 + (size - size // 2) * n // count for n in range(count + 1)]
    windows = []
    for begin, end in pairwise(borders):
        if begin == end:
            continue
        starts_at = changes[begin].opened_at
        ends_at = changes[end].opened_at if end < size else None
        train = [
            as_known_at(change, starts_at) for change in changes if change.opened_at < starts_at
        ]
        test = [
            change
            for change in changes
            if change.opened_at >= starts_at and (ends_at is None or change.opened_at < ends_at)
        ]
        if min(_failures(train), _failures(test)) >= MIN_FAILURES:
            windows.append(Window(starts_at, train, test))
    return windows


def _failures(changes: Sequence[PastChange]) -> int:
    return sum(bool(change.failed) for change in changes)
