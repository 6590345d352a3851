"""Changes and their decisions: read and written as models, one row each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from airmend.change.model import (
    FINAL_CHANGE_STATUSES,
    ChangeRequest,
    ChangeStatus,
    Decision,
    RiskScore,
    Target,
)
from airmend.records.database import updated_one
from airmend.records.tables import ChangeRow, DecisionRow


def create_change(session: Session, change: ChangeRequest) -> None:
    """Store a requested change; its Airflow run does not exist yet."""
    session.add(ChangeRow(**change_values(change)))
    session.flush()


def change_values(change: ChangeRequest) -> dict[str, Any]:
    """The columns of a change that was just requested."""
    return {
        **dict(change),
        "change_type": change.change_type.value,
        "status": change.status.value,
        "targets": [target.model_dump(mode="json") for target in change.targets],
        "risk": change.risk.model_dump(mode="json") if change.risk else None,
        "foreseen": change.foreseen,
        "run_created_at": None,
    }


def get_change(session: Session, change_id: str) -> ChangeRequest:
    """One change by its id.

    Raises:
        sqlalchemy.exc.NoResultFound: There is none.
    """
    return _to_model(session.get_one(ChangeRow, change_id))


def find_change(session: Session, change_id: str) -> ChangeRequest | None:
    """One change by its id, or None."""
    row = session.get(ChangeRow, change_id)
    return _to_model(row) if row else None


def change_of_incident(session: Session, incident_id: str) -> ChangeRequest | None:
    """The latest change that was requested for an incident."""
    row = session.scalars(
        select(ChangeRow)
        .where(ChangeRow.incident_id == incident_id)
        .order_by(ChangeRow.requested_at.desc())
        .limit(1)
    ).first()
    return _to_model(row) if row else None


def change_of_run(session: Session, dag_id: str, run_id: str) -> ChangeRequest | None:
    """The change that an Airflow run was started for; None for a run started by hand."""
    row = session.scalars(
        select(ChangeRow).where(ChangeRow.dag_id == dag_id, ChangeRow.run_id == run_id)
    ).first()
    return _to_model(row) if row else None


def changes_without_run(session: Session) -> list[ChangeRequest]:
    """The outbox: changes that were stored and whose run Airflow does not have yet."""
    rows = session.scalars(
        select(ChangeRow)
        .where(
            ChangeRow.run_created_at.is_(None),
            ChangeRow.status.not_in([status.value for status in FINAL_CHANGE_STATUSES]),
        )
        .order_by(ChangeRow.requested_at)
    )
    return [_to_model(row) for row in rows]


def changes_under_way(session: Session) -> list[ChangeRequest]:
    """Changes whose run Airflow has and whose end is not recorded."""
    rows = session.scalars(
        select(ChangeRow)
        .where(
            ChangeRow.run_created_at.is_not(None),
            ChangeRow.status.not_in([status.value for status in FINAL_CHANGE_STATUSES]),
        )
        .order_by(ChangeRow.requested_at)
    )
    return [_to_model(row) for row in rows]


def mark_run_created(session: Session, change_id: str, at: datetime) -> bool:
    """Note that Airflow has the run; False when that was noted before."""
    result = session.execute(
        update(ChangeRow)
        .where(ChangeRow.id == change_id, ChangeRow.run_created_at.is_(None))
        .values(run_created_at=at)
    )
    return updated_one(result)


def set_change_status(
    session: Session, change_id: str, status: ChangeStatus, *, at: datetime, reason: str = ""
) -> bool:
    """Move a change on; an ended change stays as it ended.

    Returns:
        Whether it was moved.
    """
    ends = {"ended_at": at} if status.is_final else {}
    result = session.execute(
        update(ChangeRow)
        .where(
            ChangeRow.id == change_id,
            ChangeRow.status.not_in([final.value for final in FINAL_CHANGE_STATUSES]),
        )
        .values(status=status.value, reason=reason, **ends)
    )
    return updated_one(result)


def set_targets(
    session: Session, change_id: str, targets: Sequence[Target], *, runbook: tuple[str, str]
) -> None:
    """Write down where a change will work and which runbook version (version, digest) it uses.

    An ended change stays as it ended.
    """
    row = session.get_one(ChangeRow, change_id)
    if ChangeStatus(row.status).is_final:
        return
    row.targets = [target.model_dump(mode="json") for target in targets]
    row.runbook_version, row.runbook_digest = runbook


def set_assessment(
    session: Session, change_id: str, risk: RiskScore, foreseen: Mapping[str, str]
) -> None:
    """Write down the score of a change and what check mode foresees; an ended one stays."""
    row = session.get_one(ChangeRow, change_id)
    if not ChangeStatus(row.status).is_final:
        row.risk, row.foreseen = risk.model_dump(mode="json"), dict(foreseen)


def record_decision(session: Session, decision: Decision) -> Decision:
    """Store the decision of a change; the first one stands.

    Returns:
        The decision that stands, which is an earlier one where there was one.
    """
    if (earlier := get_decision(session, decision.change_id)) is not None:
        return earlier
    parts = {
        name: [part.model_dump(mode="json") for part in getattr(decision, name)]
        for name in ("votes", "required")
    }
    session.add(DecisionRow(**dict(decision) | {"verdict": decision.verdict.value} | parts))
    session.flush()
    return decision


def get_decision(session: Session, change_id: str) -> Decision | None:
    """The decision of a change, or None while nobody has decided."""
    row = session.get(DecisionRow, change_id)
    if row is None:
        return None
    return Decision.model_validate(row, from_attributes=True)


def _to_model(row: ChangeRow) -> ChangeRequest:
    return ChangeRequest.model_validate(row, from_attributes=True)
