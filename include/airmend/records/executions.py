"""Executions: claimed before work begins, fenced by their owner, finished once.

A claim is what makes a step safe to start twice: the second start sees the first one's row,
waits while its owner gives signs of life, and never works beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from airmend.execution.model import (
    Execution,
    ExecutionStatus,
    Phase,
    PlaybookEvidence,
    VerificationResult,
)
from airmend.records.database import updated_one
from airmend.records.tables import ChangeRow, ExecutionRow

SILENT_AFTER = timedelta(seconds=30)
"""An owner that gave no sign of life for so long is taken for dead."""


_STOPPED = (ExecutionStatus.INTERRUPTED.value, ExecutionStatus.CANCELLED.value)


@dataclass(frozen=True)
class Claim:
    """The answer to a claim.

    `execution` is the row to work on when `mine`; otherwise the one that stands in the way:
    either it ended (its result counts) or somebody is still at it.
    """

    mine: bool
    execution: Execution


def claim_execution(
    session: Session,
    change_id: str,
    phase: Phase,
    name: str,
    *,
    task_id: str,
    owner: str,
    now: datetime,
    again: bool = False,
    anew: bool = False,
) -> Claim:
    """Claim a piece of work of a change, at most one owner at a time.

    An earlier attempt that succeeded is given back as it is. One that is running and gives
    signs of life is given back too; one that has fallen silent is marked interrupted and a new
    attempt begins. So it does after one that was stopped: whoever comes then was sent by Airflow
    (a new scheduler takes long tasks away from the old one's processes) or by a person who
    cleared the task. One that failed is only tried again when `again` says so (a step's
    retries), one that succeeded when `anew` does (check mode, when time has passed since).
    The change's row is locked meanwhile, so that two claims cannot both be granted.
    """
    session.execute(select(ChangeRow.id).where(ChangeRow.id == change_id).with_for_update())
    row = session.scalars(
        select(ExecutionRow)
        .where(
            ExecutionRow.change_id == change_id,
            ExecutionRow.phase == phase.value,
            ExecutionRow.name == name,
        )
        .order_by(ExecutionRow.attempt.desc())
        .limit(1)
    ).first()
    if row is not None:
        if row.status == ExecutionStatus.RUNNING.value:
            if now - row.seen_at < SILENT_AFTER:
                return Claim(False, _to_model(row))
            row.status = ExecutionStatus.INTERRUPTED.value
            row.ended_at = row.seen_at
        elif row.status == ExecutionStatus.SUCCEEDED.value:
            if not anew:
                return Claim(False, _to_model(row))
        elif not (again or anew or row.status in _STOPPED):
            return Claim(False, _to_model(row))
    new = ExecutionRow(
        change_id=change_id,
        phase=phase.value,
        name=name,
        attempt=row.attempt + 1 if row else 1,
        status=ExecutionStatus.RUNNING.value,
        task_id=task_id,
        owner=owner,
        seen_at=now,
        started_at=now,
    )
    session.add(new)
    session.flush()
    return Claim(True, _to_model(new))


def sign_of_life(session: Session, execution_id: int, owner: str, now: datetime) -> bool:
    """Say that the owner is still at work; False when the claim was taken over."""
    result = session.execute(
        update(ExecutionRow)
        .where(
            ExecutionRow.id == execution_id,
            ExecutionRow.owner == owner,
            ExecutionRow.status == ExecutionStatus.RUNNING.value,
        )
        .values(seen_at=now)
    )
    return updated_one(result)


def finish_execution(
    session: Session,
    execution_id: int,
    owner: str,
    status: ExecutionStatus,
    *,
    at: datetime,
    playbook: PlaybookEvidence | None = None,
    verification: VerificationResult | None = None,
) -> bool:
    """Record the end of a claimed piece of work; False when the claim was taken over."""
    values: dict[str, Any] = {"status": status.value, "ended_at": at, "seen_at": at}
    if playbook is not None:
        values["playbook"] = playbook.model_dump(mode="json")
    if verification is not None:
        values["verification"] = verification.model_dump(mode="json")
    result = session.execute(
        update(ExecutionRow)
        .where(
            ExecutionRow.id == execution_id,
            ExecutionRow.owner == owner,
            ExecutionRow.status == ExecutionStatus.RUNNING.value,
        )
        .values(**values)
    )
    return updated_one(result)


def list_executions(session: Session, change_id: str) -> list[Execution]:
    """All executions of a change, in the order in which they were claimed."""
    rows = session.scalars(
        select(ExecutionRow).where(ExecutionRow.change_id == change_id).order_by(ExecutionRow.id)
    )
    return [_to_model(row) for row in rows]


def _to_model(row: ExecutionRow) -> Execution:
    return Execution.model_validate(row, from_attributes=True)
