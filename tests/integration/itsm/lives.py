"""The life of a change in the records, step by step, and the sync that tells it."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from airmend.change.model import (
    ChangeStatus,
    Decision,
    RiskBand,
    RiskScore,
    Verdict,
)
from airmend.incident.model import IncidentStatus
from airmend.itsm.configuration import TicketPlan
from airmend.itsm.model import Ticket, TicketKind
from airmend.itsm.sync import Look, Sync
from airmend.itsm.system import make_system
from airmend.records.changes import (
    create_change,
    get_change,
    record_decision,
    set_assessment,
    set_change_status,
)
from airmend.records.database import Database
from airmend.records.incidents import create_incident, set_incident_status
from airmend.records.ledger import append_fact, read_story
from airmend.records.model import Fact, FactKind
from airmend.records.runbooks import save_version
from airmend.records.ticket_tables import TicketRow
from airmend.records.tickets import find_ticket
from tests.builders import AT, make_change, make_incident, make_runbook_version
from tests.integration.itsm.sites import LOGIN, PASSWORD, Site

INCIDENT, CHANGE = "INC-20260302-AAAAAAAA", "CHG-20260302-AAAAAAAA"
BASE_URL = "https://airflow.example"
RISK = RiskScore(
    probability=0.2,
    impact=3,
    impact_reasons=["tier 2"],
    band=RiskBand.MODERATE,
    base_log_odds=-2.0,
    factors=[],
)

SERVICENOW_PLAN = {
    "system": "servicenow",
    "timeout_seconds": 1,
    "servicenow": {"change_fields": {"assignment_group": "a" * 32}},
}
JIRA_PLAN = {
    "system": "jira",
    "timeout_seconds": 1,
    "jira": {"project": "OPS", "risk_field": "customfield_10050"},
}


@dataclass
class Life:
    """An incident and its change, in records that hold nothing else."""

    database: Database
    site: Site
    plan: TicketPlan
    at: datetime = AT
    incident_id: str = INCIDENT
    change_id: str = CHANGE
    passed: list[str] = field(default_factory=list)

    def now(self) -> datetime:
        """The clock."""
        return self.at

    def pass_time(self, **units: float) -> None:
        """Move the clock."""
        self.at += timedelta(**units)

    def tell(self, kind: FactKind, text: str, *, of_change: bool = True) -> None:
        """Add a fact."""
        self.pass_time(seconds=1)
        with self.database.session() as session:
            append_fact(
                session,
                kind,
                text,
                at=self.at,
                incident_id=self.incident_id,
                change_id=self.change_id if of_change else None,
            )

    def move(self, status: ChangeStatus, kind: FactKind, text: str, reason: str = "") -> None:
        """Move the change on, with a fact."""
        with self.database.session() as session:
            set_change_status(session, self.change_id, status, at=self.at, reason=reason)
        self.tell(kind, text)

    def open_incident(self, **override: Any) -> None:
        """Store the incident alone."""
        self.pass_time(seconds=1)
        fields = {"id": self.incident_id, "opened_at": self.at} | override
        with self.database.session() as session:
            create_incident(session, make_incident(**fields))
        self.tell(FactKind.INCIDENT_OPENED, "Opened by an alert", of_change=False)

    def request(self, *, incident: dict[str, Any] | None = None, **override: Any) -> None:
        """Store the incident and its change."""
        self.open_incident(**(incident or {}))
        version = make_runbook_version()
        fields = {
            "id": self.change_id,
            "incident_id": self.incident_id,
            "change_type": "normal",
            "runbook_digest": version.digest,
            "requested_at": self.at,
            "run_id": f"airmend__{self.incident_id}",
        } | override
        with self.database.session() as session:
            save_version(session, version, b"", at=self.at)
            create_change(session, make_change(**fields))
        self.tell(FactKind.RUNBOOK_MATCHED, "Runbook service-down 1.0.0")

    def assess(self) -> None:
        """Guard and preflight passed, and the risk is known."""
        self.move(ChangeStatus.ASSESSING, FactKind.GUARD_PASSED, "The guard passed: web1")
        with self.database.session() as session:
            set_assessment(session, self.change_id, RISK, {})
        self.tell(FactKind.RISK_ASSESSED, "Risk moderate, 20 %")

    def ask(self) -> None:
        """People are asked."""
        text = "Approval asked: 2 of sre-leads"
        self.move(ChangeStatus.AWAITING_APPROVAL, FactKind.APPROVAL_ASKED, text)

    def decide(self, verdict: Verdict = Verdict.APPROVED) -> None:
        """Two answered, or one said no, or nobody did."""
        for name in ("olivia", "priya"):
            if verdict is Verdict.APPROVED:
                self.tell(FactKind.APPROVAL_VOTED, f"{name} says yes: looked at the diff")
        by = "olivia, priya" if verdict is Verdict.APPROVED else "olivia"
        with self.database.session() as session:
            change = get_change(session, self.change_id)
            record_decision(
                session,
                Decision(
                    change_id=change.id,
                    verdict=verdict,
                    decided_by=by,
                    decided_at=self.at,
                    asked_at=self.at,
                    basis="answered",
                    comment="",
                    content_hash=change.content_hash(),
                ),
            )
        text = f"{verdict.value.capitalize()} by {by}: answered"
        if verdict is Verdict.APPROVED:
            self.move(ChangeStatus.APPROVED, FactKind.APPROVAL_DECIDED, text)
        else:
            self.tell(FactKind.APPROVAL_DECIDED, text)
            self.end(ChangeStatus(verdict.value), f"{verdict.value} by {by}")

    def execute(self) -> None:
        """The step runs."""
        self.move(ChangeStatus.EXECUTING, FactKind.STEP_STARTED, "Step 'restart' started")
        self.tell(FactKind.STEP_FINISHED, "Step 'restart' succeeded")
        self.move(ChangeStatus.VERIFYING, FactKind.VERIFICATION_FINISHED, "All checks passed")

    def end(self, status: ChangeStatus, reason: str = "verified") -> None:
        """The change ends, and what that means for the incident."""
        text = f"Change ended as {status.value}: {reason}"
        self.move(status, FactKind.CHANGE_ENDED, text, reason)
        is_well = status is ChangeStatus.SUCCEEDED
        end = IncidentStatus.REMEDIATED if is_well else IncidentStatus.ESCALATED
        with self.database.session() as session:
            set_incident_status(session, self.incident_id, end, at=self.at)
        self.tell(
            FactKind.INCIDENT_ENDED,
            "The incident is resolved" if is_well else "The incident is not resolved",
        )

    def live(self, until: str = "succeeded") -> None:
        """The whole life, without telling anybody."""
        self.request()
        self.assess()
        self.ask()
        self.decide()
        self.execute()
        self.end(ChangeStatus(until))

    def sync(self, **override: Any) -> Sync:
        """The sync over the real HTTP hook of Airflow."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Airflow's own, at its first import
            from airmend.orchestration.tickets import HookHttp

            http = HookHttp(self.plan.connection, self.plan.timeout_seconds)
            base_url = http.base_url()
        kinds = {TicketKind.CHANGE, TicketKind.INCIDENT}
        fields: dict[str, Any] = {
            "database": self.database,
            "system": make_system(self.plan, http, base_url),
            "kinds": kinds if self.plan.incidents == "all" else {TicketKind.CHANGE},
            "base_url": BASE_URL,
            "owner": "look",
            "now": self.now,
            "chance": lambda: 1.0,
        } | override
        return Sync(**fields)

    def look(self, **override: Any) -> Look:
        """One look, a minute after the one before."""
        self.pass_time(minutes=1)
        return self.sync(**override).look()

    def ticket(self, subject: str = "") -> Ticket:
        """What is known of a ticket."""
        with self.database.session() as session:
            found = find_ticket(session, self.plan.system.value, subject or self.change_id)
        assert found is not None
        return found

    def tickets(self) -> int:
        """How many there are."""
        with self.database.session() as session:
            return len(session.scalars(select(TicketRow)).all())

    def story(self, kind: FactKind) -> list[Fact]:
        """The facts of a kind."""
        with self.database.session() as session:
            return [each for each in read_story(session, self.incident_id) if each.kind is kind]


def connect(monkeypatch: pytest.MonkeyPatch, url: str, **override: Any) -> None:
    """The connection to a site, as an operator makes it."""
    connection = {
        "conn_type": "http",
        "host": url,
        "login": LOGIN,
        "password": PASSWORD,
    } | override
    monkeypatch.setenv("AIRFLOW_CONN_AIRMEND_TICKETS", json.dumps(connection))


class KilledError(Exception):
    """As a process that is killed: nothing more is done."""


def kill_at(step: str, time: int = 1) -> Any:
    """An observer that kills at the nth passing of a step."""
    passed: list[str] = []

    def kill(name: str) -> None:
        passed.append(name)
        if name == step and passed.count(step) == time:
            raise KilledError

    return kill
