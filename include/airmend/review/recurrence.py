"""How often the like came before: counts, distances, response times, and how often it helped.

Looks at the 90 days up to the incident and with it, so that the same report made again later
counts the same incidents. Percentiles are nearest-rank: the smallest value that at least that
share of all values does not exceed, hence one that was really seen. There is no mean: one
night without an answer would move it anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil, sqrt

from airmend.change.model import ChangeStatus
from airmend.incident.model import Incident
from airmend.records.past_incidents import PastIncident, PastIncidents
from airmend.review.annexes import Figure, Recurrence

LONG, SHORT = timedelta(days=90), timedelta(days=30)

MEDIAN_FROM = 3
P90_FROM = 10
"""With fewer values the 90th percentile by nearest rank is nothing but the largest one."""

TOUCHED = (ChangeStatus.SUCCEEDED, ChangeStatus.ROLLED_BACK, ChangeStatus.FAILED)
Z_95 = 1.959963984540054  # of the standard normal distribution, two-sided 95 %


def measure_recurrence(scope: str, past: PastIncidents, incident: Incident) -> Recurrence:
    """What the earlier incidents of one kind say.

    Args:
        scope: In words, what they have in common.
        past: Those of the 90 days before `incident`, and itself where it is of that kind.
        incident: The one that the report is about.
    """
    until = incident.opened_at
    found = [each for each in past.incidents if until - LONG <= each.opened_at <= until]
    ends = [each.change_status for each in found if each.change_status in TOUCHED]
    succeeded = ends.count(ChangeStatus.SUCCEEDED)
    low, high = wilson_interval(succeeded, len(ends)) if ends else (None, None)
    return Recurrence(
        scope=scope,
        since=until - LONG,
        until=until,
        in_30_days=sum(each.opened_at >= until - SHORT for each in found),
        in_90_days=len(found),
        is_cut=past.is_cut,
        figures=_measure(found),
        ended=len(ends),
        succeeded=succeeded,
        share_low=low,
        share_high=high,
    )


def find_percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile.

    Args:
        values: At least one, in any order.
        share: In (0, 1].
    """
    return sorted(values)[ceil(share * len(values) - 1e-9) - 1]


def wilson_interval(successes: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share by Wilson's score.

    Args:
        successes: 0 to `count`.
        count: At least 1.

    Source: E. B. Wilson, 1927; it stays within [0, 1] and holds for few observations too.
    """
    share, square = successes / count, Z_95**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    spread = Z_95 * sqrt(share * (1 - share) / count + square / (4 * count**2))
    spread /= 1 + square / count
    return max(0.0, middle - spread), min(1.0, middle + spread)


def _measure(found: Sequence[PastIncident]) -> list[Figure]:
    openings = sorted(each.opened_at for each in found)
    repaired = [each for each in found if each.change_status is ChangeStatus.SUCCEEDED]
    return [
        _figure(
            "between",
            "From one to the next",
            ((later - earlier).total_seconds() for earlier, later in pairwise(openings)),
        ),
        _figure(
            "detect",
            "Alert raised to received",
            _distances((each.started_at, each.opened_at) for each in found),
        ),
        _figure(
            "acknowledge",
            "Received to a run that takes care of it",
            _distances((each.opened_at, each.run_created_at) for each in found),
        ),
        _figure(
            "repair",
            "Received to repaired and verified",
            _distances((each.opened_at, each.change_ended_at) for each in repaired),
        ),
    ]


def _distances(moments: Iterable[tuple[datetime | None, datetime | None]]) -> Iterable[float]:
    """Seconds between two moments; where one is not recorded or the clocks disagree, none."""
    for start, end in moments:
        if start is not None and end is not None and end >= start:
            yield (end - start).total_seconds()


def _figure(key: str, label: str, seconds: Iterable[float]) -> Figure:
    values = list(seconds)
    return Figure(
        key=key,
        label=label,
        count=len(values),
        median_seconds=find_percentile(values, 0.5) if len(values) >= MEDIAN_FROM else None,
        p90_seconds=find_percentile(values, 0.9) if len(values) >= P90_FROM else None,
    )
