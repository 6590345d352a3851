"""The open incidents that a new alert might belong to, kept in memory between batches.

What is kept is a proposal: the records decide in the transaction whether the incident is open.
Another process's members are seen with the next batch, since their numbers rise with the order
of the commits. A restart reads them anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy.orm import Session

from airmend.incident.model import Alert
from airmend.records.members import open_members_after


@dataclass(frozen=True)
class Signal:
    """What grouping looks at of one alert."""

    fingerprint: str
    name: str
    service: str | None
    host: str | None
    at: datetime
    labels: dict[str, str]


@dataclass
class Group:
    """An open incident as grouping sees it: its id, and its signals in the order of time."""

    id: str
    signals: list[Signal]


class Placement(Protocol):
    """Where a signal belongs, and why."""

    @property
    def group_id(self) -> str:
        """The incident."""

    @property
    def evidence(self) -> Sequence[str]:
        """Why, one sentence each."""


class Grouping(Protocol):
    """How alerts of one cause are recognised; `incident/grouping.py` with a topology."""

    @property
    def window(self) -> timedelta:
        """Older signals are no neighbours."""

    def place(self, signal: Any, groups: Sequence[Any]) -> Placement | None:
        """The group that a signal belongs to; None when it stands alone.

        Args:
            signal: A `Signal`.
            groups: Each a `Group`, in the order in which they were opened.
        """

    def is_upstream(self, cause: str, effect: str) -> bool:
        """Whether a service depends on another one, over any number of steps."""


@dataclass
class Neighbours:
    """The memory of one process.

    Args:
        grouping: Recognises what belongs together.
    """

    grouping: Grouping
    _groups: dict[str, Group] = field(default_factory=dict)
    _after: int = 0

    def refresh(self, session: Session, at: datetime) -> Neighbourhood:
        """Add what came since the last batch, forget what is too old, and begin a batch."""
        since = at - self.grouping.window
        for row in open_members_after(session, self._after, since=since):
            self._after = row.id
            signal = Signal(
                row.fingerprint, row.name, row.service, row.host, row.fired_at, row.labels
            )
            self._groups.setdefault(row.incident_id, Group(row.incident_id, [])).signals.append(
                signal
            )
        for group in list(self._groups.values()):
            if group.signals[-1].at < since:
                del self._groups[group.id]
        return Neighbourhood(self.grouping, dict(self._groups), self._groups.pop)


@dataclass
class Neighbourhood:
    """The open incidents of one batch; what it adds is gone when the batch is undone."""

    grouping: Grouping
    _groups: dict[str, Group]
    _forget: Callable[[str, None], object]
    _own: set[str] = field(default_factory=set)  # groups that are no longer those of the memory

    def place(self, alert: Alert, at: datetime) -> Placement | None:
        """The incident that an alert belongs to, as far as this process knows."""
        return self.grouping.place(_signal_of(alert, at), list(self._groups.values()))

    def forget(self, incident_id: str) -> None:
        """An incident is not open any more."""
        self._groups.pop(incident_id, None)
        self._forget(incident_id, None)

    def add(self, incident_id: str, alert: Alert, at: datetime) -> None:
        """An alert of this batch has opened an incident, or joined one."""
        if incident_id not in self._own:
            before = self._groups.get(incident_id)
            self._groups[incident_id] = Group(incident_id, [*before.signals] if before else [])
            self._own.add(incident_id)
        self._groups[incident_id].signals.append(_signal_of(alert, at))


def _signal_of(alert: Alert, at: datetime) -> Signal:
    return Signal(alert.fingerprint, alert.name, alert.service, alert.host, at, alert.labels)
