"""What intake asks of other rooms, as shapes; the composition hands in what has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from airmend.change.model import ChangeRequest
from airmend.incident.model import Incident, IntakeLimits, MatchRejection, Suppression
from airmend.incident.names import KnownNames
from airmend.incident.neighbours import Grouping
from airmend.records.database import Database
from airmend.runbook.model import RunbookVersion


class Match(Protocol):
    """What the catalog says about an incident."""

    @property
    def runbook(self) -> RunbookVersion | None:
        """The version that takes it; None when no runbook does."""

    @property
    def inputs(self) -> dict[str, Any]:
        """The values that the runbook takes from it."""

    @property
    def rejections(self) -> Sequence[MatchRejection]:
        """Why each other runbook does not."""


Matcher = Callable[[dict[str, Any], Sequence[RunbookVersion]], Match]

Suggester = Callable[[Incident, Sequence[RunbookVersion]], list[dict[str, Any]]]
"""Known errors that are like an incident that no runbook takes, best first, as plain data."""


Observers = Callable[[Session], Callable[[str], bool]]
"""Reads which runbooks only observe; asked once a batch, of what a runbook takes."""


class Found(Protocol):
    """A rule that holds an incident back."""

    @property
    def rule_id(self) -> str:
        """Its id."""

    @property
    def author(self) -> str:
        """Who made it."""

    @property
    def reason(self) -> str:
        """Why."""


@dataclass(frozen=True)
class Suppressing:
    """What holds incidents back: mutes, maintenance windows, the kill switch.

    Args:
        load: Gives the rules that are active at a time; asked once a batch.
        find: Gives the first rule that holds an incident back, from its facts, its service and
            the runbook that would take it; None when none does.
    """

    load: Callable[[Session, datetime], Any]
    find: Callable[[Mapping[str, Any], str | None, str | None, Any, datetime], Found | None]


@dataclass(frozen=True)
class Rules:
    """The rules of one batch."""

    suppressing: Suppressing
    loaded: Any
    at: datetime

    def find(self, incident: Incident, runbook_id: str | None) -> Suppression | None:
        """What holds an incident back; None when nothing does."""
        found = self.suppressing.find(
            incident.facts(), incident.service, runbook_id, self.loaded, self.at
        )
        return None if found is None else Suppression.model_validate(found)


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What intake works with.

    Args:
        database: The records.
        catalog: Gives the runbook versions that new runs may start from.
        match: Finds the one that takes an incident, from the incident's facts.
        start_run: Creates the Airflow run of a change and gives its id; called again for the
            same change it gives the same run. Raises RunNotStartedError when it cannot now.
        clock: The time, aware.
        new_id: Eight random characters of base32, for ids.
        base_url: Where people reach Airflow.
        limits: Gives the windows of intake as the policy has them now.
        suppressing: What holds incidents back; None where nothing is configured.
        grouping: Gives what recognises alerts of one cause, the same object as long as it is the
            same; None leaves every alert alone.
        names: Gives the services and hosts that a ticket may mention; asked for tickets alone,
            and may take its time.
        suggest: Finds known errors that are like an incident; None finds none.
        observers: Gives, for a batch, whether a runbook only observes and starts nothing.
        observe: Told the name of each step as it is passed, for a log or a test that ends the
            process there.
    """

    database: Database
    catalog: Callable[[Session], Sequence[RunbookVersion]]
    match: Matcher
    start_run: Callable[[ChangeRequest], str]
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    base_url: str
    limits: Callable[[], IntakeLimits] = IntakeLimits
    suppressing: Suppressing | None = None
    grouping: Callable[[], Grouping] | None = None
    names: Callable[[], KnownNames] = KnownNames
    suggest: Suggester | None = None
    observers: Observers = lambda _session: lambda _runbook_id: False
    observe: Callable[[str], None] = lambda _step: None
