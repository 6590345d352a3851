"""How much of what is recorded about one incident the audit log has sealed, and under what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, cast, func, or_, select
from sqlalchemy.orm import Session

from airmend.execution.model import ExecutionStatus
from airmend.records.audit_tables import CheckpointRow, LeafRow
from airmend.records.tables import ExecutionRow, LedgerRow


@dataclass(frozen=True)
class SealState:
    """Facts and executions of a change; what is recorded is sealed within a minute or so."""

    recorded: int
    sealed: int  # below the newest signed checkpoint
    checkpoint_size: int | None  # None: nothing was ever sealed here
    checkpoint_at: datetime | None


def seal_state(session: Session, incident_id: str, change_id: str | None) -> SealState:
    """Count by the keys of the log; a few queries over indices."""
    facts = select(cast(LedgerRow.id, String)).where(LedgerRow.incident_id == incident_id)
    runs = select(cast(ExecutionRow.id, String)).where(
        ExecutionRow.change_id == (change_id or ""),
        ExecutionRow.status != ExecutionStatus.RUNNING.value,
    )
    recorded = sum(
        session.scalar(select(func.count()).select_from(query.subquery())) or 0
        for query in (facts, runs)
    )
    last = session.execute(
        select(CheckpointRow.size, CheckpointRow.at).order_by(CheckpointRow.size.desc()).limit(1)
    ).first()
    if last is None:
        return SealState(recorded, 0, None, None)
    sealed = session.scalar(
        select(func.count())
        .select_from(LeafRow)
        .where(
            LeafRow.position < last.size,
            or_(
                (LeafRow.kind == "fact") & LeafRow.key.in_(facts),
                (LeafRow.kind == "execution") & LeafRow.key.in_(runs),
            ),
        )
    )
    return SealState(recorded, sealed or 0, last.size, last.at)
