"""What people state about an incident for the authority: its class, and the reports they sent.

Facts of the story, as all else: added, never changed. A later statement of the same kind
corrects an earlier one. Who stated it stands in the text alone, which can be erased; the rest
is evidence. Safe to repeat: the same statement is recorded once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from airmend.errors import StatementError, UnknownIncidentError
from airmend.records.incidents import find_incident
from airmend.records.ledger import append_fact, read_story
from airmend.records.model import Fact, FactKind

REPORTS = ("initial", "intermediate", "final")
"""In the order in which they are due."""


def record_classification(
    session: Session,
    incident_id: str,
    *,
    is_major: bool,
    stated_at: datetime,
    aware_at: datetime | None,
    by: str,
    reason: str,
    at: datetime,
) -> bool:
    """Write down that a person classified an incident.

    Args:
        session: A session of the records.
        incident_id: Of the incident.
        is_major: By the criteria of Regulation (EU) 2024/1772, which a person applies.
        stated_at: When it was classified.
        aware_at: When people became aware, where that was before the alert was received.
        by: Who.
        reason: Which criteria were met, or not.
        at: Now.

    Returns:
        Whether it is new.

    Raises:
        UnknownIncidentError: There is no such incident.
        StatementError: The times cannot be so.
    """
    _check_incident(session, incident_id)
    _check_past(stated_at, at)
    if aware_at is not None and aware_at > stated_at:
        raise StatementError("nobody classifies what nobody is aware of; correct one of the times")
    word = "major" if is_major else "not major"
    return _state(
        session,
        FactKind.INCIDENT_CLASSIFIED,
        f"Classified as {word} by {by}: {reason}",
        incident_id,
        at,
        major=is_major,
        stated_at=stated_at.isoformat(),
        aware_at=aware_at.isoformat() if aware_at else None,
    )


def record_submission(
    session: Session,
    incident_id: str,
    report: str,
    *,
    stated_at: datetime,
    by: str,
    reference: str,
    at: datetime,
) -> bool:
    """Write down that a person sent a report to the authority.

    Args:
        session: A session of the records.
        incident_id: Of the incident.
        report: One of `REPORTS`.
        stated_at: When it was sent.
        by: Who sent it.
        reference: The authority's own code for the incident, "" while it gave none.
        at: Now.

    Returns:
        Whether it is new.

    Raises:
        UnknownIncidentError: There is no such incident.
        StatementError: It is not classified as major, a report before this one is not on
            record or was sent later, or the time has not come yet.
    """
    _check_incident(session, incident_id)
    _check_past(stated_at, at)
    story = read_story(session, incident_id)
    classified = [fact for fact in story if fact.kind is FactKind.INCIDENT_CLASSIFIED]
    if not classified or not classified[-1].evidence.get("major"):
        raise StatementError(
            f"{incident_id} is not classified as major. Record that first: "
            f"airmend report classify {incident_id} --major --reason '...'"
        )
    for earlier in REPORTS[: REPORTS.index(report)]:
        sent = [_stated_at(fact) for fact in story if _is_submission(fact, earlier)]
        if not sent or sent[-1] > stated_at:
            raise StatementError(f"no {earlier} report from before then is on record; add it first")
    text = f"The {report} report was sent to the authority by {by}"
    return _state(
        session,
        FactKind.AUTHORITY_INFORMED,
        f"{text}, who calls it {reference}" if reference else text,
        incident_id,
        at,
        report=report,
        stated_at=stated_at.isoformat(),
        reference=reference or None,
    )


def _check_incident(session: Session, incident_id: str) -> None:
    if find_incident(session, incident_id) is None:
        raise UnknownIncidentError(f"there is no incident '{incident_id}'. The overview lists them")


def _check_past(stated_at: datetime, now: datetime) -> None:
    if stated_at > now:
        raise StatementError(f"{stated_at.isoformat()} has not come yet; only what was done counts")


def _is_submission(fact: Fact, report: str) -> bool:
    return fact.kind is FactKind.AUTHORITY_INFORMED and fact.evidence.get("report") == report


def _stated_at(fact: Fact) -> datetime:
    return datetime.fromisoformat(fact.evidence["stated_at"])


def _state(
    session: Session, kind: FactKind, text: str, incident_id: str, at: datetime, **evidence: Any
) -> bool:
    stated = {key: value for key, value in evidence.items() if value is not None}
    same = [fact for fact in read_story(session, incident_id) if fact.kind is kind]
    if any((fact.text, fact.evidence) == (text, stated) for fact in same[-1:]):
        return False
    append_fact(session, kind, text, at=at, incident_id=incident_id, **stated)
    return True
