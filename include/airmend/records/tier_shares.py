"""How many hosts of each tier the changes under way work on."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from airmend.change.model import FINAL_CHANGE_STATUSES
from airmend.records.guard_tables import TierShareRow
from airmend.records.tables import ChangeRow

_FINAL = [status.value for status in FINAL_CHANGE_STATUSES]


def find_taken(session: Session, change_id: str) -> int | None:
    """How many hosts at a time a change has taken; None where it has not yet."""
    return session.scalars(
        select(TierShareRow.at_once).where(TierShareRow.change_id == change_id).limit(1)
    ).first()


def count_used(session: Session, *, without: str) -> dict[int, tuple[int, list[str]]]:
    """Hosts that changes under way work on, and which changes these are, by tier."""
    rows = session.execute(
        select(TierShareRow.tier, TierShareRow.hosts, TierShareRow.change_id)
        .join(ChangeRow, ChangeRow.id == TierShareRow.change_id)
        .where(ChangeRow.status.not_in(_FINAL), TierShareRow.change_id != without)
        .order_by(TierShareRow.change_id)
    )
    used: dict[int, tuple[int, list[str]]] = {}
    for tier, hosts, change_id in rows:
        count, changes = used.get(tier, (0, []))
        used[tier] = (count + hosts, [*changes, change_id])
    return used


def take_share(
    session: Session, change_id: str, by_tier: Mapping[int, int], *, at_once: int
) -> None:
    """Write down what a change works on; the caller holds the lock of `queue_for_start`."""
    for tier, hosts in by_tier.items():
        session.add(TierShareRow(change_id=change_id, tier=tier, hosts=hosts, at_once=at_once))
