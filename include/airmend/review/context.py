"""What a report needs to know besides the records of its own incident: others, the log, rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from airmend.incident.model import KillSwitch
from airmend.records.past_incidents import (
    PastIncidents,
    incidents_of_known_error,
    incidents_of_service,
)
from airmend.records.sealed import SealState, seal_state
from airmend.records.suppressions import kill_switch_log
from airmend.review.annexes import Recurrence
from airmend.review.model import DoraRules, ReportFacts
from airmend.review.recurrence import LONG, measure_recurrence

SWITCHES_READ = 50


@dataclass(frozen=True)
class ReportContext:
    """Everything else; without it a report says what it could not look at."""

    recurrence: list[Recurrence] = field(default_factory=list)
    switches: list[KillSwitch] = field(default_factory=list)  # newest first
    seal: SealState | None = None
    dora: DoraRules = field(default_factory=DoraRules)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    problem: str = ""  # why the rules are not known


def gather_context(
    session: Session,
    facts: ReportFacts,
    *,
    dora: DoraRules,
    zone: ZoneInfo,
    problem: str = "",
) -> ReportContext:
    """Read it for one report.

    Args:
        session: A session of the records.
        facts: What the report is about.
        dora: The policy's word; see `DoraRules`.
        zone: The policy's.
        problem: Why the policy could not be read, if so.
    """
    change_id = facts.change.id if facts.change else None
    return ReportContext(
        recurrence=_gather_recurrence(session, facts),
        switches=kill_switch_log(session, limit=SWITCHES_READ),
        seal=seal_state(session, facts.incident.id, change_id),
        dora=dora,
        zone=zone,
        problem=problem,
    )


def _gather_recurrence(session: Session, facts: ReportFacts) -> list[Recurrence]:
    incident = facts.incident
    since = incident.opened_at - LONG
    kinds: dict[str, PastIncidents] = {}
    if facts.runbook is not None:
        error = facts.runbook.runbook.known_error.id
        kinds[f"known error {error}"] = incidents_of_known_error(
            session, error, since=since, until=incident
        )
    if incident.service:
        kinds[f"service {incident.service}"] = incidents_of_service(
            session, incident.service, since=since, until=incident
        )
    return [measure_recurrence(scope, past, incident) for scope, past in kinds.items()]
