"""Registration over a store in memory: what the database does for it, without one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from airmend.incident.answers import IncidentAnswer
from airmend.incident.draft import Draft
from airmend.incident.model import (
    Alert,
    Incident,
    IncidentStatus,
    IntakeLimits,
    MatchRejection,
)
from airmend.incident.neighbours import Grouping, Neighbours
from airmend.incident.ports import Rules, Suppressing
from airmend.incident.registration import Registration
from airmend.incident.signals import Signal
from airmend.records.effects import Effects, NewDelivery
from airmend.records.model import FactKind
from airmend.records.situation import Situation
from airmend.runbook.model import RunbookVersion
from tests.builders import AT, make_runbook_version


@dataclass
class Told:
    """What the runbooks say."""

    runbook: RunbookVersion | None
    inputs: dict[str, Any]
    rejections: list[MatchRejection] = field(default_factory=list)


@dataclass(frozen=True)
class Mute:
    """A rule that holds back what is about one service, or needs one runbook."""

    rule_id: str = "MUTE-1"
    author: str = "olivia"
    reason: str = "we work on it"
    service: str = "shop"
    runbook: str | None = None


@dataclass(frozen=True)
class Place:
    """Where a signal belongs."""

    group_id: str
    evidence: list[str]


class ByService:
    """Open groups for tests: signals of the same service, or of one upstream, belong together.

    Args:
        upstream: The services that each service depends on.
    """

    def __init__(self, upstream: Mapping[str, set[str]]) -> None:
        self.upstream = upstream
        self.groups: dict[str, list[Signal]] = {}

    def place(self, signal: Signal) -> Place | None:
        """The oldest group of the service or of one that it depends on."""
        near = {signal.service, *self.upstream.get(signal.service or "", ())}
        for group_id, signals in self.groups.items():
            if any(each.service in near for each in signals):
                return Place(group_id, [f"near {signals[0].service}"])
        return None

    def add(self, group_id: str, signal: Signal) -> None:
        """A signal belongs to a group."""
        self.groups.setdefault(group_id, []).append(signal)

    def forget(self, group_id: str) -> None:
        """A group takes no more."""
        self.groups.pop(group_id, None)

    def sweep(self, at: datetime) -> None:
        """Forget groups whose last signal is an hour old."""
        for group_id, signals in list(self.groups.items()):
            if at - signals[-1].at > timedelta(hours=1):
                del self.groups[group_id]


def by_service(upstream: Mapping[str, set[str]] | None = None) -> Callable[[], Grouping]:
    """Grouping for tests: by service, and by what it depends on directly."""
    depends_on = upstream or {}
    grouping = Grouping(
        timedelta(hours=1),
        lambda: ByService(depends_on),
        lambda cause, effect: cause in depends_on.get(effect, ()),
    )
    return lambda: grouping


class World:
    """Incidents, members and changes, kept from one alert to the next."""

    def __init__(
        self,
        *,
        limits: IntakeLimits | None = None,
        grouping: Callable[[], Grouping] | None = None,
    ) -> None:
        self.limits, self.now, self.mutes = limits or IntakeLimits(), AT, list[Mute]()
        self.situation, self.version = Situation(), make_runbook_version()
        self.facts: list[tuple[str, FactKind, str]] = []
        self.alerts: list[tuple[str | None, Alert]] = []
        self.suggest: Callable[[Incident], list[dict[str, Any]]] | None = None
        self._numbers = itertools.count(1)
        self._neighbours = Neighbours(grouping) if grouping else None

    def match(self, facts: dict[str, Any]) -> Told:
        """One runbook takes everything that is called ServiceDown."""
        if facts["name"] == "ServiceDown":
            return Told(self.version, {"host": facts["host"]})
        return Told(None, {}, [MatchRejection(runbook_id="service-down", reason="another name")])

    def take(self, alert: Alert) -> IncidentAnswer:
        """Register one alert as a batch of its own, and keep what follows."""
        effects = Effects()
        delivery = NewDelivery("generic", "id:1", self.now, "", b"", {})
        find = Suppressing(lambda *_: None, self._find_mute)
        answer = Registration(
            Draft(self.situation, effects, self.now, self.limits, "https://airflow.example"),
            match=self.match,
            rules=Rules(find, None, self.now),
            neighbours=self._neighbours,
            suggest=self.suggest,
            new_id=lambda: f"{next(self._numbers):08d}",
        ).register(alert, delivery)
        for each in effects.members:
            each.id = next(self._numbers)
        self.facts += [(fact.incident_id, fact.kind, fact.text) for fact in effects.facts]
        self.alerts += [(incident_id, alert) for _, incident_id, alert in effects.alerts]
        for standing in self.situation.standings.values():
            standing.is_new = standing.is_changed = False
            if not standing.incident.status.is_open:
                self._close_members(standing.incident.id)
        return answer

    def move(self, **step: float) -> None:
        """Let time pass."""
        self.now += timedelta(**step)

    def end(self, incident_id: str | None, status: IncidentStatus) -> None:
        """Move an incident as its change, or a person, does."""
        standing = self.situation.standings[incident_id or ""]
        standing.incident = standing.incident.model_copy(
            update={"status": status, "closed_at": None if status.is_open else self.now}
        )
        if not status.is_open:
            self._close_members(standing.incident.id)

    def incident(self, incident_id: str | None) -> Incident:
        """An incident as it stands."""
        return self.situation.standings[incident_id or ""].incident

    def kinds(self, incident_id: str | None) -> list[FactKind]:
        """The story of an incident in short."""
        return [kind for where, kind, _ in self.facts if where == incident_id]

    def _close_members(self, incident_id: str) -> None:
        standing = self.situation.standings[incident_id]
        standing.add_firing(-standing.firing)
        for known in self.situation.members.values():
            if known.member.incident_id == incident_id:
                known.member = known.member.model_copy(update={"is_open": False})

    def _find_mute(
        self, facts: Any, service: str | None, runbook_id: str | None, _rules: Any, _at: Any
    ) -> Mute | None:
        return next(
            (
                mute
                for mute in self.mutes
                if mute.service == service and mute.runbook in {None, runbook_id}
            ),
            None,
        )
