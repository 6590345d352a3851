"""What people were asked, and their answers: one question a content, one vote a person and content.

Rows are added, never changed, so that a task that is killed and begins again asks nothing twice
and counts nobody twice.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from airmend.change.model import ChangeContent, ChangeRequest, Vote
from airmend.records.model import Question
from airmend.records.tables import QuestionRow, VoteRow


def record_question(session: Session, change: ChangeRequest, at: datetime) -> bool:
    """Write down that people are asked about a change as it stands; False when they were before."""
    key = (change.id, change.content_hash())
    if session.get(QuestionRow, key) is not None:
        return False
    session.add(
        QuestionRow(
            change_id=change.id,
            content_hash=key[1],
            content=change.content().model_dump(mode="json"),
            asked_at=at,
        )
    )
    session.flush()
    return True


def list_questions(session: Session, change_id: str) -> list[Question]:
    """Everything that people were asked about a change, oldest first."""
    rows = session.scalars(
        select(QuestionRow).where(QuestionRow.change_id == change_id).order_by(QuestionRow.asked_at)
    )
    return [
        Question(
            content_hash=row.content_hash,
            content=ChangeContent.model_validate(row.content),
            asked_at=row.asked_at,
        )
        for row in rows
    ]


def record_vote(session: Session, change_id: str, vote: Vote) -> bool:
    """Store one person's answer; False where he or she has answered about this content before."""
    if session.get(VoteRow, (change_id, vote.content_hash, vote.person)) is not None:
        return False
    session.add(VoteRow(change_id=change_id, **dict(vote)))
    session.flush()
    return True


def list_votes(session: Session, change_id: str) -> list[Vote]:
    """Every answer about a change, on any content, in the order of time."""
    rows = session.scalars(
        select(VoteRow).where(VoteRow.change_id == change_id).order_by(VoteRow.at, VoteRow.person)
    )
    return [Vote.model_validate(row, from_attributes=True) for row in rows]
