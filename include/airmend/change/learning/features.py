"""What a model sees of a change: names as they are, plans as spans of time, and counts.

Every feature is made of the change alone, as it was when it was opened. What earlier changes teach
is in the fitted weights and nowhere else, so later rows can change no feature, and no outcome of a
file that is evaluated is ever looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from airmend.change.learning.past_change import PastChange

Features = dict[str, float]
SECONDS_PER_DAY = 86_400


def identity(change: PastChange) -> Features:
    """What is changed and how it was declared: a feature a name, 1 where it is alone.

    A change of n items has each at 1 / sqrt(n), so that many items do not add up to certainty.
    """
    kind = change.change_type
    found = {
        f"type={kind}": 1.0,
        f"family={family_of(kind)}": 1.0,
        f"declared risk={change.risk_assessment}": 1.0,
        f"emergency={change.emergency}": 1.0,
        f"board={change.board_approval}": 1.0,
    }
    sets = {
        "service": change.services,
        "subtype": change.item_subtypes,
        "item type": change.item_types,
        "item": change.items,
        f"{kind} on item": change.items,
        **change.extra,
    }
    for name, values in sets.items():
        found |= _each(name, values)
    return found


def numbers(change: PastChange) -> Features:
    """Plans as numbers, in days and hours of UTC, for trees, which find limits by themselves."""
    lead, duration, slack = _spans(change)
    start_at = change.planned_start_at or change.opened_at
    end_at = change.planned_end_at or start_at
    return {
        "lead days": lead,
        "duration days": duration,
        "slack days": slack,
        "start hour": float(start_at.hour),
        "start day": float(start_at.weekday()),
        "end hour": float(end_at.hour),
        "opened hour": float(change.opened_at.hour),
        "opened day": float(change.opened_at.weekday()),
        "number of items": float(len(change.items)),
        "number of services": float(len(change.services)),
        "number of subtypes": float(len(change.item_subtypes)),
    }


def family_of(change_type: str) -> str:
    """A type without its number: `Standard Change Type 81` is a `Standard Change Type`."""
    return re.sub(r"[\s\d]+$", "", change_type)


def _each(name: str, values: Iterable[str]) -> Features:
    ordered = sorted(values)
    return {f"{name}={value}": len(ordered) ** -0.5 for value in ordered}


def _spans(change: PastChange) -> tuple[float, float, float]:
    """Days from opening to start, from start to end, and from end to the day it was wanted."""
    start_at = change.planned_start_at or change.opened_at
    end_at = change.planned_end_at or start_at
    return (
        _days(change.opened_at, start_at),
        _days(start_at, end_at),
        _days(end_at, change.requested_end_at or end_at),
    )


def _days(begin: datetime, end: datetime) -> float:
    return (end - begin).total_seconds() / SECONDS_PER_DAY
