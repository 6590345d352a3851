"""How far the audit log has sealed what is recorded: as a whole, and about one incident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, Subquery, cast, func, or_, select
from sqlalchemy.orm import Session

from airmend.execution.model import ExecutionStatus
from airmend.records.audit_tables import AuditActionRow, CheckpointRow, LeafRow
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


SEAL_REFUSED = "seal_refused"
"""The action of the log that says why nothing more is sealed; the next seal takes it in."""


@dataclass(frozen=True)
class SealingState:
    """What keeps the records from being proven now."""

    unsealed_since: datetime | None  # the time of the oldest fact without a seal
    refusal: str | None  # why the sealer does not sign on; None while it does


def sealing_state(session: Session) -> SealingState:
    """How sealing stands: one statement over primary keys and the handful of the log's actions.

    Facts that committed late, below the last sealed one, are not looked for: those that came
    after them wait as well when nothing is sealed.
    """
    sealed_to = (
        select(CheckpointRow.marks["fact"].as_integer())
        .order_by(CheckpointRow.size.desc())
        .limit(1)
        .scalar_subquery()
    )
    oldest = (
        select(LedgerRow.at)
        .where(LedgerRow.id > func.coalesce(sealed_to, 0))
        .order_by(LedgerRow.id)
        .limit(1)
        .scalar_subquery()
    )
    refusal = select(_standing_refusal().c.reason).scalar_subquery()
    row = session.execute(select(oldest.label("since"), refusal.label("refusal"))).one()
    return SealingState(row.since, row.refusal)


def note_refused_seal(session: Session, reason: str, *, at: datetime) -> bool:
    """Record that the sealer does not sign on; once, until it has sealed again.

    Returns:
        False when that is on record already.
    """
    if session.execute(select(_standing_refusal())).first() is not None:
        return False
    session.add(AuditActionRow(kind=SEAL_REFUSED, at=at, by="airmend", reason=reason, detail={}))
    return True


def _standing_refusal() -> Subquery:
    """The newest refusal that no later seal took in."""
    leaf = select(LeafRow.position).where(
        LeafRow.kind == "audit_action", LeafRow.key == cast(AuditActionRow.id, String)
    )
    return (
        select(AuditActionRow.reason)
        .where(AuditActionRow.kind == SEAL_REFUSED, ~leaf.exists())
        .order_by(AuditActionRow.id.desc())
        .limit(1)
        .subquery()
    )
