"""Members of incidents, as pages show them and as grouping looks for a place among them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Dialect, bindparam, select
from sqlalchemy.orm import Session

from airmend.incident.model import OPEN_INCIDENT_STATUSES, IncidentStatus, Member
from airmend.records.prepared import Read, connection_of, within
from airmend.records.tables import IncidentMemberRow, IncidentRow

SIGNALS_LIMIT = 5_000
"""Members that are read at once at most, the newest first; a restart begins with these."""

_member = IncidentMemberRow.__table__.c
_JOINABLE = sorted(
    # what is held back takes nobody in: it would hide an alert that no rule holds back
    status.value
    for status in OPEN_INCIDENT_STATUSES - {IncidentStatus.SUPPRESSED}
)


class OpenMember(NamedTuple):
    """A member of an open incident, as grouping looks at it."""

    id: int
    incident_id: str
    fingerprint: str
    name: str
    service: str | None
    host: str | None
    labels: dict[str, str]
    fired_at: datetime


def open_members_after(session: Session, number: int, *, since: datetime) -> list[OpenMember]:
    """Open members that came after the one with a number and fired since a time, oldest first.

    Those of suppressed incidents are left out.
    """
    connection = connection_of(session)
    rows = _open_members(connection.dialect).rows(
        connection, after=number, since=since, statuses=_JOINABLE
    )
    return [OpenMember(*row) for row in reversed(rows)]


def list_members(session: Session, incident_ids: Collection[str]) -> dict[str, list[Member]]:
    """The members of some incidents by incident id, in the order in which they came."""
    found: dict[str, list[Member]] = {incident_id: [] for incident_id in incident_ids}
    rows = session.scalars(
        select(IncidentMemberRow)
        .where(IncidentMemberRow.incident_id.in_(incident_ids))
        .order_by(IncidentMemberRow.id)
    )
    for row in rows:
        found[row.incident_id].append(Member.model_validate(row, from_attributes=True))
    return found


@lru_cache(maxsize=8)
def _open_members(dialect: Dialect) -> Read:
    query = (
        select(*(_member[name] for name in OpenMember._fields))
        .join_from(IncidentMemberRow.__table__, IncidentRow.__table__)
        .where(
            _member.id > bindparam("after"),
            _member.is_open,
            _member.fired_at >= bindparam("since"),
            within(IncidentRow.__table__.c.status, "statuses", dialect),
        )
        .order_by(_member.id.desc())
        .limit(SIGNALS_LIMIT)
    )
    return Read(query, dialect)
