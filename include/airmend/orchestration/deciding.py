"""The decision on a change: stored once, told in the story, and what it means for the change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from airmend.change.model import ChangeStatus, Decision, Requirement, Verdict, Vote
from airmend.orchestration.change_run import ChangeRun
from airmend.records.changes import record_decision
from airmend.records.model import FactKind


def decide(
    run: ChangeRun,
    session: Session,
    verdict: Verdict,
    *,
    by: str,
    basis: str,
    asked_at: datetime,
    votes: Sequence[Vote] = (),
    required: Sequence[Requirement] = (),
    comment: str = "",
) -> Decision:
    """Decide on the change as it stands, in the caller's transaction; the first decision stands.

    Args:
        run: The change.
        session: The transaction.
        verdict: Yes, no, or nobody answered.
        by: User names, comma-separated, or "policy".
        basis: Why, for the record.
        asked_at: Since when it was asked.
        votes: The answers that count; the last one's time is that of the decision.
        required: What they had to meet.
        comment: Why, in the words of whoever decides without a vote.
    """
    change = run.read_change(session)
    decision = record_decision(
        session,
        Decision(
            change_id=change.id,
            verdict=verdict,
            decided_by=by,
            decided_at=max((vote.at for vote in votes), default=run.now()),
            asked_at=asked_at,
            basis=basis,
            comment=comment or "; ".join(vote.comment for vote in votes if vote.comment),
            content_hash=change.content_hash(),
            votes=list(votes),
            required=list(required),
        ),
    )
    text = f"{verdict.value.capitalize()} by {by}: {basis}"
    run.note(session, change, FactKind.APPROVAL_DECIDED, text, content_hash=decision.content_hash)
    if verdict is Verdict.APPROVED:
        run.move(session, ChangeStatus.APPROVED)
    elif verdict is Verdict.REJECTED:
        run.end(session, ChangeStatus.REJECTED, f"rejected by {by}")
    else:
        run.end(session, ChangeStatus.EXPIRED, basis)
    return decision
