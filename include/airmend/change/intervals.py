"""Stretches of time: joined, taken away from each other, and the first one that is long enough.

Pure. Called by `slots`. A stretch holds its first moment and not its last.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, order=True)
class Interval:
    """From one moment to a later one, both aware."""

    start_at: datetime
    end_at: datetime

    def holds(self, at: datetime) -> bool:
        """Whether a moment is inside; the end is not."""
        return self.start_at <= at < self.end_at


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time in as few stretches as possible, in order; empty ones fall away."""
    merged: list[Interval] = []
    for each in sorted(each for each in intervals if each.start_at < each.end_at):
        if merged and each.start_at <= merged[-1].end_at:
            last = merged[-1]
            merged[-1] = Interval(last.start_at, max(last.end_at, each.end_at))
        else:
            merged.append(each)
    return merged


def subtract(intervals: Iterable[Interval], without: Iterable[Interval]) -> list[Interval]:
    """What is left of the first when the second is taken away."""
    left: list[Interval] = []
    holes = merge(without)
    for each in merge(intervals):
        start_at = each.start_at
        for hole in holes:
            if hole.end_at <= start_at or hole.start_at >= each.end_at:
                continue
            if hole.start_at > start_at:
                left.append(Interval(start_at, hole.start_at))
            start_at = hole.end_at
        if start_at < each.end_at:
            left.append(Interval(start_at, each.end_at))
    return left


def intersect(one: Iterable[Interval], other: Iterable[Interval]) -> list[Interval]:
    """What is in both."""
    others = merge(other)
    return merge(
        Interval(max(a.start_at, b.start_at), min(a.end_at, b.end_at))
        for a in merge(one)
        for b in others
        if max(a.start_at, b.start_at) < min(a.end_at, b.end_at)
    )


def first_fit(
    intervals: Iterable[Interval], length: timedelta, not_before: datetime
) -> Interval | None:
    """The earliest stretch of a length that lies inside and does not begin before a moment."""
    for each in merge(intervals):
        start_at = max(each.start_at, not_before)
        if start_at + length <= each.end_at:
            return Interval(start_at, start_at + length)
    return None
