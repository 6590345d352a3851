"""The machine that figures come from: without it, they mean nothing."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import psutil

BUSY_LOAD = 1.0
"""Other work than ours makes figures worthless from about here."""


@dataclass(frozen=True)
class MachineFacts:
    """What it is, what runs on it, and how busy it was before the measurement began."""

    cores: int
    memory_gib: float
    system: str
    python: str
    airflow: str
    ansible_core: str
    load_before: float  # average of the last minute
    measured_at: str

    @property
    def is_busy(self) -> bool:
        """Whether something else was at work."""
        return self.load_before >= BUSY_LOAD

    def document(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def __str__(self) -> str:
        """One line for people."""
        return (
            f"{self.cores} cores, {self.memory_gib:g} GiB, {self.system}, Python {self.python}, "
            f"Airflow {self.airflow}, ansible-core {self.ansible_core}, "
            f"load {self.load_before:.2f} before, {self.measured_at}"
        )


def look_at_machine() -> MachineFacts:
    """Look now, before anything of ours runs."""
    return MachineFacts(
        cores=os.cpu_count() or 1,
        memory_gib=round(psutil.virtual_memory().total / 1024**3, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        airflow=version("apache-airflow-core"),
        ansible_core=version("ansible-core"),
        load_before=round(os.getloadavg()[0], 2),
        measured_at=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    )
