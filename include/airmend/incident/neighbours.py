"""The open incidents that a new alert might belong to, kept in memory between batches.

What is kept is a proposal: the records decide in the transaction whether the incident is open.
Another process's members are seen with the next batch, since their numbers rise with the order
of the commits. A batch that is undone, and a restart, begin with what the records hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from airmend.incident.model import Alert
from airmend.incident.signals import Signal
from airmend.records.members import open_members_after

SWEEP_INTERVAL = timedelta(seconds=10)
"""So often is forgotten what is too old; that costs as much as there are incidents."""


class Placement(Protocol):
    """Where a signal belongs, and why."""

    @property
    def group_id(self) -> str:
        """The incident."""

    @property
    def evidence(self) -> Sequence[str]:
        """Why, one sentence each."""


class OpenGroups(Protocol):
    """A memory of open incidents that finds the one of a signal."""

    def place(self, signal: Signal) -> Placement | None:
        """The incident that a signal belongs to; None when it stands alone."""

    def add(self, group_id: str, signal: Signal) -> None:
        """A signal belongs to an incident; the first one opens it."""

    def forget(self, group_id: str) -> None:
        """An incident takes no more; one that is not known is none already."""

    def sweep(self, at: datetime) -> None:
        """Forget what no signal from a time on can join."""


@dataclass(frozen=True)
class Grouping:
    """How alerts of one cause are recognised.

    Args:
        window: Older signals are no neighbours.
        open_groups: Makes an empty memory.
        is_upstream: Whether a service (the second) depends on another one, over any number of
            steps.
    """

    window: timedelta
    open_groups: Callable[[], OpenGroups]
    is_upstream: Callable[[str, str], bool]


class Neighbours:
    """The memory of one process; used by its one writer.

    Args:
        read: Gives what recognises what belongs together; asked once a batch. Another one begins
            anew with what the records hold.
    """

    def __init__(self, read: Callable[[], Grouping]) -> None:
        self._read = read
        self.grouping = read()
        self._groups = self.grouping.open_groups()
        self._after = 0  # the number of the last member that was read
        self._added: set[tuple[str, str]] = set()  # by the last batch: incident, fingerprint
        self._swept_at: datetime | None = None
        self._latest: tuple[Alert, Signal] | None = None

    def refresh(self, session: Session, at: datetime) -> None:
        """Begin a batch: learn what others have stored since the last one."""
        if (grouping := self._read()) is not self.grouping:
            self.grouping = grouping
            self.undo()
        for row in open_members_after(session, self._after, since=at - self.grouping.window):
            self._after = row.id
            if (row.incident_id, row.fingerprint) not in self._added:
                signal = Signal(
                    row.fingerprint, row.name, row.service, row.host, row.fired_at, row.labels
                )
                self._groups.add(row.incident_id, signal)
        self._added.clear()
        if self._swept_at is None or at - self._swept_at >= SWEEP_INTERVAL:
            self._groups.sweep(at)
            self._swept_at = at

    def place(self, alert: Alert, at: datetime) -> Placement | None:
        """The incident that an alert belongs to, as far as this process knows."""
        return self._groups.place(self._signal_of(alert, at))

    def add(self, incident_id: str, alert: Alert, at: datetime) -> None:
        """An alert of this batch has opened an incident, or joined one."""
        self._groups.add(incident_id, self._signal_of(alert, at))
        self._added.add((incident_id, alert.fingerprint))

    def forget(self, incident_id: str) -> None:
        """An incident is not open any more."""
        self._groups.forget(incident_id)

    def undo(self) -> None:
        """The batch was undone: begin anew with what the records hold."""
        self._groups = self.grouping.open_groups()
        self._after = 0
        self._added.clear()

    def _signal_of(self, alert: Alert, at: datetime) -> Signal:
        """The same object for the same alert, which is looked at once and then added."""
        if self._latest is None or self._latest[0] is not alert or self._latest[1].at != at:
            self._latest = (
                alert,
                Signal(alert.fingerprint, alert.name, alert.service, alert.host, at, alert.labels),
            )
        return self._latest[1]
