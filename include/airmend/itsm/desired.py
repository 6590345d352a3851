"""What the tickets of an incident and of its changes should say, out of the records.

Pure but for `read_desired`, which reads. The same records give the same tickets, whoever asks
and however often.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from sqlalchemy.orm import Session

from airmend.change.model import ChangeRequest, ChangeStatus, Decision, Verdict
from airmend.errors import UnknownRunbookError
from airmend.incident.model import Incident, IncidentStatus
from airmend.itsm.model import (
    Approval,
    DesiredTicket,
    Note,
    Plans,
    Stage,
    Ticket,
    TicketKind,
)
from airmend.records.changes import get_change, get_decision
from airmend.records.incidents import get_incident
from airmend.records.ledger import read_story
from airmend.records.model import Fact, FactKind
from airmend.records.runbooks import get_version
from airmend.records.tickets import related_ids
from airmend.runbook.model import RunbookVersion

CHANGE_STAGES = {
    ChangeStatus.REQUESTED: Stage.NEW,
    ChangeStatus.ASSESSING: Stage.ASSESS,
    ChangeStatus.AWAITING_APPROVAL: Stage.AUTHORIZE,
    ChangeStatus.APPROVED: Stage.SCHEDULED,
    ChangeStatus.EXECUTING: Stage.IMPLEMENT,
    # neither is a review: it may still be rolled back, and no system goes back from a review
    ChangeStatus.VERIFYING: Stage.IMPLEMENT,
    ChangeStatus.ROLLING_BACK: Stage.IMPLEMENT,
    ChangeStatus.SUCCEEDED: Stage.CLOSED,
    ChangeStatus.ROLLED_BACK: Stage.CLOSED,
    ChangeStatus.FAILED: Stage.CLOSED,
    ChangeStatus.REJECTED: Stage.CANCELED,
    ChangeStatus.EXPIRED: Stage.CANCELED,
    ChangeStatus.REFUSED: Stage.CANCELED,
    ChangeStatus.CANCELLED: Stage.CANCELED,
    ChangeStatus.PROPOSED: Stage.CANCELED,
}

INCIDENT_STAGES = {
    IncidentStatus.UNMATCHED: Stage.NEW,
    IncidentStatus.SUPPRESSED: Stage.NEW,
    IncidentStatus.REMEDIATING: Stage.IN_PROGRESS,
    IncidentStatus.ESCALATED: Stage.IN_PROGRESS,
    IncidentStatus.REMEDIATED: Stage.RESOLVED,
    IncidentStatus.RECOVERED: Stage.RESOLVED,
    IncidentStatus.CLOSED: Stage.RESOLVED,
}

ORIGIN_LABELS = {"servicenow": "number", "jira": "issue_key"}
"""The label in which a ticket system's alert source keeps the number of the ticket."""

_NEVER = {FactKind.ALERT_REPEATED, FactKind.TICKET_LINKED, FactKind.TICKET_REFUSED}
_SAID_BY_ORIGIN = {
    FactKind.INCIDENT_OPENED,
    FactKind.ALERT_JOINED,
    FactKind.ALERT_RESOLVED,
    FactKind.INCIDENT_REOPENED,
}
"""What a ticket says itself is not told back to it: each note could come back as an alert."""

_OF_BOTH = {
    FactKind.RUNBOOK_MATCHED,
    FactKind.APPROVAL_DECIDED,
    FactKind.CHANGE_ENDED,
    FactKind.INCIDENT_ENDED,
    FactKind.INCIDENT_SUPPRESSED,
    FactKind.REPORT_WRITTEN,
}
"""Facts of a change that its incident's ticket is told too."""


def read_desired(session: Session, ticket: Ticket, base_url: str) -> DesiredTicket:
    """What a ticket should say, as the records are now.

    Raises:
        sqlalchemy.exc.NoResultFound: Its incident or change is no longer on record.
    """
    incident = get_incident(session, ticket.incident_id)
    story = read_story(session, ticket.incident_id)
    related = related_ids(session, ticket.system, ticket.incident_id)
    if ticket.kind is TicketKind.INCIDENT:
        return describe_incident(
            incident,
            story,
            system=ticket.system,
            related=related.get(TicketKind.CHANGE, ""),
            base_url=base_url,
        )
    change = get_change(session, ticket.subject_id)
    return describe_change(
        change,
        incident,
        story,
        get_decision(session, change.id),
        _find_version(session, change),
        related=related.get(TicketKind.INCIDENT, ""),
        base_url=base_url,
    )


def describe_incident(
    incident: Incident, story: Sequence[Fact], *, system: str, related: str, base_url: str
) -> DesiredTicket:
    """The ticket of an incident.

    Args:
        incident: As it stands.
        story: All of its facts.
        system: The ticket system; an incident that came from it has its ticket there.
        related: The id of its change's ticket.
        base_url: Where people reach Airflow.
    """
    origin = _origin(incident, system)
    left_out = _NEVER | (_SAID_BY_ORIGIN if origin else set())
    notes = [
        _note(fact)
        for fact in story
        if fact.kind not in left_out and (fact.change_id is None or fact.kind in _OF_BOTH)
    ]
    ends = [fact.text for fact in story if fact.kind is FactKind.INCIDENT_ENDED]
    stage = INCIDENT_STAGES[incident.status]
    return DesiredTicket(
        kind=TicketKind.INCIDENT,
        subject_id=incident.id,
        incident_id=incident.id,
        title=incident.summary or incident.name,
        description="\n".join(_about(incident, base_url)),
        link=_page(base_url, incident.id),
        stage=stage,
        outcome=incident.status.value if stage.is_end else "",
        close_notes=(ends[-1] if ends else f"{incident.id} is {incident.status.value}")
        if stage.is_end
        else "",
        started_at=incident.started_at or incident.opened_at,
        ended_at=incident.closed_at,
        notes=tuple(notes),
        origin=origin,
        related=related,
        severity=incident.severity,
    )


def describe_change(
    change: ChangeRequest,
    incident: Incident,
    story: Sequence[Fact],
    decision: Decision | None,
    version: RunbookVersion | None,
    *,
    related: str,
    base_url: str,
) -> DesiredTicket:
    """The ticket of a change.

    Args:
        change: As it stands.
        incident: What it is for.
        story: All facts of the incident.
        decision: Where there is one.
        version: The runbook's; None where it is no longer on record.
        related: The id of the incident's ticket.
        base_url: Where people reach Airflow.
    """
    facts = [fact for fact in story if fact.change_id == change.id and fact.kind not in _NEVER]
    steps = [fact.at for fact in facts if fact.kind is FactKind.STEP_STARTED]
    stage = CHANGE_STAGES[change.status]
    title = version.runbook.title if version else change.runbook_id
    where = f" ({incident.host or incident.service})" if incident.host or incident.service else ""
    return DesiredTicket(
        kind=TicketKind.CHANGE,
        subject_id=change.id,
        incident_id=incident.id,
        title=f"{title}{where}",
        description="\n".join(_about_change(change, incident, base_url)),
        link=_page(base_url, incident.id),
        stage=stage,
        outcome=change.status.value if stage.is_end else "",
        close_notes=f"{change.status.value}: {change.reason}" if stage.is_end else "",
        started_at=min(steps, default=None),
        ended_at=change.ended_at,
        notes=tuple(_note(fact) for fact in facts),
        related=related,
        change_type=change.change_type,
        risk=change.risk.band if change.risk else None,
        impact=change.risk.impact if change.risk else None,
        approval=_approval(change, decision, facts),
        plans=_plans(version) if version else Plans(),
    )


def _approval(change: ChangeRequest, decision: Decision | None, facts: Sequence[Fact]) -> Approval:
    if decision is not None:
        return Approval.APPROVED if decision.verdict is Verdict.APPROVED else Approval.REJECTED
    if change.status.is_final:
        return Approval.NOT_REQUESTED
    asked = any(fact.kind is FactKind.APPROVAL_ASKED for fact in facts)
    return Approval.REQUESTED if asked else Approval.NOT_REQUESTED


def _plans(version: RunbookVersion) -> Plans:
    runbook = version.runbook
    rollback = runbook.rollback
    backout = f"Playbook {rollback.playbook}, then checked" if rollback else ""
    return Plans(
        implementation="\n".join(f"{step.name} ({step.playbook})" for step in runbook.steps),
        backout=backout or f"None: {runbook.change.irreversible or 'nothing is changed'}",
        test="\n".join(check.name for check in runbook.verify),
    )


def _about(incident: Incident, base_url: str) -> list[str]:
    lines = [
        f"Incident {incident.id} of Airmend, from {incident.source}: {incident.name}",
        f"Service: {incident.service or 'not named'}, host: {incident.host or 'not named'}",
        f"Severity: {incident.severity.value}",
        _page(base_url, incident.id),
    ]
    return [*lines, "", incident.description] if incident.description else lines


def _about_change(change: ChangeRequest, incident: Incident, base_url: str) -> list[str]:
    kind, why = change.change_type.value, incident.summary or incident.name
    return [
        f"Change {change.id} of Airmend, a {kind} change for {incident.id}: {why}",
        f"Runbook {change.runbook_id} {change.runbook_version}, digest {change.runbook_digest}",
        f"Requested by {change.requested_by}",
        _page(base_url, incident.id),
    ]


def _page(base_url: str, incident_id: str) -> str:
    return f"{base_url.rstrip('/')}/airmend/incidents/{quote(incident_id, safe='')}"


def _origin(incident: Incident, system: str) -> str:
    if incident.source != system or system not in ORIGIN_LABELS:
        return ""
    return incident.labels.get(ORIGIN_LABELS[system], "")


def _note(fact: Fact) -> Note:
    return Note(fact=fact.id, at=fact.at, text=fact.text)


def _find_version(session: Session, change: ChangeRequest) -> RunbookVersion | None:
    try:
        return get_version(session, change.runbook_digest)
    except UnknownRunbookError:
        return None
