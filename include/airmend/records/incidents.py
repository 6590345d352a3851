"""Incidents: opened once a fingerprint, repeated by later alerts, ended once.

Functions that a decision follows from lock the row until the end of the transaction, where
the database can; SQLite has one writer at a time anyway.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from airmend.incident.model import Incident, IncidentStatus, Suppression
from airmend.records.ledger import append_fact
from airmend.records.model import FactKind
from airmend.records.tables import IncidentMemberRow, IncidentRow


def create_incident(session: Session, incident: Incident) -> None:
    """Store a new incident with its primary alert.

    Raises:
        sqlalchemy.exc.IntegrityError: The fingerprint has an open incident, or the id is used.
    """
    session.add(IncidentRow(**incident_values(incident)))
    session.flush()
    session.add(
        IncidentMemberRow(
            incident_id=incident.id,
            fingerprint=incident.fingerprint,
            source=incident.source,
            name=incident.name,
            service=incident.service,
            host=incident.host,
            labels=incident.labels,
            is_primary=True,
            is_open=incident.status.is_open,
            is_firing=incident.recovered_at is None,
            started_at=incident.started_at,
            fired_at=incident.opened_at,
            resolved_at=incident.recovered_at,
            alert_count=incident.alert_count,
            firings=[incident.opened_at.isoformat()],
            evidence=[],
        )
    )
    session.flush()


def incident_values(incident: Incident) -> dict[str, Any]:
    """The columns of an incident."""
    return {
        **dict(incident),
        "status": incident.status.value,
        "severity": incident.severity.value,
        "rejections": [each.model_dump(mode="json") for each in incident.rejections],
        "suppression": incident.suppression and incident.suppression.model_dump(mode="json"),
    }


def get_incident(session: Session, incident_id: str) -> Incident:
    """One incident by its id.

    Raises:
        sqlalchemy.exc.NoResultFound: There is none.
    """
    return _to_model(session.get_one(IncidentRow, incident_id))


def find_incident(session: Session, incident_id: str) -> Incident | None:
    """One incident by its id, or None."""
    row = session.get(IncidentRow, incident_id)
    return _to_model(row) if row else None


def list_incidents(
    session: Session, *, limit: int = 100, status: IncidentStatus | None = None
) -> list[Incident]:
    """The newest incidents first, at most `limit`; only those with `status` where it is given."""
    query = select(IncidentRow).order_by(IncidentRow.opened_at.desc(), IncidentRow.id.desc())
    if status is not None:
        query = query.where(IncidentRow.status == status.value)
    return [_to_model(row) for row in session.scalars(query.limit(limit))]


def note_recovery(session: Session, incident_id: str, *, at: datetime) -> None:
    """Note that the sender says it is over; the status is not touched.

    Raises:
        sqlalchemy.exc.NoResultFound: There is no such incident.
    """
    row = session.get_one(IncidentRow, incident_id, with_for_update=True)
    row.recovered_at = at
    session.flush()


def set_incident_status(
    session: Session,
    incident_id: str,
    status: IncidentStatus,
    *,
    at: datetime,
    suppression: Suppression | None = None,
) -> None:
    """Move an incident on; when that ends it, `closed_at` is the time.

    Args:
        session: The transaction.
        incident_id: Which.
        status: Where it stands from now on.
        at: The time.
        suppression: What holds it back, where the status is SUPPRESSED.

    Raises:
        sqlalchemy.exc.NoResultFound: There is no such incident.
    """
    row = session.get_one(IncidentRow, incident_id, with_for_update=True)
    if status.is_open:
        row.closed_at = None
    elif row.closed_at is None:
        row.closed_at = at
    was_open, row.status = IncidentStatus(row.status).is_open, status.value
    row.suppression = suppression.model_dump(mode="json") if suppression else None
    session.flush()
    members = update(IncidentMemberRow).where(IncidentMemberRow.incident_id == incident_id)
    if status.is_open and not was_open:  # those that joined may belong elsewhere by now
        session.execute(members.where(IncidentMemberRow.is_primary).values(is_open=True))
    elif was_open and not status.is_open:
        session.execute(members.values(is_open=False))


def close_incident(
    session: Session, incident_id: str, *, by: str, reason: str, at: datetime
) -> IncidentStatus | None:
    """Let a person end an open incident, and add who and why to its story.

    One that is being remediated, or has ended, stays as it is.

    Returns:
        The status that it had before; None when there is no such incident.
    """
    incident = find_incident(session, incident_id)
    if incident is None:
        return None
    if incident.status.is_open and incident.status is not IncidentStatus.REMEDIATING:
        set_incident_status(session, incident_id, IncidentStatus.CLOSED, at=at)
        append_fact(
            session,
            FactKind.INCIDENT_ENDED,
            f"Closed by {by}: {reason}",
            at=at,
            incident_id=incident_id,
        )
    return incident.status


def _to_model(row: IncidentRow) -> Incident:
    return Incident.model_validate(row, from_attributes=True)
