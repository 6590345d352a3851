"""Whether enough of the right people said yes to exactly this: N of M, by the policy's rules.

Pure, and asked again at every answer: who has left a group since counts no more. Called by
orchestration when it asks and when it takes an answer, and by the guard before anything runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from airmend.change.approval import fold_name, vote_refusal
from airmend.change.approval_policy import ROLE, SERVICE_OWNER, ApprovalRule
from airmend.change.model import ChangeRequest, Requirement, Vote
from airmend.change.policy import Policy
from airmend.change.topology import ServiceFacts
from airmend.errors import ChangeRefusedError

ANYBODY = "one person"
"""Name of the requirement that holds where no rule fits."""


@dataclass(frozen=True)
class Standing:
    """How the votes on one content stand."""

    required: Sequence[Requirement]
    counted: Sequence[Vote]

    @property
    def rejection(self) -> Vote | None:
        """The first no; one is enough."""
        return next((vote for vote in self.counted if not vote.approves), None)

    @property
    def missing(self) -> list[tuple[Requirement, int]]:
        """What is not met yet, and how many people each still needs."""
        needs = [(each, each.count - approvals(each, self.counted)) for each in self.required]
        return [(each, need) for each, need in needs if need > 0]

    @property
    def approved(self) -> bool:
        """Whether every requirement is met and nobody said no."""
        return bool(self.required) and not self.missing and self.rejection is None


def approvals(requirement: Requirement, votes: Iterable[Vote]) -> int:
    """How many different people's yes counts for a requirement.

    Names that differ only in case or in look-alike forms are one person here.
    """
    return len(
        {
            fold_name(vote.person)
            for vote in votes
            if vote.approves and (requirement.people is None or vote.person in requirement.people)
        }
    )


def find_requirements(
    change: ChangeRequest,
    policy: Policy,
    facts: ServiceFacts | None,
    *,
    authors: Sequence[str],
    roles: Mapping[str, Sequence[str]],
    waited: timedelta,
) -> list[Requirement]:
    """Who must say yes to a change, by every rule that fits.

    Args:
        change: With its risk.
        policy: The rules and the groups.
        facts: Of the changed service; None where the topology does not hold it.
        authors: Of the runbook; they are asked nothing.
        roles: People by role of Airflow's auth manager, as far as they can be known.
        waited: Since people were first asked; a rule may then ask more of them.

    Returns:
        One requirement a rule; where none fits, one person of the policy's `approvers`.

    Raises:
        ChangeRefusedError: There are not enough people for a rule.
    """
    fitting = [rule for rule in policy.approval.rules if rule.fits(change, facts)]
    if not fitting:
        people = list(policy.approvers) or None
        return [_without_parties(ANYBODY, 1, people, change, authors, policy)]
    return [
        _without_parties(
            rule.name,
            rule.count,
            resolve_people(rule, policy, facts, roles, waited),
            change,
            authors,
            policy,
        )
        for rule in fitting
    ]


def count_votes(
    required: Sequence[Requirement],
    votes: Sequence[Vote],
    *,
    content_hash: str,
    requester: str,
    authors: Sequence[str],
    policy: Policy,
) -> Standing:
    """Count the votes on one content, of those who may answer now."""
    return Standing(
        required,
        [
            vote
            for vote in votes
            if vote.content_hash == content_hash
            and refuse_vote(vote.person, required, requester, authors, policy) is None
        ],
    )


def describe_need(requirement: Requirement, count: int) -> str:
    """So many people of a requirement, in words."""
    people = "whoever may answer in Airflow"
    if requirement.people is not None:
        people = ", ".join(requirement.people)
    return f"{count} of {people} ({requirement.rule})"


def refuse_vote(
    user: str,
    required: Sequence[Requirement],
    requester: str,
    authors: Sequence[str],
    policy: Policy,
) -> str | None:
    """Why this user's answer does not count; None where it does."""
    refusal = vote_refusal(user, requester, authors, policy)
    if refusal is not None:
        return refusal
    if any(each.people is None or user in each.people for each in required):
        return None
    return f"{user} is not among those whom " + " or ".join(
        f"'{each.rule}' asks" for each in required
    )


def resolve_people(
    rule: ApprovalRule,
    policy: Policy,
    facts: ServiceFacts | None,
    roles: Mapping[str, Sequence[str]],
    waited: timedelta,
) -> list[str] | None:
    """The people whom a rule asks; None where it asks whoever may answer in Airflow."""
    if rule.from_ is None:
        return list(policy.approvers) or None
    names = list(rule.from_)
    if rule.escalate_after_seconds is not None and waited >= timedelta(
        seconds=rule.escalate_after_seconds
    ):
        names += rule.escalate_to or ()
    people: list[str] = []
    for name in names:
        if name.startswith(ROLE):
            people += roles.get(name.removeprefix(ROLE).lower(), ())
        elif name == SERVICE_OWNER:
            people += policy.approval.groups.get(facts.service.owner, ()) if facts else ()
        else:
            people += policy.approval.groups[name]
    return list(dict.fromkeys(people))


def _without_parties(
    rule: str,
    count: int,
    people: list[str] | None,
    change: ChangeRequest,
    authors: Sequence[str],
    policy: Policy,
) -> Requirement:
    """A requirement without those who have a part in the change; enough must be left."""
    if people is None:
        return Requirement(rule=rule, count=count, people=None)
    people = list(dict.fromkeys(people))
    left = [
        user for user in people if vote_refusal(user, change.requested_by, authors, policy) is None
    ]
    if len(left) < count:
        asked = ", ".join(people) or "nobody is known"
        raise ChangeRefusedError(
            f"the approval '{rule}' needs {count} of {asked}, and {len(left)} of them may answer: "
            "who requested the change or wrote the runbook may not. Add people to the groups or "
            "the 'approvers' of the policy file."
        )
    return Requirement(rule=rule, count=count, people=left)
