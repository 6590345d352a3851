"""What alerted together before: the past that the ranking of causes weighs alerts by."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from airmend.records.tables import IncidentMemberRow, IncidentRow

FINGERPRINTS_LIMIT = 1_000
"""Of a storm so many alerts are looked up, in the order of their fingerprints."""


def earlier_fingerprints(
    session: Session, fingerprints: Collection[str], *, before: datetime, limit: int = 40
) -> list[frozenset[str]]:
    """Which of some alerts were in earlier incidents.

    Args:
        session: Of the records.
        fingerprints: The alerts of an incident.
        before: Only incidents that were opened before this time count.
        limit: So many incidents are looked at, the latest ones.

    Returns:
        One set an incident that had any of these alerts, the oldest incident first.
    """
    wanted = sorted(set(fingerprints))[:FINGERPRINTS_LIMIT]
    if not wanted:
        return []
    member, incident = IncidentMemberRow.__table__.c, IncidentRow.__table__.c
    latest = (
        select(incident.id)
        .where(
            incident.opened_at < before,
            incident.id.in_(select(member.incident_id).where(member.fingerprint.in_(wanted))),
        )
        .order_by(incident.opened_at.desc(), incident.id.desc())
        .limit(limit)
    )
    ids = session.scalars(latest).all()
    found: dict[str, set[str]] = {incident_id: set() for incident_id in reversed(ids)}
    rows = session.execute(
        select(member.incident_id, member.fingerprint).where(
            member.incident_id.in_(ids), member.fingerprint.in_(wanted)
        )
    )
    for incident_id, fingerprint in rows:
        found[incident_id].add(fingerprint)
    return [frozenset(each) for each in found.values()]
