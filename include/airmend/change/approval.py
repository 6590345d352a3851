"""Who may say yes: the policy for small standard changes, otherwise a person with no part in it.

Pure. Called by orchestration's approval sensor. What the person reads is `approval_text`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from airmend.change.evidence import PreflightFacts
from airmend.change.model import ChangeRequest, ChangeType
from airmend.change.policy import POLICY, Policy


def decide_automatically(
    change: ChangeRequest,
    policy: Policy,
    preflight: PreflightFacts | None,
    inferred: Sequence[str] = (),
) -> str | None:
    """Whether the policy itself approves; only ever a standard change of an allowed band.

    Args:
        change: With its risk.
        policy: Which bands of standard changes pass without a person.
        preflight: What check mode showed; without one, or with a failed one, a person decides.
        inferred: `Incident.inferred`, the fields that were read out of a ticket's sentences;
            where there is any, a person looks whether they were understood.

    Returns:
        The basis, for the record; None where a person has to decide.
    """
    if change.change_type is not ChangeType.STANDARD or change.status.is_final:
        return None
    if change.risk is None or not change.targets:
        return None
    if preflight is None or preflight.failed or inferred:
        return None
    if change.risk.band not in policy.automatic_bands_for_standard:
        return None
    return f"standard change of {change.risk.band.value} risk, policy {policy.digest[:12]}"


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
