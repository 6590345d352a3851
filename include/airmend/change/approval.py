"""Who may say yes: the policy for small standard changes, otherwise a person with no part in it.

Pure. Called by orchestration's approval sensor. What the person reads is `approval_text`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from airmend.change.evidence import PreflightFacts
from airmend.change.model import ChangeRequest, ChangeType
from airmend.change.policy import POLICY, Policy
from airmend.change.standard import Ground, find_obstacles, tell_basis


def decide_automatically(
    change: ChangeRequest,
    policy: Policy,
    preflight: PreflightFacts | None,
    ground: Ground | None,
    inferred: Sequence[str] = (),
) -> str | None:
    """Whether the policy itself approves; only ever a standard change within its template.

    Args:
        change: With its risk.
        policy: Which bands of standard changes pass without a person, and what a template and
            its record must be worth.
        preflight: What check mode showed; without one, or with a failed one, a person decides.
        ground: Template, record and rung of the runbook; None where they are not known.
        inferred: `Incident.inferred`, the fields that were read out of a ticket's sentences;
            where there is any, a person looks whether they were understood.

    Returns:
        The basis, for the record; None where a person has to decide.
    """
    if change.status.is_final or change.risk is None or ground is None:
        return None
    if why_a_person(change, policy, preflight, ground, inferred):
        return None
    return (
        f"standard change of {change.risk.band.value} risk, "
        f"{tell_basis(ground, policy.standard)}, policy {policy.digest[:12]}"
    )


def why_a_person(
    change: ChangeRequest,
    policy: Policy,
    preflight: PreflightFacts | None,
    ground: Ground | None,
    inferred: Sequence[str] = (),
) -> list[str]:
    """Every reason why the policy does not approve a change by itself; see `decide_automatically`.

    Returns:
        The reasons, for people; nothing where the policy approves.
    """
    if change.change_type is not ChangeType.STANDARD:
        return [f"a {change.change_type.value} change always asks people"]
    reasons = ["nothing is known of its template"] if ground is None else []
    if ground is not None:
        reasons += find_obstacles(change, ground, policy.standard)
    if change.risk is None:
        reasons.append("its risk is not assessed")
    elif change.risk.band not in policy.automatic_bands_for_standard:
        reasons.append(f"its risk is {change.risk.band.value}")
    if not change.targets:
        reasons.append("it has no targets")
    if preflight is None or preflight.failed:
        reasons.append("check mode did not pass" if preflight else "check mode did not run")
    if inferred:
        reasons.append(f"{' and '.join(inferred)} was read out of sentences")
    return reasons


def vote_refusal(user: str, requester: str, authors: Sequence[str], policy: Policy) -> str | None:
    """Why this user's answer does not count; None where it does.

    Names that differ only in case or in look-alike forms count as one person when it is
    about excluding somebody, and must be exactly the same when it is about the list.
    """
    name = fold_name(user)
    if not name:
        return "the answer names no user"
    if name == POLICY:
        return f"'{POLICY}' is no person"
    if name == fold_name(requester):
        return f"{user} requested this change"
    if name in {fold_name(author) for author in authors}:
        return f"{user} is an author of this runbook"
    if policy.approvers and user not in policy.approvers:
        return f"{user} is not on the policy's list of approvers"
    return None


def fold_name(name: str) -> str:
    """A user name in the one form that its look-alikes share."""
    return unicodedata.normalize("NFKC", name).strip().casefold()
