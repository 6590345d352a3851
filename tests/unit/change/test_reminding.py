"""When people are told of a question again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from airmend.change.model import Requirement
from airmend.change.policy import Policy
from airmend.change.reminding import Due, OpenQuestion, find_due, next_due_at
from airmend.records.model import Notice, Occasion
from tests.builders import AT
from tests.documents import ROOT, blocks_of

DOCUMENT = ROOT / "docs/approvals.md"

GROUPS = {"leads": ["olga", "peter"], "cab": ["vera"]}
LEADS = Requirement(rule="leads", count=1, people=["olga", "peter"])
BOARD = Requirement(rule="board", count=1, people=["vera"])
ANYBODY = Requirement(rule="one person", count=1, people=None)


def make_policy(common: int | None = None, **of_rules: dict[str, Any]) -> Policy:
    rules = [
        {"name": "leads", "from": ["leads"], **of_rules.get("leads", {})},
        {"name": "board", "from": ["cab"], **of_rules.get("board", {})},
    ]
    approval = {"groups": GROUPS, "rules": rules, "remind_after_seconds": common}
    return Policy.model_validate({"approval": approval})


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def notice(number: int, occasion: Occasion, due: float, rule: str = "") -> Notice:
    due_at = AT + seconds(due)
    return Notice(number=number, occasion=occasion, rule=rule, due_at=due_at, at=due_at)


def question(*missing: Requirement, notices: tuple[Notice, ...] = ()) -> OpenQuestion:
    return OpenQuestion(AT, missing or (LEADS,), notices)


def test_without_the_key_nobody_is_reminded() -> None:
    assert next_due_at(make_policy(), question()) is None
    assert find_due(make_policy(), question(), now=AT + timedelta(days=7)) == []


@pytest.mark.parametrize(("passed", "due"), [(599, False), (600, True), (1_199, True)])
def test_a_reminder_is_due_when_the_interval_is_over(passed: int, due: bool) -> None:
    found = find_due(make_policy(600), question(), now=AT + seconds(passed))
    assert found == ([Due(Occasion.REMINDER, AT + seconds(600))] if due else [])


def test_the_next_one_is_counted_from_when_the_last_was_due() -> None:
    last = notice(2, Occasion.REMINDER, 600).model_copy(update={"at": AT + seconds(900)})
    asked = question(notices=(notice(1, Occasion.ASKED, 0), last))
    assert next_due_at(make_policy(600), asked) == AT + seconds(1_200)


def test_what_nobody_noticed_is_made_up_for_once() -> None:
    found = find_due(make_policy(600), question(), now=AT + seconds(6_100))
    assert found == [Due(Occasion.REMINDER, AT + seconds(6_000))]


def test_a_rule_has_its_own_interval_and_the_shortest_of_those_not_met_counts() -> None:
    policy = make_policy(600, board={"remind_after_seconds": 60})
    assert next_due_at(policy, question(LEADS)) == AT + seconds(600)
    assert next_due_at(policy, question(LEADS, BOARD)) == AT + seconds(60)
    assert next_due_at(policy, question(ANYBODY)) == AT + seconds(600)
    alone = make_policy(None, board={"remind_after_seconds": 60})
    assert next_due_at(alone, question(LEADS)) is None


def test_an_escalation_is_told_once_and_only_of_a_rule_that_is_not_met() -> None:
    policy = make_policy(leads={"escalate_after_seconds": 300, "escalate_to": ["cab"]})
    due = Due(Occasion.ESCALATION, AT + seconds(300), "leads")
    assert next_due_at(policy, question()) == due.due_at
    assert find_due(policy, question(), now=AT + seconds(299)) == []
    assert find_due(policy, question(), now=AT + seconds(300)) == [due]
    assert find_due(policy, question(BOARD), now=AT + seconds(300)) == []
    told = question(notices=(notice(2, Occasion.ESCALATION, 300, "leads"),))
    assert find_due(policy, told, now=AT + timedelta(days=1)) == []
    assert next_due_at(policy, told) is None


@given(
    interval=st.integers(60, 10_000), looks=st.lists(st.integers(1, 40_000), min_size=1, max_size=8)
)
def test_no_moment_is_reminded_of_twice_whenever_somebody_looks(
    interval: int, looks: list[int]
) -> None:
    policy, notices, now = make_policy(interval), [notice(1, Occasion.ASKED, 0)], AT
    for pause in looks:
        now += seconds(pause)
        for each in find_due(policy, question(notices=tuple(notices)), now=now):
            assert each.due_at <= now
            made = notice(len(notices) + 1, each.occasion, (each.due_at - AT).total_seconds())
            notices.append(made)
        assert find_due(policy, question(notices=tuple(notices)), now=now) == []
        upcoming = next_due_at(policy, question(notices=tuple(notices)))
        assert upcoming is not None
        assert now < upcoming <= now + seconds(interval)
    due = [each.due_at for each in notices if each.occasion is Occasion.REMINDER]
    assert len(set(due)) == len(due)


@pytest.mark.parametrize("wrong", [0, 59, 604_801, "soon"])
def test_an_interval_that_cannot_be_is_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        make_policy(wrong)
    with pytest.raises(ValidationError):
        make_policy(board={"remind_after_seconds": wrong})


def test_the_policy_of_the_documents_is_one() -> None:
    (block,) = [each for each in blocks_of(DOCUMENT) if each.label == "policy.yaml"]
    approval = Policy.model_validate(yaml.safe_load(block.text)).approval
    assert approval.remind_after_seconds == 1_800
    assert [rule.remind_after_seconds for rule in approval.rules] == [None, 600]
