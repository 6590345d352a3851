"""Leases: at most one change at a time may work on a target, across all runbooks.

A lease ends by itself when its time is over, so that a crash cannot hold a target for ever;
whoever works under one looks again just before each execution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, delete, or_, select
from sqlalchemy.orm import Session

from airmend.records.database import insert_into
from airmend.records.tables import LeaseRow


@dataclass(frozen=True)
class Holder:
    """Who holds a target, and since when."""

    target: str
    change_id: str
    acquired_at: datetime
    expires_at: datetime


def acquire_leases(
    session: Session, change_id: str, targets: Sequence[str], *, now: datetime, until: datetime
) -> list[Holder]:
    """Take all targets for a change, or none.

    Each target is taken by one statement (insert, or take over what has expired), in sorted
    order, so that two changes with the same targets cannot wait for each other. Taking again
    what the change already holds prolongs it. The caller's transaction must be undone when
    somebody else is named in the answer.

    Returns:
        Those who hold one of the targets; empty when all are taken.
    """
    for target in sorted(set(targets)):
        statement = insert_into(session, LeaseRow).values(
            target=target, change_id=change_id, acquired_at=now, expires_at=until
        )
        mine_or_expired = or_(LeaseRow.change_id == change_id, LeaseRow.expires_at <= now)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=[LeaseRow.target],
                set_={
                    "change_id": change_id,
                    "acquired_at": case(
                        (LeaseRow.change_id == change_id, LeaseRow.acquired_at), else_=now
                    ),
                    "expires_at": until,
                },
                where=mine_or_expired,
            )
        )
    rows = session.scalars(
        select(LeaseRow)
        .where(LeaseRow.target.in_(targets), LeaseRow.change_id != change_id)
        .order_by(LeaseRow.target)
    )
    return [Holder(row.target, row.change_id, row.acquired_at, row.expires_at) for row in rows]


def holds_leases(
    session: Session, change_id: str, targets: Sequence[str], *, now: datetime
) -> bool:
    """Whether a change holds every one of these targets now; no targets is False."""
    return held_until(session, change_id, targets, now=now) is not None


def held_until(
    session: Session, change_id: str, targets: Sequence[str], *, now: datetime
) -> datetime | None:
    """Until when a change holds every one of these targets; None where it does not."""
    rows = session.execute(
        select(LeaseRow.target, LeaseRow.expires_at).where(
            LeaseRow.change_id == change_id, LeaseRow.expires_at > now
        )
    )
    ends = {row.target: row.expires_at for row in rows}
    return (
        min((ends[name] for name in targets), default=None) if set(targets) <= set(ends) else None
    )


def release_leases(session: Session, change_id: str) -> None:
    """Give back whatever a change holds."""
    session.execute(delete(LeaseRow).where(LeaseRow.change_id == change_id))
