"""Who has left the groups and roles since his or her yes decided a change: it counts no more.

Pure. Asked by the guard before every step. The rules are those that the decision met; a rule that
is not in the policy any more stands as it was, and one that was added since asks nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from airmend.change.approval_policy import SERVICE_OWNER
from airmend.change.model import ChangeRequest, Decision, Requirement
from airmend.change.policy import Policy
from airmend.change.quorum import count_votes, resolve_people
from airmend.change.topology import ServiceFacts


def asks_owner(decision: Decision, policy: Policy) -> bool:
    """Whether a rule that a decision met asks the owner of the service: facts are needed then."""
    met = {each.rule for each in decision.required}
    return any(
        SERVICE_OWNER in (*(rule.from_ or ()), *(rule.escalate_to or ()))
        for rule in policy.approval.rules
        if rule.name in met
    )


def find_departure(
    change: ChangeRequest,
    decision: Decision,
    policy: Policy,
    facts: ServiceFacts | None,
    roles: Mapping[str, Sequence[str]],
) -> str | None:
    """Why the votes of a decision are not enough any more; None where they are.

    Args:
        change: That was decided.
        decision: With its votes, and what they had to meet then.
        policy: The groups and rules as they are now.
        facts: Of the changed service, where `asks_owner`; None where the topology lacks it.
        roles: People by role of Airflow's auth manager, as they are now.
    """
    rules = {rule.name: rule for rule in policy.approval.rules}
    now = []
    for each in decision.required:
        people, rule = each.people, rules.get(each.rule)
        if people is not None and rule is not None:
            asked = resolve_people(rule, policy, facts, roles, waited=timedelta.max)
            people = [name for name in people if asked is None or name in asked]
        now.append(Requirement(rule=each.rule, count=each.count, people=people))
    standing = count_votes(
        now,
        decision.votes,
        content_hash=decision.content_hash,
        requester=change.requested_by,
        authors=(),
        policy=policy,
    )
    if standing.approved:
        return None
    counted = {vote.person for vote in standing.counted}
    gone = [vote.person for vote in decision.votes if vote.person not in counted]
    names = ", ".join(f"'{requirement.rule}'" for requirement, _ in standing.missing)
    return (
        f"{', '.join(gone) or 'somebody'} may not approve it any more, and without that "
        f"the approval {names} is not met"
    )
