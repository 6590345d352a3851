"""What becomes of an incident that opens, or opens again: pure, and asked in one order.

Called by `verdicts.py` and `beginning.py`. Suppression goes first, since what is held back must
neither start anything nor call a person; a second change is never started for an incident; what
flaps is a person's; then the runbooks are asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.incident.model import (
    RUN_PREFIX,
    Alert,
    Incident,
    IncidentStatus,
    Member,
    Suppression,
)
from airmend.incident.ports import Match, Rules
from airmend.runbook.model import RunbookVersion


@dataclass(frozen=True)
class Verdict:
    """How an incident stands from now on.

    Args:
        status: Its status; `REMEDIATING` when `match` has a runbook and nothing is against it.
        match: What the runbooks say of it.
        suppression: What holds it back.
        observed: Whether the runbook that takes it only observes, so that it is a person's.
    """

    status: IncidentStatus
    match: Match
    suppression: Suppression | None = None
    observed: bool = False

    @property
    def may_join(self) -> bool:
        """Whether its alert may belong to another incident instead."""
        joins = {IncidentStatus.REMEDIATING, IncidentStatus.UNMATCHED}
        return self.observed or self.status in joins


def judge(
    incident: Incident,
    change: ChangeRequest | None,
    *,
    match: Callable[[dict[str, Any]], Match],
    rules: Rules | None,
    flaps: bool,
    observes: Callable[[str], bool] = lambda _runbook_id: False,
) -> Verdict:
    """Decide how an incident stands that opens, or opens again.

    Args:
        incident: The incident.
        change: The change that it had; None for one that never had any.
        match: Asks the runbooks.
        rules: What holds incidents back.
        flaps: Whether its alert fired too often.
        observes: Whether a runbook only observes, and starts nothing.
    """
    matched = match(incident.facts())
    runbook_id = matched.runbook.runbook.id if matched.runbook else None
    suppression = rules.find(incident, runbook_id) if rules is not None else None
    if suppression is not None:
        return Verdict(IncidentStatus.SUPPRESSED, matched, suppression)
    if change is not None or flaps:
        return Verdict(IncidentStatus.ESCALATED, matched)
    if matched.runbook is None:
        return Verdict(IncidentStatus.UNMATCHED, matched)
    if observes(matched.runbook.runbook.id):
        return Verdict(IncidentStatus.ESCALATED, matched, observed=True)
    return Verdict(IncidentStatus.REMEDIATING, matched)


def incident_of(alert: Alert, incident_id: str, at: datetime) -> Incident:
    """The incident that an alert opens; how it stands is decided afterwards."""
    return Incident(
        id=incident_id,
        source=alert.source,
        fingerprint=alert.fingerprint,
        name=alert.name,
        status=IncidentStatus.UNMATCHED,
        severity=alert.severity,
        service=alert.service,
        host=alert.host,
        summary=alert.summary,
        description=alert.description,
        labels=alert.labels,
        annotations=alert.annotations,
        link=alert.link,
        started_at=alert.starts_at,
        opened_at=at,
        recovered_at=None,
        closed_at=None,
        alert_count=1,
    )


def first_member(
    alert: Alert, incident: Incident, firings: list[datetime], evidence: list[str] | None = None
) -> Member:
    """The membership of an alert in the incident that it opened, or joined for some reason."""
    return Member(
        incident_id=incident.id,
        fingerprint=alert.fingerprint,
        source=alert.source,
        name=alert.name,
        service=alert.service,
        host=alert.host,
        labels=alert.labels,
        is_primary=evidence is None,
        is_open=True,
        is_firing=True,
        started_at=alert.starts_at,
        fired_at=firings[-1],
        resolved_at=None,
        alert_count=1,
        firings=firings,
        evidence=evidence or [],
    )


def fire_again(alert: Alert, firings: list[datetime], at: datetime, limit: int) -> dict[str, Any]:
    """What changes of a member whose alert fires again after it was over."""
    return {
        "is_open": True,
        "is_firing": True,
        "started_at": alert.starts_at,
        "fired_at": at,
        "resolved_at": None,
        "firings": [*firings, at][-limit:],
    }


def request_change(
    incident: Incident, version: RunbookVersion, inputs: dict[str, Any], at: datetime
) -> ChangeRequest:
    """The change that a runbook makes for an incident.

    Its number and its run's are derived from the incident's, so that alerts start one change
    for an incident and a second start of its run is recognised.
    """
    runbook = version.runbook
    return ChangeRequest(
        id=f"CHG-{incident.id.removeprefix('INC-')}",
        incident_id=incident.id,
        runbook_id=runbook.id,
        runbook_version=runbook.version,
        runbook_digest=version.digest,
        change_type=runbook.change.type,
        status=ChangeStatus.REQUESTED,
        reason="",
        dag_id=runbook.id,
        run_id=f"{RUN_PREFIX}{incident.id}",
        requested_by=f"source:{incident.source}",
        requested_at=at,
        ended_at=None,
        inputs=inputs,
        targets=[],  # the guard resolves them, and a change without targets is refused
    )
