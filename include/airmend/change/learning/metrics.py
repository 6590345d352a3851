"""How good probabilities are: ranking, calibration, and what the riskiest ones catch; drift.

Pure arithmetic on lists of numbers, without a library, so that a task of a DAG may import it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

TOP_SHARES = (0.05, 0.10, 0.50)
_PSI_FLOOR = 1e-4  # an empty bin would make the index infinite


@dataclass(frozen=True)
class Figures:
    """Figures of one way to predict, on changes whose outcome is known."""

    changes: int
    failures: int
    pr_auc: float  # average precision
    roc_auc: float
    brier: float
    ece: float  # expected calibration error, ten bins of equal width
    caught: dict[str, float]  # share of failures among the riskiest 5, 10 and 50 %


def measure(failed: Sequence[bool], probabilities: Sequence[float]) -> Figures:
    """Every figure of one way to predict.

    Raises:
        ValueError: All changes ended alike, so that nothing can be ranked.
    """
    if not any(failed) or all(failed):
        raise ValueError("every change ended alike")
    return Figures(
        changes=len(failed),
        failures=sum(failed),
        pr_auc=pr_auc(failed, probabilities),
        roc_auc=roc_auc(failed, probabilities),
        brier=brier(failed, probabilities),
        ece=expected_calibration_error(failed, probabilities),
        caught={f"{share:.0%}": share_caught(failed, probabilities, share) for share in TOP_SHARES},
    )


def pr_auc(failed: Sequence[bool], scores: Sequence[float]) -> float:
    """Average precision: sum of precision x step of recall, equal scores taken together."""
    total, found, seen, area = sum(failed), 0, 0, 0.0
    for group in _descending(failed, scores):
        found, seen = found + sum(group), seen + len(group)
        area += sum(group) / total * found / seen
    return area


def roc_auc(failed: Sequence[bool], scores: Sequence[float]) -> float:
    """Chance that a failure has a higher score than a success; equal scores count half."""
    failures = sum(failed)
    successes = len(failed) - failures
    above, pairs = 0, 0.0
    for group in _descending(failed, scores):
        bad, good = sum(group), len(group) - sum(group)
        pairs += good * (above + bad / 2)
        above += bad
    return pairs / (failures * successes)


def brier(failed: Sequence[bool], probabilities: Sequence[float]) -> float:
    """Mean squared distance between probability and outcome."""
    return math.fsum((p - y) ** 2 for y, p in zip(failed, probabilities, strict=True)) / len(failed)


def expected_calibration_error(
    failed: Sequence[bool], probabilities: Sequence[float], bins: int = 10
) -> float:
    """Mean distance between what was promised and what happened, over bins of equal width."""
    gaps = [0.0] * bins
    for y, p in zip(failed, probabilities, strict=True):
        gaps[min(int(p * bins), bins - 1)] += p - y
    return math.fsum(abs(gap) for gap in gaps) / len(failed)


def share_caught(failed: Sequence[bool], scores: Sequence[float], share: float) -> float:
    """Share of the failures among the riskiest part of the changes.

    Where equal scores lie on the border, each of them counts with the same part, so that the
    order of the file cannot flatter.
    """
    room, caught = share * len(failed), 0.0
    for group in _descending(failed, scores):
        part = min(1.0, room / len(group))
        caught += sum(group) * part
        room -= len(group) * part
        if room <= 0:
            break
    return caught / sum(failed)


def psi(expected: Sequence[float], seen: Sequence[float]) -> float:
    """Population stability index between two lists of shares that each add up to 1.

    Below 0.1 little has changed, from 0.25 on the population is another one.
    """
    pairs = [(max(e, _PSI_FLOOR), max(s, _PSI_FLOOR)) for e, s in zip(expected, seen, strict=True)]
    return math.fsum((s - e) * math.log(s / e) for e, s in pairs)


def shares_in(edges: Sequence[float], values: Sequence[float]) -> list[float]:
    """Share of the values in each of the bins that rising edges make; one bin more than edges."""
    counts = [0] * (len(edges) + 1)
    for value in values:
        counts[sum(value > edge for edge in edges)] += 1
    return [count / len(values) for count in counts]


def quantile_edges(values: Sequence[float], bins: int = 10) -> list[float]:
    """Edges that put about the same number of values into each bin; equal edges are one."""
    ordered = sorted(values)
    return sorted({ordered[len(ordered) * n // bins] for n in range(1, bins)})


def _descending(failed: Sequence[bool], scores: Sequence[float]) -> list[list[bool]]:
    ranked = sorted(zip(scores, failed, strict=True), key=lambda pair: -pair[0])
    return [[y for _, y in group] for _, group in groupby(ranked, key=lambda pair: pair[0])]
