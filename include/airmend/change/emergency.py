"""Break-glass: who may run a change at once, what proves that it was done so, who looks back.

Pure. A person is told the whole reason when the answer is no. Called by orchestration when a
person starts a runbook, when the change is decided, and by the guard before every step, each
time with the policy and the roles as they are then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from airmend.change.approval import fold_name
from airmend.change.approval_policy import ROLE
from airmend.change.emergency_policy import Gate
from airmend.change.model import ChangeRequest, ChangeType, Decision
from airmend.change.policy import POLICY, Policy

BREAK_GLASS = "emergency change, break-glass"
"""The basis of a decision that one person made about his or her own emergency change."""

MIN_REASON_CHARACTERS = 10
"""Of a reason: less says nothing to whoever reads it afterwards."""

Roles = Mapping[str, Sequence[str]]
"""People by role of Airflow's auth manager, in small letters, as far as they can be known."""


def passes(change: ChangeRequest, policy: Policy, gate: Gate) -> bool:
    """Whether a change may pass a gate that holds others back: only an emergency change."""
    return change.change_type is ChangeType.EMERGENCY and gate in policy.emergency.passes


def refuse_break_glass(user: str, policy: Policy, roles: Roles) -> str | None:
    """Why a person may not run an emergency change now; None where he or she may."""
    if not policy.emergency.who:
        return "the policy allows emergency changes to nobody; name people below 'emergency.who'"
    if fold_name(user) in {"", POLICY}:
        return "nobody is known who started it"
    if user not in find_people(policy.emergency.who, policy, roles):
        asked = ", ".join(policy.emergency.who)
        return f"{user} may not run emergency changes; the policy allows them to {asked}"
    return None


def refuse_decision(change: ChangeRequest, decision: Decision) -> str | None:
    """Why a decision is no break-glass of this change; None where it is one.

    Everything but its content hash and its verdict, which are asked of every decision.
    """
    if decision.basis != BREAK_GLASS or decision.votes or decision.required:
        return "an emergency change is decided by whoever broke the glass, and by nobody else"
    if decision.decided_by != change.requested_by:
        return f"{decision.decided_by} decided, and {change.requested_by} started it"
    if len(decision.comment.strip()) < MIN_REASON_CHARACTERS:
        return "it has no reason"
    return None


def refuse_review(
    user: str, *, requester: str, authors: Sequence[str], policy: Policy, roles: Roles
) -> str | None:
    """Why a person may not complete the review of an emergency change; None where he or she may.

    Whoever ran it or wrote its runbook does not judge it; look-alike names count as one person.
    """
    name = fold_name(user)
    if name in {"", POLICY}:
        return "the review names nobody"
    if name == fold_name(requester):
        return f"{user} ran this change, so somebody else has to review it"
    if name in {fold_name(author) for author in authors}:
        return f"{user} is an author of this runbook, so somebody else has to review its change"
    reviewers = policy.emergency.reviewers
    if reviewers and user not in find_people(reviewers, policy, roles):
        return f"{user} is not among the reviewers of the policy: {', '.join(reviewers)}"
    return None


def find_people(names: Iterable[str], policy: Policy, roles: Roles) -> list[str]:
    """The people whom groups and roles stand for, each once; who is not known is not there."""
    people: list[str] = []
    for name in names:
        if name.startswith(ROLE):
            people += roles.get(name.removeprefix(ROLE).lower(), ())
        else:
            people += policy.approval.groups.get(name, ())
    return list(dict.fromkeys(people))
