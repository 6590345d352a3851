"""Emergency changes in the records: the glass is broken, the review is owed, the lock holds.

Imports nothing of Airflow. The decision and the review are one transaction, so that no kill
leaves an emergency change that nobody has to look at again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from airmend.change.emergency import BREAK_GLASS, Roles, refuse_break_glass
from airmend.change.evidence import PreflightFacts
from airmend.change.model import ChangeRequest, ChangeType, Decision, Verdict
from airmend.change.policy import Policy
from airmend.errors import NotAuthorisedError
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.deciding import decide
from airmend.orchestration.services import read_policy
from airmend.records.hand_requests import get_request
from airmend.records.reviews import open_review, overdue_review, say_overdue
from airmend.records.runbooks import lock_reason


def break_glass(
    run: ChangeRun,
    session: Session,
    policy: Policy,
    preflight: PreflightFacts | None,
    roles: Roles,
    *,
    asked_at: datetime,
) -> Decision:
    """Decide an emergency change by whoever started it, and owe its review from now on.

    Raises:
        NotAuthorisedError: Check mode did not pass, the risk is not assessed, the request is
            not on record, or the person may not do so any more.
    """
    change = run.read_change(session)
    request = get_request(session, change.id)
    if request is None or not request.is_emergency:
        raise NotAuthorisedError(f"change {change.id}: nobody is on record who broke the glass")
    if preflight is None or preflight.failed:
        raise NotAuthorisedError(f"change {change.id}: check mode did not pass")
    if change.risk is None:
        raise NotAuthorisedError(f"change {change.id}: its risk is not assessed")
    refusal = refuse_break_glass(request.requested_by, policy, roles)
    if refusal is not None:
        raise NotAuthorisedError(f"change {change.id}: {refusal}")
    decision = decide(
        run,
        session,
        Verdict.APPROVED,
        by=request.requested_by,
        basis=BREAK_GLASS,
        asked_at=asked_at,
        comment=request.reason,
    )
    now = run.now()
    due_at = now + timedelta(seconds=policy.emergency.review_within_seconds)
    open_review(session, change, at=now, due_at=due_at)
    return decision


def refuse_broken_glass(run: ChangeRun, session: Session, change: ChangeRequest) -> str | None:
    """Why the person behind an emergency change may not go on with it now; else None."""
    if change.change_type is not ChangeType.EMERGENCY:
        return None
    return refuse_break_glass(
        change.requested_by, read_policy(run.settings), run.find_roles(session)
    )


def find_lock(session: Session, runbook_id: str, now: datetime) -> str | None:
    """Why no change of a runbook may begin: it is locked, or owes a review; None otherwise."""
    reason = lock_reason(session, runbook_id)
    if reason is not None:
        return reason
    review = overdue_review(session, runbook_id, now)
    return say_overdue(review) if review else None
