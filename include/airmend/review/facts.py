"""Read together what a report is made from: all records about one incident or one change."""

from __future__ import annotations

from sqlalchemy.orm import Session

from airmend.change.model import ChangeRequest
from airmend.errors import UnknownRunbookError
from airmend.records.changes import get_change, get_decision
from airmend.records.executions import list_executions
from airmend.records.hand_requests import get_request
from airmend.records.incidents import get_incident
from airmend.records.ledger import read_story
from airmend.records.reviews import find_review
from airmend.records.runbooks import get_version
from airmend.review.model import ReportFacts
from airmend.runbook.model import RunbookVersion


def gather_facts(session: Session, change_id: str) -> ReportFacts:
    """Everything on record about a change and its incident.

    Raises:
        sqlalchemy.exc.NoResultFound: There is no such change.
    """
    change = get_change(session, change_id)
    return ReportFacts(
        incident=get_incident(session, change.incident_id),
        change=change,
        decision=get_decision(session, change_id),
        executions=list_executions(session, change_id),
        story=read_story(session, change.incident_id),
        runbook=_find_version(session, change),
        request=get_request(session, change_id),
        review=find_review(session, change_id),
    )


def gather_incident_facts(session: Session, incident_id: str) -> ReportFacts:
    """Everything on record about an incident that no change was requested for.

    Raises:
        sqlalchemy.exc.NoResultFound: There is no such incident.
    """
    return ReportFacts(
        incident=get_incident(session, incident_id),
        change=None,
        decision=None,
        executions=[],
        story=read_story(session, incident_id),
        runbook=None,
    )


def _find_version(session: Session, change: ChangeRequest) -> RunbookVersion | None:
    try:
        return get_version(session, change.runbook_digest)
    except UnknownRunbookError:
        return None  # the report then says that the version is not on record
