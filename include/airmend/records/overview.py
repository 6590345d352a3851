"""What the overview of all incidents shows: those that a filter leaves, and how many others would.

Each function is one query, so that a page needs a constant number of them. Called by the pages.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from airmend.change.model import ChangeRequest
from airmend.incident.model import OPEN_INCIDENT_STATUSES, Incident, IncidentStatus
from airmend.records.model import FactKind
from airmend.records.tables import (
    ChangeRow,
    IncidentMemberRow,
    IncidentRow,
    LedgerRow,
    ReportRow,
)


@dataclass(frozen=True)
class IncidentFilter:
    """Which incidents are looked at; what is empty leaves nothing out.

    Args:
        statuses: One of these; None is any.
        service: This service, of the incident or of one of its members.
        runbook: A change by this runbook was requested.
        words: Each occurs in the number, name, service, host or summary, or in the name, service
            or host of a member; case does not matter.
        since: Received at this time or later.
    """

    statuses: frozenset[IncidentStatus] | None = None
    service: str | None = None
    runbook: str | None = None
    words: tuple[str, ...] = ()
    since: datetime | None = None


def filter_incidents(
    session: Session, wanted: IncidentFilter, *, limit: int, before: str | None = None
) -> list[Incident]:
    """The incidents that a filter leaves, newest first.

    Args:
        session: A session of the records.
        wanted: The filter.
        limit: At most so many.
        before: The id of the last incident already seen: only older ones follow. One that is
            not known gives an empty list.
    """
    place = tuple_(IncidentRow.opened_at, IncidentRow.id)
    query = select(IncidentRow).where(*_conditions(wanted))
    if before is not None:
        # compared in the database, since SQLite's texts of times are its own
        seen = select(IncidentRow.opened_at, IncidentRow.id).where(IncidentRow.id == before)
        query = query.where(place < seen.scalar_subquery())
    query = query.order_by(IncidentRow.opened_at.desc(), IncidentRow.id.desc()).limit(limit)
    return [Incident.model_validate(row, from_attributes=True) for row in session.scalars(query)]


def count_incidents(
    session: Session, wanted: IncidentFilter | None = None
) -> dict[IncidentStatus, int]:
    """How many incidents stand where; a status that none has is there with 0.

    The filter's own statuses do not count: these are the numbers that choosing one would give.
    """
    conditions = _conditions(wanted or IncidentFilter(), without="status")
    rows = session.execute(
        select(IncidentRow.status, func.count()).where(*conditions).group_by(IncidentRow.status)
    )
    counts = {IncidentStatus(status): count for status, count in rows}
    return {status: counts.get(status, 0) for status in IncidentStatus}


def count_services(session: Session, wanted: IncidentFilter, *, limit: int) -> dict[str, int]:
    """How many incidents choosing a service would give, the most first."""
    count = func.count(IncidentMemberRow.incident_id.distinct())
    query = (
        select(IncidentMemberRow.service, count)
        .where(
            IncidentMemberRow.service.is_not(None),
            IncidentMemberRow.incident_id.in_(_ids(wanted, without="service")),
        )
        .group_by(IncidentMemberRow.service)
        .order_by(count.desc(), IncidentMemberRow.service)
        .limit(limit)
    )
    return _counted(session, query)


def count_runbooks(session: Session, wanted: IncidentFilter, *, limit: int) -> dict[str, int]:
    """How many incidents choosing a runbook would give, the most first."""
    count = func.count(ChangeRow.incident_id.distinct())
    query = (
        select(ChangeRow.runbook_id, count)
        .where(ChangeRow.incident_id.in_(_ids(wanted, without="runbook")))
        .group_by(ChangeRow.runbook_id)
        .order_by(count.desc(), ChangeRow.runbook_id)
        .limit(limit)
    )
    return _counted(session, query)


def latest_reasons(session: Session, incident_ids: Collection[str]) -> dict[str, str]:
    """Why some incidents were escalated, by id, as the story told it last."""
    rows = session.execute(
        select(LedgerRow.incident_id, LedgerRow.text)
        .where(
            LedgerRow.incident_id.in_(incident_ids),
            LedgerRow.kind == FactKind.INCIDENT_ESCALATED.value,
        )
        .order_by(LedgerRow.id)
    )
    return {incident_id: text for incident_id, text in rows}  # noqa: C416 - rows are no pairs


def count_open_by_service(
    session: Session, services: Collection[str], *, without: str
) -> dict[str, int]:
    """How many open incidents some services have, without the one with the id `without`."""
    query = (
        select(IncidentRow.service, func.count())
        .where(
            IncidentRow.service.in_(services),
            IncidentRow.status.in_(_words(OPEN_INCIDENT_STATUSES)),
            IncidentRow.id != without,
        )
        .group_by(IncidentRow.service)
    )
    return _counted(session, query)


def latest_changes(session: Session, incident_ids: Collection[str]) -> dict[str, ChangeRequest]:
    """The change that was requested last for each of some incidents, by incident id."""
    rows = session.scalars(
        select(ChangeRow)
        .where(ChangeRow.incident_id.in_(incident_ids))
        .order_by(ChangeRow.requested_at, ChangeRow.id)
    )
    return {
        row.incident_id: ChangeRequest.model_validate(row, from_attributes=True) for row in rows
    }


def changes_with_report(session: Session, change_ids: Collection[str]) -> set[str]:
    """Which of some changes have a report."""
    return set(
        session.scalars(select(ReportRow.change_id).where(ReportRow.change_id.in_(change_ids)))
    )


_member = aliased(IncidentMemberRow)  # kept apart from queries that join the members themselves


def _ids(wanted: IncidentFilter, *, without: str) -> Select[str]:
    return select(IncidentRow.id).where(*_conditions(wanted, without=without))


def _conditions(wanted: IncidentFilter, without: str = "") -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.statuses is not None and without != "status":
        found.append(IncidentRow.status.in_(_words(wanted.statuses)))
    if wanted.service is not None and without != "service":
        found.append(_has_member(_member.service == wanted.service))
    if wanted.runbook is not None and without != "runbook":
        changed = select(ChangeRow.incident_id).where(ChangeRow.runbook_id == wanted.runbook)
        found.append(IncidentRow.id.in_(changed))
    if wanted.since is not None:
        found.append(IncidentRow.opened_at >= wanted.since)
    return [*found, *(_holds(word) for word in wanted.words)]


def _holds(word: str) -> ColumnElement[bool]:
    incident = IncidentRow
    own = (incident.id, incident.name, incident.service, incident.host, incident.summary)
    of_members = (_member.name, _member.service, _member.host)
    return or_(
        *(column.icontains(word, autoescape=True) for column in own),
        _has_member(or_(*(column.icontains(word, autoescape=True) for column in of_members))),
    )


def _has_member(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return IncidentRow.id.in_(select(_member.incident_id).where(condition))


def _counted(session: Session, query: Select[*tuple[Any, ...]]) -> dict[str, int]:
    return {name: count for name, count in session.execute(query)}  # noqa: C416


def _words(statuses: Collection[IncidentStatus]) -> list[str]:
    return sorted(status.value for status in statuses)
