"""What came of changes beyond their own end: failures, and incidents that they brought about.

An incident counts as brought about by a change where it opened, or its own incident opened
again, between the change's first step and a horizon after its end, and where it names one of
the hosts that were changed. One that names no host counts by its service. What a maintenance
window or a mute holds back does not count. Source: docs/adr/0018-standard-changes.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.execution.model import Phase
from airmend.incident.model import IncidentStatus
from airmend.records.model import FactKind
from airmend.records.standard_model import RunRecord, Trouble
from airmend.records.standard_tables import CausedIncidentRow
from airmend.records.tables import ChangeRow, ExecutionRow, IncidentRow, LedgerRow, StartRow

LATE = timedelta(days=1)
"""So long after the horizon a change is looked at once more: whoever looks may have been away."""

_FAILURES = {
    ChangeStatus.FAILED.value: "it failed",
    ChangeStatus.ROLLED_BACK.value: "it was rolled back",
}


def count_runs(session: Session, digest: str) -> RunRecord:
    """How the changes of one runbook content went; one that brought an incident about failed."""
    rows = session.execute(
        select(ChangeRow.status, CausedIncidentRow.change_id.is_not(None), func.count())
        .outerjoin(CausedIncidentRow, CausedIncidentRow.change_id == ChangeRow.id)
        .where(
            ChangeRow.runbook_digest == digest,
            ChangeRow.status.in_([ChangeStatus.SUCCEEDED.value, *_FAILURES]),
        )
        .group_by(ChangeRow.status, CausedIncidentRow.change_id.is_not(None))
    ).all()
    clean = sum(
        count
        for status, caused, count in rows
        if status == ChangeStatus.SUCCEEDED.value and not caused
    )
    return RunRecord(clean=clean, failed=sum(count for _, _, count in rows) - clean)


def count_ends(session: Session, digest: str, status: ChangeStatus) -> int:
    """How many changes of one runbook content ended so."""
    found = session.scalar(
        select(func.count())
        .select_from(ChangeRow)
        .where(ChangeRow.runbook_digest == digest, ChangeRow.status == status.value)
    )
    return found or 0


def trouble_of(change: ChangeRequest) -> Trouble | None:
    """The trouble that the end of a change itself is; None where it is none."""
    why = _FAILURES.get(change.status.value)
    if why is None or change.ended_at is None:
        return None
    return Trouble(
        change_id=change.id,
        runbook_id=change.runbook_id,
        digest=change.runbook_digest,
        at=change.ended_at,
        why=why,
    )


def find_troubles(
    session: Session, digest: str, *, since: datetime, now: datetime, horizon: timedelta
) -> list[Trouble]:
    """Everything that speaks against a runbook content since a time, recorded or not, by time.

    Args:
        session: The transaction; nothing is written.
        digest: Of the runbook version.
        since: Troubles after this time; aware.
        now: The time; aware.
        horizon: How long after its end a change is held responsible.
    """
    failed = session.scalars(
        select(ChangeRow).where(
            ChangeRow.runbook_digest == digest,
            ChangeRow.status.in_(_FAILURES),
            ChangeRow.ended_at > since,
        )
    )
    changes = [ChangeRequest.model_validate(row, from_attributes=True) for row in failed]
    troubles = [found for change in changes if (found := trouble_of(change)) is not None]
    recorded = session.execute(
        select(CausedIncidentRow, ChangeRow.runbook_id)
        .join(ChangeRow, ChangeRow.id == CausedIncidentRow.change_id)
        .where(ChangeRow.runbook_digest == digest, CausedIncidentRow.at > since)
    )
    troubles += [
        Trouble(
            change_id=row.change_id,
            runbook_id=runbook_id,
            digest=digest,
            at=row.at,
            why=row.why,
            incident_id=row.incident_id,
        )
        for row, runbook_id in recorded
    ]
    fresh = find_caused(session, now=now, horizon=horizon, digest=digest)
    troubles += [trouble for trouble in fresh if trouble.at > since]
    return sorted(troubles, key=lambda trouble: (trouble.at, trouble.change_id))


def find_caused(
    session: Session, *, now: datetime, horizon: timedelta, digest: str | None = None
) -> list[Trouble]:
    """Incidents that successful changes brought about and that are not recorded yet.

    Args:
        session: The transaction; nothing is written.
        now: The time; aware.
        horizon: How long after its end a change is held responsible; none looks at nothing.
        digest: Changes of this runbook content alone.
    """
    if horizon <= timedelta():
        return []
    steps = (
        select(ExecutionRow.change_id, func.min(ExecutionRow.started_at).label("begun_at"))
        .where(ExecutionRow.phase == Phase.STEP.value)
        .group_by(ExecutionRow.change_id)
        .subquery()
    )
    query = (
        select(ChangeRow, steps.c.begun_at, StartRow.service, IncidentRow.service)
        .join(IncidentRow, IncidentRow.id == ChangeRow.incident_id)
        .outerjoin(steps, steps.c.change_id == ChangeRow.id)
        .outerjoin(StartRow, StartRow.change_id == ChangeRow.id)
        .outerjoin(CausedIncidentRow, CausedIncidentRow.change_id == ChangeRow.id)
        .where(
            ChangeRow.status == ChangeStatus.SUCCEEDED.value,
            ChangeRow.ended_at >= now - horizon - LATE,
            CausedIncidentRow.change_id.is_(None),
        )
        .order_by(ChangeRow.ended_at)
    )
    if digest is not None:
        query = query.where(ChangeRow.runbook_digest == digest)
    found: list[Trouble] = []
    for row, begun_at, started_service, incident_service in session.execute(query):
        change = ChangeRequest.model_validate(row, from_attributes=True)
        ended_at = row.ended_at
        past = _Past(
            change=change,
            services=[name for name in (started_service, incident_service) if name],
            begun_at=begun_at or ended_at,
            ended_at=ended_at,
            until=ended_at + horizon,
        )
        found += list(_first_of(session, past))
    return found


def record_caused(session: Session, trouble: Trouble) -> bool:
    """Keep that a change brought an incident about; False where one was kept before."""
    if session.get(CausedIncidentRow, trouble.change_id) is not None:
        return False
    session.add(
        CausedIncidentRow(
            change_id=trouble.change_id,
            incident_id=trouble.incident_id or "",
            at=trouble.at,
            why=trouble.why,
        )
    )
    session.flush()
    return True


@dataclass(frozen=True)
class _Past:
    """A change that ended, and the time in which an incident speaks against it."""

    change: ChangeRequest
    services: Sequence[str]
    begun_at: datetime
    ended_at: datetime
    until: datetime


def _first_of(session: Session, past: _Past) -> Iterator[Trouble]:
    """The first incident that a change brought about, if any."""
    change = past.change
    again = session.scalar(
        select(func.min(LedgerRow.at)).where(
            LedgerRow.incident_id == change.incident_id,
            LedgerRow.kind == FactKind.INCIDENT_REOPENED.value,
            LedgerRow.at > past.ended_at,
            LedgerRow.at <= past.until,
        )
    )
    others = session.execute(
        select(IncidentRow.opened_at, IncidentRow.id, IncidentRow.host, IncidentRow.service)
        .where(
            IncidentRow.opened_at >= past.begun_at,
            IncidentRow.opened_at <= past.until,
            IncidentRow.id != change.incident_id,
            IncidentRow.status != IncidentStatus.SUPPRESSED.value,
        )
        .order_by(IncidentRow.opened_at, IncidentRow.id)
    )
    hosts = {_bare(name) for target in change.targets for name in (target.name, target.address)}
    found = next(
        (
            (opened_at, incident_id, host)
            for opened_at, incident_id, host, service in others
            if (_bare(host) in hosts if host else service in past.services)
        ),
        None,
    )

    def trouble(at: datetime, incident_id: str, why: str) -> Trouble:
        return Trouble(
            change_id=change.id,
            runbook_id=change.runbook_id,
            digest=change.runbook_digest,
            at=at,
            why=why,
            incident_id=incident_id,
        )

    if again is not None and (found is None or again <= found[0]):
        yield trouble(again, change.incident_id, f"its incident {change.incident_id} came again")
    elif found is not None:
        opened_at, incident_id, host = found
        where = f"on {host}" if host else "on its service"
        yield trouble(opened_at, incident_id, f"incident {incident_id} {where} followed")


def _bare(host: str) -> str:
    """A host's name in lower case, without a port."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() and ":" not in name else host).lower()
