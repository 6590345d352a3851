"""Members of incidents, as pages show them and as grouping looks for a place among them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from airmend.incident.model import OPEN_INCIDENT_STATUSES, IncidentStatus, Member
from airmend.records.tables import IncidentMemberRow, IncidentRow

SIGNALS_LIMIT = 5_000
"""Members that are read at once at most, the newest first; a restart begins with these."""

_member = IncidentMemberRow.__table__.c
_JOINED = (
    # what is held back takes nobody in: it would hide an alert that no rule holds back
    OPEN_INCIDENT_STATUSES - {IncidentStatus.SUPPRESSED}
)
_SIGNALS = (
    select(
        _member.id,
        _member.incident_id,
        _member.fingerprint,
        _member.name,
        _member.service,
        _member.host,
        _member.labels,
        _member.fired_at,
    )
    .join_from(IncidentMemberRow.__table__, IncidentRow.__table__)
    .where(
        _member.id > bindparam("after"),
        _member.is_open,
        _member.fired_at >= bindparam("since"),
        IncidentRow.__table__.c.status.in_(sorted(status.value for status in _JOINED)),
    )
    .order_by(_member.id.desc())
    .limit(SIGNALS_LIMIT)
)


def open_members_after(session: Session, number: int, *, since: datetime) -> list[Row[Any]]:
    """Open members that came after the one with a number and fired since a time, oldest first.

    Those of suppressed incidents are left out.
    """
    rows = session.execute(_SIGNALS, {"after": number, "since": since}).all()
    return list(reversed(rows))


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
