"""The look back at an emergency change: who may complete it, and what is kept of it.

Called by the command and by the page, which both say who the person is. Everything is read
afresh and written in one transaction; the first verdict stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from airmend.change.emergency import Roles, refuse_review
from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.change.policy import Policy
from airmend.errors import ReviewError, UnknownRunbookError
from airmend.records.changes import get_change
from airmend.records.model import Review, ReviewVerdict
from airmend.records.reviews import complete_review, find_review
from airmend.records.runbooks import get_version

MIN_NOTES_CHARACTERS = 10
MAX_NOTES_CHARACTERS = 5_000


def review_change(
    session: Session,
    change_id: str,
    *,
    by: str,
    verdict: ReviewVerdict,
    notes: str,
    policy: Policy,
    roles: Roles,
    at: datetime,
) -> Review:
    """Complete the review of an emergency change, which frees its runbook where it was locked.

    Args:
        session: The transaction.
        change_id: Which change.
        by: Who reviews, as the auth manager names the user.
        verdict: Whether breaking the glass was justified.
        notes: What the person looked at and found.
        policy: Who may review.
        roles: People by role of Airflow's auth manager, as far as they can be known.
        at: Now.

    Returns:
        The review as it stands then.

    Raises:
        ReviewError: There is none, it was completed before, the change still runs, the person
            may not, or the notes say nothing.
    """
    review = find_review(session, change_id)
    if review is None:
        raise ReviewError(f"{change_id} owes no review. `airmend review list` shows those that do")
    if review.reviewed_at is not None:
        raise ReviewError(f"{change_id} was reviewed by {review.reviewed_by} already")
    change = get_change(session, change_id)
    if not change.status.is_final:
        raise ReviewError(f"{change_id} has not ended ({_word(change.status)}). Wait for its end")
    refusal = refuse_review(
        by,
        requester=change.requested_by,
        authors=_authors(session, change),
        policy=policy,
        roles=roles,
    )
    if refusal is not None:
        raise ReviewError(refusal)
    text = notes.strip()
    if not MIN_NOTES_CHARACTERS <= len(text) <= MAX_NOTES_CHARACTERS:
        raise ReviewError(
            f"the notes have {len(text)} characters. Say what you looked at and found, in "
            f"{MIN_NOTES_CHARACTERS} to {MAX_NOTES_CHARACTERS}"
        )
    complete_review(session, change_id, by=by, verdict=verdict, notes=text, at=at)
    session.expire_all()
    completed = find_review(session, change_id)
    if completed is None or completed.reviewed_by != by:
        raise ReviewError(f"{change_id} was reviewed by somebody else at this moment")
    return completed


def _authors(session: Session, change: ChangeRequest) -> Sequence[str]:
    """Who wrote the runbook version that ran.

    Raises:
        ReviewError: Nobody can say any more, so that nobody can be kept from judging the own work.
    """
    try:
        return get_version(session, change.runbook_digest).runbook.authors
    except UnknownRunbookError as error:
        raise ReviewError(f"the authors of the runbook are not on record: {error}") from error


def _word(status: ChangeStatus) -> str:
    return status.value.replace("_", " ")
