"""Where the services of a picture stand: callers above, what they depend on below.

Pure, and the same for the same part. The layered drawing of Sugiyama, Tagawa and Toda (1981):
circles are cut, layers are the longest ways, an edge over several rows gets a place in each, and
rows are ordered by the mean place of their neighbours so that few lines cross.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

BOXES_PER_ROW = 5
BOX_WIDTH, BOX_HEIGHT = 176.0, 46.0
BOX_GAP = 18.0
ROW_GAP = 40.0
LANE_WIDTH = 14.0
"""Room for a line that only passes a row; less where many do."""

LONGEST_ROW = 1032.0
SWEEPS = 6

Edge = tuple[str, str]
_Item = str | tuple[Edge, int]  # a service, or the place of an edge in a row that it passes


@dataclass(frozen=True)
class Layout:
    """Places in pixels.

    Args:
        boxes: The left upper corner of each service's box.
        lines: The points of each edge, from the service to what it needs; a line of a circle
            that was cut goes upwards.
        width: Of everything.
        height: Of everything.
    """

    boxes: dict[str, tuple[float, float]]
    lines: dict[Edge, list[tuple[float, float]]]
    width: float
    height: float


def lay_out(names: Sequence[str], edges: Iterable[Edge]) -> Layout:
    """Place services and the lines between them.

    Args:
        names: Without repetition.
        edges: Between two different ones of them; the first needs the second.
    """
    known = list(dict.fromkeys(edges))
    downwards = _cut_circles(names, known)
    rows = _split_rows(_layers(names, downwards), downwards)
    chains = _add_lanes(rows, downwards)
    _reduce_crossings(rows, chains)
    return _place(rows, chains, known, downwards)


def _cut_circles(names: Sequence[str], edges: Sequence[Edge]) -> set[Edge]:
    """The edges without those that close a circle, found by going through in depth."""
    following: dict[str, list[str]] = {name: [] for name in names}
    for caller, needed in edges:
        following[caller].append(needed)
    kept: set[Edge] = set()
    done: set[str] = set()
    # those that nobody needs come first, so that a circle is cut behind them
    wanted = {needed for _, needed in edges}
    for root in sorted(names, key=lambda name: (name in wanted, name)):
        if root in done:
            continue
        path = {root}
        waiting = [(root, iter(following[root]))]
        while waiting:
            name, rest = waiting[-1]
            other = next(rest, None)
            if other is None:
                waiting.pop()
                path.discard(name)
                done.add(name)
            elif other not in path:
                kept.add((name, other))
                if other not in done:
                    path.add(other)
                    waiting.append((other, iter(following[other])))
    return kept


def _layers(names: Sequence[str], edges: Iterable[Edge]) -> list[list[str]]:
    """Everything below all that needs it, and no lower than that requires."""
    needed_by: dict[str, list[str]] = {name: [] for name in names}
    for caller, needed in edges:
        needed_by[needed].append(caller)
    depth: dict[str, int] = {}

    def measure(name: str) -> int:
        if name not in depth:
            depth[name] = 1 + max((measure(caller) for caller in needed_by[name]), default=-1)
        return depth[name]

    for name in names:
        measure(name)
    # what nobody in the picture needs stands just above the highest that it needs itself
    for name in names:
        lower = [depth[needed] for caller, needed in edges if caller == name]
        if not needed_by[name] and lower:
            depth[name] = min(lower) - 1
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in sorted(names):
        layers[depth[name]].append(name)
    return [layer for layer in layers if layer]


def _split_rows(layers: list[list[str]], edges: Iterable[Edge]) -> list[list[_Item]]:
    """Layers as rows; a large layer takes several, with what needs the same side by side."""
    order: dict[str, tuple[str, ...]] = {}
    for caller, needed in sorted(edges):
        order[caller] = (*order.get(caller, ()), needed)
    rows: list[list[_Item]] = []
    for layer in layers:
        names = sorted(layer, key=lambda name: (order.get(name, ()), name))
        count = -(-len(names) // BOXES_PER_ROW)
        size = -(-len(names) // count)
        rows += [list(names[start : start + size]) for start in range(0, len(names), size)]
    return rows


def _add_lanes(rows: list[list[_Item]], edges: Iterable[Edge]) -> dict[Edge, list[_Item]]:
    """Give each edge a place in every row that it passes."""
    row_of = {item: number for number, row in enumerate(rows) for item in row}
    chains: dict[Edge, list[_Item]] = {}
    for edge in sorted(edges):
        caller, needed = edge
        passed = range(row_of[caller] + 1, row_of[needed])
        lanes: list[_Item] = [(edge, number) for number in passed]
        for number, lane in zip(passed, lanes, strict=True):
            rows[number].append(lane)
        chains[edge] = [caller, *lanes, needed]
    return chains


def _reduce_crossings(rows: list[list[_Item]], chains: Mapping[Edge, list[_Item]]) -> None:
    """Order every row by the mean place of its neighbours, downwards and upwards in turn."""
    above: dict[_Item, list[_Item]] = {}
    below: dict[_Item, list[_Item]] = {}
    for chain in chains.values():
        for upper, lower in pairwise(chain):
            above.setdefault(lower, []).append(upper)
            below.setdefault(upper, []).append(lower)
    place = {item: (index + 0.5) / len(row) for row in rows for index, item in enumerate(row)}
    for sweep in range(SWEEPS):
        neighbours = above if sweep % 2 == 0 else below
        for row in rows if sweep % 2 == 0 else reversed(rows):
            means = {item: _mean(neighbours.get(item, ()), place, item) for item in row}
            row.sort(key=lambda item: means[item])
            for index, item in enumerate(row):
                place[item] = (index + 0.5) / len(row)


def _mean(items: Sequence[_Item], place: Mapping[_Item, float], alone: _Item) -> float:
    return sum(place[item] for item in items) / len(items) if items else place[alone]


def _place(
    rows: list[list[_Item]],
    chains: Mapping[Edge, list[_Item]],
    edges: Iterable[Edge],
    downwards: set[Edge],
) -> Layout:
    widths = [_row_widths(row) for row in rows]
    width = max((sum(row) for row in widths), default=0.0)
    centres: dict[_Item, float] = {}
    boxes: dict[str, tuple[float, float]] = {}
    tops: dict[_Item, float] = {}
    for number, (row, sizes) in enumerate(zip(rows, widths, strict=True)):
        x, y = (width - sum(sizes)) / 2, number * (BOX_HEIGHT + ROW_GAP)
        for item, size in zip(row, sizes, strict=True):
            centres[item], tops[item] = x + size / 2, y
            if isinstance(item, str):
                boxes[item] = (centres[item] - BOX_WIDTH / 2, y)
            x += size
    lines: dict[Edge, list[tuple[float, float]]] = {}
    for edge in edges:
        caller, needed = edge
        if edge in downwards:
            points = [(centres[caller], tops[caller] + BOX_HEIGHT)]
            for lane in chains[edge][1:-1]:
                points += [(centres[lane], tops[lane]), (centres[lane], tops[lane] + BOX_HEIGHT)]
            points.append((centres[needed], tops[needed]))
        else:  # back up: from its upper edge to the lower one of what it needs
            side = BOX_WIDTH / 2 - 12
            points = [
                (centres[caller] + side, tops[caller]),
                (centres[needed] + side, tops[needed] + BOX_HEIGHT),
            ]
        lines[edge] = points
    height = len(rows) * (BOX_HEIGHT + ROW_GAP) - ROW_GAP if rows else 0.0
    return Layout(boxes, lines, width, height)


def _row_widths(row: Sequence[_Item]) -> list[float]:
    boxes = sum(isinstance(item, str) for item in row)
    lanes = len(row) - boxes
    taken = boxes * (BOX_WIDTH + BOX_GAP)
    lane = min(LANE_WIDTH, (LONGEST_ROW - taken) / lanes) if lanes else 0.0
    return [BOX_WIDTH + BOX_GAP if isinstance(item, str) else lane for item in row]
