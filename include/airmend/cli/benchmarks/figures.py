"""What was measured: samples, the floor beside them, and the bar that they must not pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median
from typing import Any


class Unit(StrEnum):
    """What samples count."""

    SECONDS = "seconds"
    CPU_SECONDS = "CPU seconds"  # of processor time, not of the clock
    MEBIBYTES = "MiB"


@dataclass(frozen=True)
class Floor:
    """What the machine needs in the same run for the least that has to be done."""

    label: str
    samples: Sequence[float]  # in the unit of its figure

    @property
    def p50(self) -> float:
        """The median."""
        return median(self.samples)


@dataclass(frozen=True)
class Bar:
    """A limit for the median: `factor` times the floor's, plus `seconds`."""

    factor: float = 0.0
    seconds: float = 0.0

    def limit(self, floor: Floor | None) -> float:
        """The limit in seconds.

        Raises:
            ValueError: It is relative to a floor, and there is none.
        """
        if not self.factor:
            return self.seconds
        if floor is None:
            raise ValueError("a bar that is relative needs a floor")
        return self.factor * floor.p50 + self.seconds

    def __str__(self) -> str:
        """As people read it: `1.3 x floor + 0.5 s`."""
        relative = [f"{self.factor:.3g} x floor"] if self.factor else []
        absolute = [f"{self.seconds:g} s"] if self.seconds else []
        return " + ".join(relative + absolute)


@dataclass(frozen=True)
class Figure:
    """One measured quantity, with what it is held against."""

    measurement: str  # the name that --only takes
    label: str
    samples: Sequence[float]
    floor: Floor | None = None
    bar: Bar | None = None
    conditions: dict[str, str | int] = field(default_factory=dict)  # database, runbooks, ...
    unit: Unit = Unit.SECONDS

    @property
    def p50(self) -> float:
        """The median."""
        return median(self.samples)

    @property
    def p95(self) -> float:
        """The 95th percentile; the largest sample where there are under 20."""
        return percentile(self.samples, 95)

    @property
    def ratio(self) -> float | None:
        """How many times the floor it is; None without one."""
        return self.p50 / self.floor.p50 if self.floor else None

    @property
    def passed(self) -> bool | None:
        """Whether the median is within the bar; None without one."""
        return self.p50 <= self.bar.limit(self.floor) if self.bar else None

    def document(self) -> dict[str, Any]:
        """Everything about it as plain data, samples included."""
        return {
            "measurement": self.measurement,
            "label": self.label,
            "conditions": self.conditions,
            "unit": self.unit.value,
            "p50": round(self.p50, 4),
            "p95": round(self.p95, 4),
            "samples": [round(sample, 4) for sample in self.samples],
            "floor": self.floor
            and {
                "label": self.floor.label,
                "p50": round(self.floor.p50, 4),
                "samples": [round(sample, 4) for sample in self.floor.samples],
            },
            "ratio": self.ratio and round(self.ratio, 3),
            "bar": self.bar and str(self.bar),
            "limit": self.bar and round(self.bar.limit(self.floor), 4),
            "passed": self.passed,
        }


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that at least `percent` of all are not above (nearest rank).

    Raises:
        ValueError: There is no sample.
    """
    if not samples:
        raise ValueError("a percentile needs at least one sample")
    rank = max(1, math.ceil(len(samples) * percent / 100))
    return sorted(samples)[rank - 1]
