"""What people are told of a question: written down first, then told, by each notifier once.

A number is taken once, so that a task that is killed and begins again, or two at one moment,
remind nobody twice. Of each notifier it is kept how often it was begun and whether it ended: one
that died half-way is begun once more, and one that takes its process with it never holds people
up for good.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from airmend.records.database import take_turn
from airmend.records.model import Notice, Occasion
from airmend.records.people_tables import NoticeRow

MOST_BEGINNINGS = 2
"""Of one notifier for one notice: the second is for a process that died during the first."""

_NOTICES_LOCK = 0x41524D4E
"""Any number of our own, for PostgreSQL's advisory locks."""


def queue_for_notices(session: Session) -> None:
    """Let one transaction at a time see which notices there are and add to them."""
    take_turn(session, _NOTICES_LOCK)


def list_notices(session: Session, change_id: str, content_hash: str) -> list[Notice]:
    """Every notice of one question, in its order."""
    return [
        Notice.model_validate(row, from_attributes=True)
        for row in _rows(session, change_id, content_hash)
    ]


def add_notice(
    session: Session,
    change_id: str,
    content_hash: str,
    occasion: Occasion,
    *,
    due_at: datetime,
    at: datetime,
    rule: str = "",
) -> Notice:
    """Write the next notice of a question down; after `queue_for_notices`."""
    number = len(_rows(session, change_id, content_hash)) + 1
    row = NoticeRow(
        change_id=change_id,
        content_hash=content_hash,
        number=number,
        occasion=occasion.value,
        rule=rule,
        due_at=due_at,
        at=at,
        begun={},
        done=[],
        told_at=None,
    )
    session.add(row)
    session.flush()
    return Notice.model_validate(row, from_attributes=True)


def list_untold(session: Session, change_id: str, content_hash: str) -> list[Notice]:
    """The notices of a question that a notifier may still have to tell, in their order."""
    return [
        Notice.model_validate(row, from_attributes=True)
        for row in _rows(session, change_id, content_hash)
        if row.told_at is None
    ]


def begin_telling(
    session: Session, change_id: str, content_hash: str, number: int, notifier: str
) -> bool:
    """Take a notice for one notifier; False where that told it, or died of it too often."""
    row = _lock(session, change_id, content_hash, number)
    begun = row.begun.get(notifier, 0)
    if notifier in row.done or begun >= MOST_BEGINNINGS:
        return False
    row.begun = {**row.begun, notifier: begun + 1}
    return True


def end_telling(
    session: Session, change_id: str, content_hash: str, number: int, notifier: str
) -> None:
    """Write down that a notifier told a notice, or failed to; it is not begun again."""
    row = _lock(session, change_id, content_hash, number)
    row.done = [*row.done, notifier]


def close_notices(
    session: Session, change_id: str, content_hash: str, numbers: Iterable[int], at: datetime
) -> None:
    """Write down that no notifier is left for some notices."""
    for number in numbers:
        _lock(session, change_id, content_hash, number).told_at = at


def _rows(session: Session, change_id: str, content_hash: str) -> list[NoticeRow]:
    return list(
        session.scalars(
            select(NoticeRow)
            .where(NoticeRow.change_id == change_id, NoticeRow.content_hash == content_hash)
            .order_by(NoticeRow.number)
        )
    )


def _lock(session: Session, change_id: str, content_hash: str, number: int) -> NoticeRow:
    key = (change_id, content_hash, number)
    return session.get_one(NoticeRow, key, with_for_update=True)
