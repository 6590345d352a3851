"""What the pages of the incidents ask of other rooms; the composition hands in what answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from airmend.change.topology import Topology
from airmend.incident.neighbours import Signal


class Cause(Protocol):
    """A service or host that may be the cause of an incident."""

    @property
    def item(self) -> str:
        """Its name."""

    @property
    def evidence(self) -> Sequence[str]:
        """Why, one sentence each."""


class Stop(Protocol):
    """An entry of the log of the kill switch."""

    @property
    def is_on(self) -> bool:
        """Whether all remediations are stopped."""

    @property
    def by(self) -> str:
        """Who did it."""

    @property
    def reason(self) -> str:
        """Why."""

    @property
    def at(self) -> datetime:
        """When."""


@dataclass(frozen=True)
class Surroundings:
    """What is around the incidents; each may be left out, and the pages say less then.

    Args:
        topology: Reads the topology as it stands now; None where none is configured. Raises
            ConfigurationError where it cannot be used.
        rank_causes: The likely causes of the signals of one incident, best first.
        kill_switch: How the kill switch stands; None where it was never used.
        mute_path: The page with the form for a mute, below the mount; "" where there is none.
    """

    topology: Callable[[], Topology | None] = lambda: None
    rank_causes: Callable[[Sequence[Signal]], Sequence[Cause]] = lambda _signals: ()
    kill_switch: Callable[[Session], Stop | None] = lambda _session: None
    mute_path: str = ""
