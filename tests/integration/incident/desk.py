"""An intake with fakes for the rooms that it does not know: catalog, matching and Airflow."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from airmend.change.model import ChangeRequest
from airmend.errors import RunNotStartedError
from airmend.incident.answers import Answer, IncidentAnswer
from airmend.incident.intake import Intake
from airmend.incident.model import Incident, MatchRejection
from airmend.incident.proofs import SourceSecrets
from airmend.records.database import Database
from airmend.records.incidents import get_incident, list_incidents
from airmend.records.ledger import read_story
from airmend.records.model import Fact
from airmend.records.tables import (
    AlertRow,
    ChangeRow,
    DeliveryRow,
    IncidentRow,
    LedgerRow,
    RejectionCountRow,
    Table,
)
from airmend.runbook.model import RunbookVersion
from tests.builders import AT, make_runbook_version
from tests.unit.incident.documents import generic_alert

TOKEN = "token-of-the-sender"
PROOF = {"Authorization": f"Bearer {TOKEN}"}
TABLES: list[type[Table]] = [
    DeliveryRow,
    AlertRow,
    IncidentRow,
    ChangeRow,
    LedgerRow,
    RejectionCountRow,
]


@dataclass
class FakeMatch:
    """What the catalog says, as matching would."""

    runbook: RunbookVersion | None
    inputs: dict[str, Any]
    rejections: Sequence[MatchRejection]


def match_by_name(facts: dict[str, Any], runbooks: Sequence[RunbookVersion]) -> FakeMatch:
    """The first runbook takes everything that is called ServiceDown."""
    if facts["name"] == "ServiceDown" and runbooks:
        return FakeMatch(runbooks[0], {"host": facts["host"]}, [])
    return FakeMatch(
        None,
        {},
        [
            MatchRejection(runbook_id=version.runbook.id, reason="incident.name is not true")
            for version in runbooks
        ],
    )


@dataclass
class FakeAirflow:
    """Starts runs as Airflow does: the same run id twice is one run."""

    is_up: bool = True
    runs: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start_run(self, change: ChangeRequest) -> str:
        """Create the run of a change."""
        if not self.is_up:
            raise RunNotStartedError("Airflow does not answer")
        with self.lock:
            if change.run_id not in self.runs:
                self.runs.append(change.run_id)
        return change.run_id


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def move(self, **step: float) -> None:
        """Let time pass."""
        self.now += timedelta(**step)


class Desk:
    """An intake, what it works with, and a look at what it stored."""

    def __init__(self, database: Database) -> None:
        self.database, self.clock, self.airflow = database, Clock(), FakeAirflow()
        self.version = make_runbook_version()
        numbers = itertools.count(1)
        self.intake = Intake(
            database=database,
            catalog=lambda session: [self.version],
            match=match_by_name,
            start_run=self.airflow.start_run,
            clock=self.clock,
            new_id=lambda: f"{next(numbers):08d}",
            base_url="https://airflow.example/",
        )

    def with_ports(self, **ports: Any) -> Intake:
        """The intake with some ports replaced."""
        return replace(self.intake, **ports)

    def send(
        self, document: Any, *, source: str = "generic", headers: dict[str, str] | None = None
    ) -> Answer:
        """Deliver a document, proven by the right token."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return self.intake.receive(source, PROOF | (headers or {}), body, trust)

    def alert(self, **override: Any) -> IncidentAnswer:
        """Deliver one generic alert; gives the answer to it."""
        (entry,) = self.send(generic_alert(**override)).incidents
        return entry

    def incident(self, incident_id: str | None) -> Incident:
        """An incident as it stands."""
        assert incident_id is not None
        with self.database.session() as session:
            return get_incident(session, incident_id)

    def incidents(self) -> list[Incident]:
        """All incidents, newest first."""
        with self.database.session() as session:
            return list_incidents(session)

    def story(self, incident_id: str | None) -> list[Fact]:
        """The facts of an incident."""
        assert incident_id is not None
        with self.database.session() as session:
            return read_story(session, incident_id)

    def counts(self) -> dict[str, int]:
        """How many rows every table of intake has."""
        with self.database.session() as session:
            return {table.__tablename__: _count(session, table) for table in TABLES}


def trust(source: str) -> SourceSecrets:
    """Every source has the same token."""
    return SourceSecrets(bearer=(TOKEN,))


def _count(session: Session, table: type[Table]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0
