"""Earlier incidents of a service or of a known error, with what was done; without documents.

Columns alone are read, newest first and at most a fixed number, by the indices that there are:
a service with very many incidents does not slow a report down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from airmend.change.model import ChangeStatus
from airmend.incident.model import Incident
from airmend.records.runbook_tables import RunbookVersionRow
from airmend.records.tables import ChangeRow, IncidentRow

MOST = 5000
"""So many are read; who has more in 90 days reads no single numbers any more."""


@dataclass(frozen=True)
class PastIncident:
    """One incident and the latest change for it."""

    id: str
    started_at: datetime | None
    opened_at: datetime
    run_created_at: datetime | None
    change_status: ChangeStatus | None
    change_ended_at: datetime | None


@dataclass(frozen=True)
class PastIncidents:
    """Some incidents, newest first."""

    incidents: list[PastIncident]
    is_cut: bool  # there are more


def incidents_of_service(
    session: Session, service: str, *, since: datetime, until: Incident
) -> PastIncidents:
    """Incidents of a service that were opened since a time, up to and with one of them.

    Args:
        since: From when on, aware; included.
        until: The incident that the others are compared with; later ones are left out.
    """
    query = _query(since, until).outerjoin(ChangeRow, ChangeRow.incident_id == IncidentRow.id)
    return _read(session, query.where(IncidentRow.service == service))


def incidents_of_known_error(
    session: Session, known_error: str, *, since: datetime, until: Incident
) -> PastIncidents:
    """Incidents for which a change under any runbook version of this known error was requested."""
    name = RunbookVersionRow.document[("runbook", "known_error", "id")].as_string()
    versions = session.execute(
        select(RunbookVersionRow.runbook_id, RunbookVersionRow.digest).where(name == known_error)
    ).all()
    query = _query(since, until).join(ChangeRow, ChangeRow.incident_id == IncidentRow.id)
    return _read(
        session,
        query.where(
            ChangeRow.runbook_id.in_({version.runbook_id for version in versions}),  # the index
            ChangeRow.runbook_digest.in_({version.digest for version in versions}),
        ),
    )


def _query(since: datetime, until: Incident) -> Select[Any]:
    columns: tuple[Any, ...] = (
        IncidentRow.id,
        IncidentRow.started_at,
        IncidentRow.opened_at,
        ChangeRow.run_created_at,
        ChangeRow.status,
        ChangeRow.ended_at,
    )
    return (
        select(*columns)
        .where(
            IncidentRow.opened_at >= since,
            (IncidentRow.opened_at < until.opened_at) | (IncidentRow.id == until.id),
        )
        .order_by(IncidentRow.opened_at.desc(), IncidentRow.id.desc(), ChangeRow.requested_at)
        .limit(MOST + 1)
    )


def _read(session: Session, query: Select[Any]) -> PastIncidents:
    """One for each incident; of several changes the latest stays."""
    rows = session.execute(query).all()
    found = {
        name: PastIncident(
            id=name,
            started_at=started_at,
            opened_at=opened_at,
            run_created_at=run_created_at,
            change_status=None if status is None else ChangeStatus(status),
            change_ended_at=ended_at,
        )
        for name, started_at, opened_at, run_created_at, status, ended_at in rows[:MOST]
    }
    return PastIncidents(list(found.values()), is_cut=len(rows) > MOST)
