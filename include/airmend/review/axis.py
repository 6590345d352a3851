"""The time axis of the drawing: to scale where things happen, cut where nothing but time passes.

An approval of three hours between steps of seconds would leave the steps invisible. Long
stretches between two neighbouring moments are cut to a fixed width, marked and labelled;
everything else shares one scale.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

DWARFS = 4
"""A stretch this many times longer than all shorter ones together is cut."""

SHORTEST_CUT_SECONDS = 20
MOST_CUTS = 3
CUT_WIDTH = 112.0  # room for "59 min 59 s, cut"

TICK_STEPS = (
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, 604_800, 2_592_000),
)


@dataclass(frozen=True)
class Stretch:
    """A piece of the axis; times in seconds, places in pixels."""

    start: float
    end: float
    left: float
    right: float
    is_cut: bool


@dataclass(frozen=True)
class Axis:
    """Places moments between `left` and `right`."""

    stretches: list[Stretch]

    def place(self, seconds: float) -> float:
        """Where a moment lies, in pixels; one outside of the axis lies at its end."""
        for stretch in self.stretches:
            if seconds <= stretch.end:
                share = (seconds - stretch.start) / (stretch.end - stretch.start)
                return stretch.left + max(0.0, share) * (stretch.right - stretch.left)
        return self.stretches[-1].right

    def ticks(self, spacing: float) -> Iterator[float]:
        """Round moments outside of the cuts, at least `spacing` pixels from each other."""
        scales = [
            (s.right - s.left) / (s.end - s.start)
            for s in self.stretches
            if not s.is_cut and s.right > s.left
        ]
        if not scales:
            return
        step = next((s for s in TICK_STEPS if s * scales[0] >= spacing), TICK_STEPS[-1])
        last = float("-inf")
        for stretch in self.stretches:
            if stretch.is_cut:
                continue
            moment = ceil(stretch.start / step - 1e-9) * step
            while moment <= stretch.end:
                if (place := self.place(moment)) - last >= spacing:
                    yield moment
                    last = place
                moment += step


def make_axis(moments: Sequence[float], left: float, right: float) -> Axis:
    """An axis over all moments.

    Args:
        moments: Seconds on any clock, at least one; nothing but their order and distance counts.
        left: Where the first moment lies, in pixels.
        right: Where the last one lies.
    """
    points = sorted(set(moments))
    if len(points) == 1:
        points.append(points[0] + 1)
    lengths = [end - start for start, end in pairwise(points)]
    cuts = _choose_cuts(lengths)
    kept = sum(length for place, length in enumerate(lengths) if place not in cuts)
    scale = (right - left - CUT_WIDTH * len(cuts)) / kept
    stretches: list[Stretch] = []
    x = left
    for place, (start, end) in enumerate(pairwise(points)):
        width = CUT_WIDTH if place in cuts else (end - start) * scale
        stretches.append(Stretch(start, end, x, x + width, place in cuts))
        x += width
    return Axis(stretches)


def _choose_cuts(lengths: list[float]) -> set[int]:
    """The places of the stretches to cut: again and again those that dwarf all shorter ones."""
    kept = sorted(range(len(lengths)), key=lambda place: lengths[place])
    cuts: set[int] = set()
    while True:
        rest, found = 0.0, len(kept)
        for place, index in enumerate(kept):
            long = lengths[index] >= SHORTEST_CUT_SECONDS
            if rest > 0 and long and lengths[index] > DWARFS * rest:
                found = place
            rest += lengths[index]
        longer = kept[found:]
        if not longer or len(cuts) + len(longer) > MOST_CUTS:
            return cuts
        cuts.update(longer)
        kept = kept[:found]
