"""The tree of the log in the database: nodes, the newest checkpoint, and the lock of sealing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from airmend.audit.checkpoints import Checkpoint, read_checkpoint
from airmend.audit.merkle import TILE_LEVELS, fold
from airmend.records.audit_tables import CheckpointRow, LeafRow, NodeRow
from airmend.records.database import take_turn

LOCK_NUMBER = 0x41726D73
"""Of the advisory lock that lets one process seal at a time on PostgreSQL."""


def lock_sealing(session: Session) -> None:
    """Let nobody else seal until this transaction ends; nobody else waits for this lock."""
    take_turn(session, LOCK_NUMBER)


def count_leaves(session: Session) -> int:
    """How many places of the log are taken."""
    last = session.scalar(select(func.max(LeafRow.position)))
    return 0 if last is None else last + 1


def newest_checkpoint(session: Session) -> CheckpointRow | None:
    """How the log was signed last."""
    return session.scalars(
        select(CheckpointRow).order_by(CheckpointRow.size.desc()).limit(1)
    ).first()


def list_checkpoints(session: Session) -> list[Checkpoint]:
    """All checkpoints, the smallest first.

    Raises:
        AuditError: One is none any more.
    """
    notes = session.scalars(select(CheckpointRow.note).order_by(CheckpointRow.size))
    return [read_checkpoint(note) for note in notes]


class StoredTree:
    """Answers for the complete subtrees of the log, as `merkle.Nodes`.

    Kept are the leaves and every eighth level; between them at most 128 hashes are folded.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def __call__(self, level: int, number: int) -> bytes:
        """The hash of one.

        Raises:
            LookupError: The database does not hold what it is made of.
        """
        kept = level - level % TILE_LEVELS
        start, count = number << (level - kept), 1 << (level - kept)
        hashes = self._read(kept, start, count)
        if len(hashes) != count:
            raise LookupError(f"nodes {start} to {start + count - 1} of level {kept} are missing")
        return fold(hashes)

    def _read(self, level: int, start: int, count: int) -> Sequence[bytes]:
        end = start + count
        if level == 0:
            place = LeafRow.position
            query = select(LeafRow.hash).where(place >= start, place < end).order_by(place)
        else:
            place = NodeRow.number
            query = (
                select(NodeRow.hash)
                .where(NodeRow.level == level, place >= start, place < end)
                .order_by(place)
            )
        return self._session.scalars(query).all()


def store_nodes(session: Session, nodes: Sequence[tuple[int, int, bytes]]) -> None:
    """Keep the completed subtrees of the levels that are kept."""
    rows = [
        {"level": level, "number": number, "hash": node}
        for level, number, node in nodes
        if level % TILE_LEVELS == 0
    ]
    if rows:
        session.execute(insert(NodeRow), rows)


def store_checkpoint(
    session: Session,
    checkpoint: Checkpoint,
    *,
    at: datetime,
    marks: dict[str, int],
    is_complete: bool,
) -> None:
    """Keep a checkpoint that was just signed."""
    session.add(
        CheckpointRow(
            size=checkpoint.size,
            root=checkpoint.root,
            at=at,
            note=checkpoint.note,
            marks=marks,
            is_complete=is_complete,
        )
    )
    session.flush()
