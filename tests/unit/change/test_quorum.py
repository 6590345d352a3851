"""N of M: which people a change needs, and when their votes suffice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from airmend.change.model import Requirement, RiskBand, Vote
from airmend.change.policy import Policy
from airmend.change.quorum import (
    Standing,
    count_votes,
    find_requirements,
    refuse_vote,
)
from airmend.change.topology import Environment, ServiceFacts
from airmend.errors import ChangeRefusedError
from tests.unit.change.builders import (
    make_change,
    make_facts,
    make_score,
    make_service,
    make_vote,
)

GROUPS = {"leads": ["olga", "peter", "rita"], "cab": ["vera"], "web-team": ["wim"]}
AUTHORS = ["robin"]


def make_policy(*rules: dict[str, Any], **override: Any) -> Policy:
    return Policy.model_validate({"approval": {"groups": GROUPS, "rules": list(rules)}} | override)


def required(
    policy: Policy,
    facts: ServiceFacts | None = None,
    *,
    requester: str = "bob",
    authors: Sequence[str] = AUTHORS,
    waited: float = 0,
    band: RiskBand = RiskBand.MODERATE,
) -> list[Requirement]:
    change = make_change(risk=make_score(band), requested_by=requester)
    return find_requirements(
        change,
        policy,
        facts,
        authors=authors,
        roles={"op": ["otto"]},
        waited=timedelta(seconds=waited),
    )


def test_without_rules_one_person_is_enough() -> None:
    assert required(Policy()) == [Requirement(rule="one person", count=1, people=None)]


def test_without_rules_the_list_of_approvers_is_asked_without_the_parties() -> None:
    policy = Policy(approvers=("olga", "robin", "bob", "olga"))
    assert required(policy) == [Requirement(rule="one person", count=1, people=["olga"])]


def test_every_rule_that_fits_has_to_be_met() -> None:
    policy = make_policy(
        {"name": "two leads", "bands": ["moderate", "high"], "count": 2, "from": ["leads"]},
        {"name": "board", "tiers": [1], "from": ["cab"]},
        {"name": "high", "bands": ["high"], "count": 3, "from": ["leads"]},
    )
    found = required(policy, make_facts(tier=1))
    assert [(each.rule, each.count) for each in found] == [("two leads", 2), ("board", 1)]
    assert found[0].people == GROUPS["leads"]


@pytest.mark.parametrize(
    ("rule", "facts", "fits"),
    [
        ({"tiers": [1]}, make_facts(tier=2), False),
        ({"tiers": [1]}, None, True),  # a service that is not known asks for no less
        ({"environments": ["production"]}, make_facts(), True),
        ({"environments": ["production"]}, make_facts(environment=Environment.TEST), False),
        ({"runbooks": ["another"]}, make_facts(), False),
        ({"runbooks": ["service-down"]}, make_facts(), True),
        ({"types": ["normal"]}, make_facts(), False),
        (
            {"tiers": [1]},
            ServiceFacts(service=make_service(), shared_with=(make_service("pay", tier=1),)),
            True,  # a neighbour on the same host is touched as well
        ),
    ],
)
def test_a_rule_is_about_what_it_names(
    rule: dict[str, Any], facts: ServiceFacts | None, fits: bool
) -> None:
    found = required(make_policy({"name": "it", "count": 1, "from": ["cab"]} | rule), facts)
    assert (found[0].rule == "it") is fits


def test_roles_and_the_owner_of_the_service_can_be_asked() -> None:
    policy = make_policy({"name": "it", "from": ["role:Op", "service-owner"]})
    assert required(policy, make_facts())[0].people == ["otto", "wim"]


def test_an_owner_who_is_not_known_refuses_the_change() -> None:
    policy = make_policy({"name": "owner", "from": ["service-owner"]})
    with pytest.raises(ChangeRefusedError, match="'owner' needs 1 of nobody is known, and 0"):
        required(policy, None)


def test_too_few_people_without_requester_and_authors_refuse_the_change() -> None:
    policy = make_policy({"name": "two leads", "count": 2, "from": ["leads"]})
    assert required(policy, requester="olga")[0].people == ["peter", "rita"]
    with pytest.raises(ChangeRefusedError, match="needs 2 of olga, peter, rita, and 1 of them"):
        required(policy, requester="OLGA", authors=["peter"])


def test_more_people_are_asked_once_nobody_has_answered_for_long() -> None:
    rule = {
        "name": "board",
        "from": ["cab"],
        "escalate_after_seconds": 60,
        "escalate_to": ["leads"],
    }
    policy = make_policy(rule)
    assert required(policy, waited=59)[0].people == ["vera"]
    later = required(policy, waited=60)
    assert later[0].people == ["vera", "olga", "peter", "rita"]


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([{"name": "a", "from": ["nobody"]}], "asks 'nobody', which is no group"),
        ([{"name": "a"}, {"name": "a"}], "two rules are named 'a'"),
        ([{"name": "a", "bands": []}], "at least 1 item"),
        ([{"name": "a", "from": []}], "at least 1 item"),
        ([{"name": "a", "count": 0}], "greater than or equal to 1"),
        ([{"name": "a", "from": ["cab"], "escalate_after_seconds": 5}], "belong together"),
        ([{"name": "a", "escalate_after_seconds": 5, "escalate_to": ["cab"]}], "add 'from'"),
    ],
)
def test_a_rule_that_says_nothing_clear_is_refused(rules: list[Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        make_policy(*rules)


def test_a_group_cannot_have_a_name_that_means_something_else() -> None:
    with pytest.raises(ValidationError, match="cannot be named 'service-owner'"):
        Policy.model_validate({"approval": {"groups": {"service-owner": ["a"]}}})


CHANGE = make_change(risk=make_score(RiskBand.MODERATE), requested_by="bob")
TWO_LEADS = make_policy({"name": "two leads", "count": 2, "from": ["leads"]})


def count(votes: list[Vote], policy: Policy = TWO_LEADS) -> Standing:
    return count_votes(
        required(policy),
        votes,
        content_hash=CHANGE.content_hash(),
        requester="bob",
        authors=AUTHORS,
        policy=policy,
    )


def test_two_different_people_are_two_and_one_is_not() -> None:
    assert not count([make_vote(CHANGE, "olga")]).approved
    assert not count([make_vote(CHANGE, "olga"), make_vote(CHANGE, "olga")]).approved
    assert count([make_vote(CHANGE, "olga"), make_vote(CHANGE, "peter")]).approved


def test_look_alike_names_are_one_person() -> None:
    policy = make_policy({"name": "two", "count": 2})
    assert not count([make_vote(CHANGE, "olga"), make_vote(CHANGE, "Olga")], policy).approved


def test_one_no_of_somebody_who_is_asked_ends_it() -> None:
    votes = [make_vote(CHANGE, "olga"), make_vote(CHANGE, "peter")]
    standing = count([*votes, make_vote(CHANGE, "rita", approves=False)])
    assert not standing.approved
    assert standing.rejection is not None
    assert standing.rejection.person == "rita"
    assert count([*votes, make_vote(CHANGE, "eve", approves=False)]).approved


def test_a_vote_on_other_content_does_not_count() -> None:
    other = make_vote(CHANGE, "peter", content_hash="f" * 64)
    assert not count([make_vote(CHANGE, "olga"), other]).approved


def test_who_left_the_group_counts_no_more() -> None:
    votes = [make_vote(CHANGE, "olga"), make_vote(CHANGE, "peter")]
    smaller = Policy.model_validate(
        {
            "approval": {
                "groups": {"leads": ["peter", "rita"]},
                "rules": [{"name": "two leads", "count": 2, "from": ["leads"]}],
            }
        }
    )
    standing = count(votes, smaller)
    assert [vote.person for vote in standing.counted] == ["peter"]
    assert standing.missing[0][1] == 1


def test_one_person_may_count_for_two_rules() -> None:
    policy = make_policy(
        {"name": "two", "count": 2, "from": ["leads", "cab"]}, {"name": "board", "from": ["cab"]}
    )
    assert not count([make_vote(CHANGE, "olga"), make_vote(CHANGE, "peter")], policy).approved
    assert count([make_vote(CHANGE, "olga"), make_vote(CHANGE, "vera")], policy).approved


def test_an_answer_of_somebody_who_is_not_asked_says_so() -> None:
    refusal = refuse_vote("eve", required(TWO_LEADS), "bob", AUTHORS, TWO_LEADS)
    assert refusal == "eve is not among those whom 'two leads' asks"


people = st.sampled_from(["olga", "peter", "rita", "vera", "eve", "bob", "robin", "OLGA"])
votes_cast = st.lists(
    st.builds(
        make_vote,
        st.just(CHANGE),
        people,
        approves=st.booleans(),
        content_hash=st.sampled_from([CHANGE.content_hash(), "0" * 64]),
    ),
    max_size=8,
)


@given(votes_cast)
def test_an_approval_always_has_two_different_leads_and_no_no(votes: list[Vote]) -> None:
    standing = count(votes)
    mine = [vote for vote in votes if vote.content_hash == CHANGE.content_hash()]
    yes = {vote.person for vote in mine if vote.approves and vote.person in GROUPS["leads"]}
    no = any(not vote.approves and vote.person in GROUPS["leads"] for vote in mine)
    assert standing.approved is (len(yes) >= 2 and not no)


@given(votes_cast, st.randoms())
def test_the_order_of_votes_does_not_matter(votes: list[Vote], random: Any) -> None:
    shuffled = list(votes)
    random.shuffle(shuffled)
    assert count(votes).approved is count(shuffled).approved


def test_nothing_required_is_no_approval() -> None:
    assert not Standing([], [make_vote(CHANGE, "olga")]).approved
