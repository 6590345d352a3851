"""The alerts that are grouped under an incident, as the pages show them: the first ones of many."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from airmend.records.tables import IncidentMemberRow


@dataclass(frozen=True)
class GroupedMember:
    """One fingerprint of an incident, as a line of the overview shows it."""

    fingerprint: str
    name: str
    service: str | None
    host: str | None
    labels: dict[str, str]
    is_primary: bool
    is_open: bool
    is_firing: bool
    fired_at: datetime
    resolved_at: datetime | None
    alert_count: int
    evidence: list[str]


@dataclass
class MemberGroup:
    """The members of one incident, in the order in which they came; not all of many."""

    members: list[GroupedMember] = field(default_factory=list)
    total: int = 0
    firing: int = 0


def group_members(
    session: Session, incident_ids: Collection[str], *, limit: int
) -> dict[str, MemberGroup]:
    """The first members of some incidents, with how many there are and how many fire."""
    member = IncidentMemberRow
    place = func.row_number().over(partition_by=member.incident_id, order_by=member.id)
    total = func.count().over(partition_by=member.incident_id)
    firing = func.count().filter(member.is_firing).over(partition_by=member.incident_id)
    numbered = (
        select(member.id, place.label("place"), total.label("total"), firing.label("firing"))
        .where(member.incident_id.in_(incident_ids))
        .subquery()
    )
    names = tuple(GroupedMember.__dataclass_fields__)
    rows = session.execute(
        select(
            member.incident_id,
            numbered.c.total,
            numbered.c.firing,
            *(getattr(member, name) for name in names),
        )
        .join(numbered, numbered.c.id == member.id)
        .where(numbered.c.place <= limit)
        .order_by(member.id)
    )
    groups = {incident_id: MemberGroup() for incident_id in incident_ids}
    for incident_id, of_all, of_firing, *values in rows:
        group = groups[incident_id]
        group.total, group.firing = of_all, of_firing
        group.members.append(GroupedMember(**dict(zip(names, values, strict=True))))
    return groups
