"""What the pages of the incidents ask of other rooms; the composition hands in what answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from airmend.change.topology import Topology
from airmend.incident.signals import Signal


class Cause(Protocol):
    """A service or host that may be the cause of an incident."""

    @property
    def item(self) -> str:
        """Its name."""

    @property
    def evidence(self) -> Sequence[str]:
        """Why, one sentence each."""


@dataclass(frozen=True)
class Surroundings:
    """What is around the incidents; each may be left out, and the pages say less then.

    Args:
        topology: Reads the topology as it stands now; None where none is configured. Raises
            ConfigurationError where it cannot be used.
        rank_causes: The likely causes of the signals of one incident that was opened at a time,
            best first.
        mute_path: The page with the form for a mute, below the mount; the address names the
            service and the name of the incident; "" where there is none.
    """

    topology: Callable[[], Topology | None] = lambda: None
    rank_causes: Callable[[Sequence[Signal], datetime], Sequence[Cause]] = lambda _all, _at: ()
    mute_path: str = ""
