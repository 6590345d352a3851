"""Who left a group or a role after the decision does not carry it any more."""

from __future__ import annotations

from typing import Any

import pytest

from airmend.change.departures import asks_owner, find_departure
from airmend.change.model import Decision, Requirement
from airmend.change.policy import Policy
from tests.unit.change.builders import make_change, make_decision, make_facts, make_score, make_vote

CHANGE = make_change(risk=make_score(), requested_by="bob")
TWO_LEADS = {"name": "leads", "count": 2, "from": ["leads"]}
OPERATORS = {"name": "ops", "from": ["role:Op"]}


def make_policy(*rules: dict[str, Any], leads: list[str], approvers: list[str] = []) -> Policy:  # noqa: B006 -- read only
    approval = {"groups": {"leads": leads, "cab": ["vera"]}, "rules": list(rules)}
    return Policy.model_validate({"approval": approval, "approvers": approvers})


def decided(*people: str, rule: str = "leads", count: int = 2, asked: list[str] | None) -> Decision:
    return make_decision(
        CHANGE,
        votes=[make_vote(CHANGE, person) for person in people],
        required=[Requirement(rule=rule, count=count, people=asked)],
    )


def find(decision: Decision, policy: Policy, **roles: list[str]) -> str | None:
    return find_departure(CHANGE, decision, policy, None, roles)


def test_as_long_as_everybody_is_there_the_decision_stands() -> None:
    decision = decided("olga", "peter", asked=["olga", "peter", "rita"])
    assert find(decision, make_policy(TWO_LEADS, leads=["olga", "peter"])) is None


def test_one_who_left_the_group_is_named() -> None:
    decision = decided("olga", "peter", asked=["olga", "peter", "rita"])
    said = find(decision, make_policy(TWO_LEADS, leads=["olga", "rita"]))
    assert said is not None
    assert said.startswith("peter may not approve it any more")
    assert "'leads'" in said


def test_one_who_left_is_not_missed_where_enough_others_said_yes() -> None:
    decision = decided("olga", "peter", "rita", asked=["olga", "peter", "rita"])
    assert find(decision, make_policy(TWO_LEADS, leads=["olga", "rita"])) is None


def test_one_who_lost_the_role_is_named() -> None:
    decision = decided("otto", rule="ops", count=1, asked=["otto", "olga"])
    policy = make_policy(OPERATORS, leads=["olga"])
    assert find(decision, policy, op=["otto"]) is None
    said = find(decision, policy, op=["olga"])
    assert said is not None
    assert said.startswith("otto may not approve it any more")


def test_who_joined_since_did_not_decide_it() -> None:
    decision = decided("olga", rule="leads", count=1, asked=["peter"])
    assert find(decision, make_policy(TWO_LEADS, leads=["olga", "peter"])) is not None


def test_whom_an_escalation_asked_is_still_asked() -> None:
    rule = {**OPERATORS, "escalate_after_seconds": 60, "escalate_to": ["cab"]}
    decision = decided("vera", rule="ops", count=1, asked=["otto", "vera"])
    assert find(decision, make_policy(rule, leads=["olga"]), op=["otto"]) is None


@pytest.mark.parametrize("rules", [[], [OPERATORS]])
def test_a_rule_that_is_gone_stands_as_it_was_and_a_new_one_asks_nobody(
    rules: list[dict[str, Any]],
) -> None:
    decision = decided("olga", "peter", asked=["olga", "peter"])
    assert find(decision, make_policy(*rules, leads=["rita"])) is None


def test_who_was_struck_from_the_list_of_approvers_counts_no_more() -> None:
    decision = decided("olga", rule="one person", count=1, asked=["olga"])
    assert find(decision, make_policy(leads=[], approvers=["olga"])) is None
    assert find(decision, make_policy(leads=[], approvers=["peter"])) is not None


def test_the_owner_is_looked_up_for_a_rule_that_was_met_and_asks_the_owner() -> None:
    owner = {"name": "owner", "from": ["service-owner"]}
    policy = make_policy(TWO_LEADS, owner, leads=["olga"])
    assert asks_owner(decided("wim", rule="owner", count=1, asked=["wim"]), policy)
    assert not asks_owner(decided("olga", asked=["olga"]), policy)
    decision = decided("wim", rule="owner", count=1, asked=["wim"])
    groups = {"leads": [], "web-team": ["wim"], "cab": []}
    known = Policy.model_validate({"approval": {"groups": groups, "rules": [owner]}})
    assert find_departure(CHANGE, decision, known, make_facts(), {}) is None
    assert find_departure(CHANGE, decision, known, None, {}) is not None
