"""Small made-up histories with a known risk in them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airmend.change.learning.past_change import PastChange

START = datetime(2025, 1, 6, 9, 0, tzinfo=UTC)
RISKY = "Database move"
HEADER = "Change ID,Change record Open Time,Planned Start,Change Type,CI Name (aff),Failed"


def make_past_change(number: int = 1, **override: Any) -> PastChange:
    made = PastChange(
        id=f"C{number:05}",
        opened_at=START + timedelta(hours=number),
        planned_start_at=START + timedelta(hours=number + 30),
        planned_end_at=START + timedelta(hours=number + 32),
        change_type=RISKY if number % 5 == 0 else f"Routine {number % 4}",
        risk_assessment="Minor",
        items=frozenset({f"host-{number % 11}"}),
        services=frozenset({"shop"}),
        failed=False,
    )
    return replace(made, **override)


def make_history(count: int = 1_000, seed: int = 1) -> list[PastChange]:
    """Changes of which one type fails in four of ten cases, and the others in one of fifty."""
    chance = random.Random(seed)  # noqa: S311 - a made-up history, the same each time
    made = [make_past_change(number) for number in range(count)]
    return [
        replace(c, failed=chance.random() < (0.4 if c.change_type == RISKY else 0.02)) for c in made
    ]


def write_csv(path: Path, changes: Sequence[PastChange]) -> Path:
    lines = [
        ",".join(
            [
                change.id,
                f"{change.opened_at:%d-%m-%Y %H:%M}",
                f"{change.planned_start_at:%d-%m-%Y %H:%M}",
                change.change_type,
                item,
                str(int(bool(change.failed))),
            ]
        )
        for change in changes
        for item in sorted(change.items)
    ]
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return path
