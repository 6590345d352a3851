"""Incidents: opened once a fingerprint, repeated by later alerts, ended once.

Functions that a decision follows from lock the row until the end of the transaction, where
the database can; SQLite has one writer at a time anyway.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from airmend.incident.model import OPEN_INCIDENT_STATUSES, Incident, IncidentStatus
from airmend.records.ledger import append_fact
from airmend.records.model import FactKind
from airmend.records.tables import IncidentRow

_OPEN = [status.value for status in OPEN_INCIDENT_STATUSES]


def create_incident(session: Session, incident: Incident) -> None:
    """Store a new incident.

    Raises:
        sqlalchemy.exc.IntegrityError: The fingerprint has an open incident, or the id is used.
    """
    fields = incident.model_dump(mode="python", exclude={"rejections"})
    fields |= {"status": incident.status.value, "severity": incident.severity.value}
    rejections = [rejection.model_dump(mode="json") for rejection in incident.rejections]
    session.add(IncidentRow(**fields, rejections=rejections))
    session.flush()


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


def open_incident_of(session: Session, fingerprint: str) -> Incident | None:
    """The open incident of a fingerprint, locked; at most one exists."""
    row = session.scalars(
        select(IncidentRow)
        .where(IncidentRow.fingerprint == fingerprint, IncidentRow.status.in_(_OPEN))
        .with_for_update()
    ).one_or_none()
    return _to_model(row) if row else None


def latest_incident_of(session: Session, fingerprint: str) -> Incident | None:
    """The incident of a fingerprint that was opened last, open or ended."""
    row = session.scalars(
        select(IncidentRow)
        .where(IncidentRow.fingerprint == fingerprint)
        .order_by(IncidentRow.opened_at.desc(), IncidentRow.id.desc())
        .limit(1)
    ).one_or_none()
    return _to_model(row) if row else None


def count_repeat(session: Session, incident_id: str) -> None:
    """Add one alert to an incident; while it is open, it no longer counts as recovered.

    Raises:
        sqlalchemy.exc.NoResultFound: There is no such incident.
    """
    row = session.get_one(IncidentRow, incident_id, with_for_update=True)
    row.alert_count += 1
    if row.status in _OPEN:
        row.recovered_at = None
    session.flush()


def note_recovery(session: Session, incident_id: str, *, at: datetime) -> None:
    """Note that the sender says it is over; the status is not touched.

    Raises:
        sqlalchemy.exc.NoResultFound: There is no such incident.
    """
    row = session.get_one(IncidentRow, incident_id, with_for_update=True)
    row.recovered_at = at
    session.flush()


def set_incident_status(
    session: Session, incident_id: str, status: IncidentStatus, *, at: datetime
) -> None:
    """Move an incident on; when that ends it, `closed_at` is the time.

    Raises:
        sqlalchemy.exc.NoResultFound: There is no such incident.
    """
    row = session.get_one(IncidentRow, incident_id, with_for_update=True)
    if status.is_open:
        row.closed_at = None
    elif row.closed_at is None:
        row.closed_at = at
    row.status = status.value
    session.flush()


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
