"""The reviews that emergency changes owe: opened with the decision, completed once.

Whether one is overdue is computed from its deadline and the clock, so that nothing has to fire
for a runbook to be locked, and nothing can fail to.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from airmend.change.model import FINAL_CHANGE_STATUSES, ChangeRequest
from airmend.records.changes import get_change
from airmend.records.database import updated_one
from airmend.records.emergency_tables import ReviewRow
from airmend.records.ledger import append_fact
from airmend.records.model import FactKind, Review, ReviewVerdict
from airmend.records.tables import ChangeRow, LedgerRow, ReportRow


def open_review(session: Session, change: ChangeRequest, *, at: datetime, due_at: datetime) -> None:
    """Owe a review for an emergency change from now on; a second time nothing happens."""
    if session.get(ReviewRow, change.id) is not None:
        return
    session.add(
        ReviewRow(
            change_id=change.id,
            runbook_id=change.runbook_id,
            opened_at=at,
            due_at=due_at,
            reviewed_at=None,
            reviewed_by="",
            verdict=None,
            notes="",
        )
    )
    _tell(
        session,
        change,
        FactKind.REVIEW_OPENED,
        f"The emergency change is to be reviewed until {due_at:%Y-%m-%d %H:%M:%S} UTC; "
        f"runbook {change.runbook_id} is locked after that",
        at,
    )
    session.flush()


def overdue_reviews(session: Session, now: datetime) -> list[Review]:
    """Reviews that lock a runbook, the oldest first."""
    return [review for review in open_reviews(session) if review.is_overdue(now)]


def find_review(session: Session, change_id: str) -> Review | None:
    """The review of a change; None for one that owes none."""
    row = session.get(ReviewRow, change_id)
    return Review.model_validate(row, from_attributes=True) if row else None


def open_reviews(session: Session) -> list[Review]:
    """Reviews that nobody has completed, the most urgent first."""
    return _read(
        session,
        select(ReviewRow)
        .where(ReviewRow.reviewed_at.is_(None))
        .order_by(ReviewRow.due_at, ReviewRow.change_id),
    )


def completed_reviews(session: Session, *, limit: int) -> list[Review]:
    """Reviews that were completed, the newest first, at most `limit`."""
    return _read(
        session,
        select(ReviewRow)
        .where(ReviewRow.reviewed_at.is_not(None))
        .order_by(ReviewRow.reviewed_at.desc(), ReviewRow.change_id)
        .limit(limit),
    )


def overdue_review(session: Session, runbook_id: str, now: datetime) -> Review | None:
    """The review that locks a runbook; None where none is overdue."""
    found = _read(
        session,
        select(ReviewRow)
        .where(
            ReviewRow.runbook_id == runbook_id,
            ReviewRow.reviewed_at.is_(None),
            ReviewRow.due_at <= now,
        )
        .order_by(ReviewRow.due_at, ReviewRow.change_id)
        .limit(1),
    )
    return found[0] if found else None


def say_overdue(review: Review) -> str:
    """Why a runbook is locked, and what frees it."""
    return (
        f"the review of its emergency change {review.change_id} is overdue since "
        f"{review.due_at:%Y-%m-%d %H:%M} UTC; "
        f"`airmend review complete {review.change_id}` frees it"
    )


def complete_review(
    session: Session,
    change_id: str,
    *,
    by: str,
    verdict: ReviewVerdict,
    notes: str,
    at: datetime,
) -> bool:
    """Write down what a person found; the first one stands.

    Returns:
        False where it was completed before, or there is none.
    """
    result = session.execute(
        update(ReviewRow)
        .where(ReviewRow.change_id == change_id, ReviewRow.reviewed_at.is_(None))
        .values(reviewed_at=at, reviewed_by=by, verdict=verdict.value, notes=notes)
    )
    if not updated_one(result):
        return False
    change = get_change(session, change_id)
    word = verdict.value.replace("_", " ")
    text = f"The emergency change was reviewed by {by}: {word}. {notes}"
    _tell(session, change, FactKind.REVIEW_COMPLETED, text, at)
    return True


def tell_overdue(session: Session, now: datetime) -> list[Review]:
    """Say once in its story that a review is overdue and locks its runbook.

    Returns:
        Those that were told now.
    """
    told = select(LedgerRow.change_id).where(
        LedgerRow.kind == FactKind.REVIEW_OVERDUE.value, LedgerRow.change_id.is_not(None)
    )
    reviews = _read(
        session,
        select(ReviewRow)
        .where(
            ReviewRow.reviewed_at.is_(None),
            ReviewRow.due_at <= now,
            ReviewRow.change_id.not_in(told),
        )
        .order_by(ReviewRow.due_at, ReviewRow.change_id),
    )
    for review in reviews:
        text = f"Runbook {review.runbook_id} is locked: {say_overdue(review)}"
        _tell(session, get_change(session, review.change_id), FactKind.REVIEW_OVERDUE, text, now)
    return reviews


def reviewed_after_report(session: Session) -> list[str]:
    """Ended changes whose report was made before their review was completed, by id."""
    return list(
        session.scalars(
            select(ReviewRow.change_id)
            .join(ReportRow, ReportRow.change_id == ReviewRow.change_id)
            .join(ChangeRow, ChangeRow.id == ReviewRow.change_id)
            .where(
                ReviewRow.reviewed_at > ReportRow.made_at,
                ChangeRow.status.in_([status.value for status in FINAL_CHANGE_STATUSES]),
            )
            .order_by(ReviewRow.reviewed_at)
        )
    )


def _read(session: Session, query: Select[ReviewRow]) -> list[Review]:
    rows = session.scalars(query).all()
    return [Review.model_validate(row, from_attributes=True) for row in rows]


def _tell(session: Session, change: ChangeRequest, kind: FactKind, text: str, at: datetime) -> None:
    append_fact(
        session,
        kind,
        text,
        at=at,
        incident_id=change.incident_id,
        change_id=change.id,
        dag_run=change.run_id,
    )
