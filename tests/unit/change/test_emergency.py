"""Who may break the glass, what proves it, and who looks back; any doubt is a no."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from airmend.change.approval import fold_name
from airmend.change.emergency import (
    BREAK_GLASS,
    passes,
    refuse_break_glass,
    refuse_decision,
    refuse_review,
)
from airmend.change.emergency_policy import Gate
from airmend.change.guard import authorise_execution
from airmend.change.model import ChangeStatus, ChangeType
from airmend.change.policy import POLICY, Policy
from airmend.errors import NotAuthorisedError
from airmend.execution.model import Phase
from tests.unit.change.builders import (
    DIGEST,
    make_change,
    make_decision,
    make_incident,
    make_score,
    make_vote,
)

ROOT = Path(__file__).parents[3]
NAMES = st.sampled_from(["ada", "Ada", "otto", "vera", "robin", "policy", "", " ", "eve"])
WHY = "nobody who may approve answers"


def make_policy(**emergency: Any) -> Policy:
    return Policy.model_validate(
        {
            "approval": {"groups": {"on-call": ["otto", "ada"], "board": ["vera"]}},
            "emergency": emergency,
        }
    )


def make_emergency(**override: Any) -> Any:
    fields: dict[str, Any] = {
        "change_type": ChangeType.EMERGENCY,
        "requested_by": "ada",
        "risk": make_score(),
        "status": ChangeStatus.EXECUTING,
    }
    return make_change(**(fields | override))


def break_glass(change: Any, **override: Any) -> Any:
    fields = {
        "decided_by": "ada",
        "basis": BREAK_GLASS,
        "comment": WHY,
        "votes": [],
        "required": [],
    }
    return make_decision(change, **(fields | override))


def execute(change: Any, decision: Any, **override: Any) -> None:
    fields: dict[str, Any] = {
        "incident": make_incident(),
        "phase": Phase.STEP,
        "runbook_digest": DIGEST,
        "leases_held": True,
        "suppression": None,
        "withdrawn": None,
        "unsigned": None,
        "glass_refusal": None,
    }
    authorise_execution(change, decision, **(fields | override))


@given(
    user=NAMES,
    who=st.lists(st.sampled_from(["role:admin", "on-call", "board"]), max_size=3),
    admins=st.lists(NAMES, max_size=3),
)
def test_only_who_stands_in_a_named_group_or_role_may(
    user: str, who: list[str], admins: list[str]
) -> None:
    people = set(admins if "role:admin" in who else [])
    people |= {"otto", "ada"} if "on-call" in who else set()
    people |= {"vera"} if "board" in who else set()
    may = refuse_break_glass(user, make_policy(who=who), {"admin": admins}) is None
    assert may == (user in people and fold_name(user) not in {"", POLICY})


@given(user=NAMES, reviewers=st.lists(st.sampled_from(["role:op", "board"]), max_size=2))
def test_no_party_reviews_its_own_change(user: str, reviewers: list[str]) -> None:
    may = (
        refuse_review(
            user,
            requester="ada",
            authors=["robin"],
            policy=make_policy(reviewers=reviewers),
            roles={"op": ["ada", "robin", "eve"]},
        )
        is None
    )
    asked = {"eve"} if "role:op" in reviewers else set()
    asked |= {"vera"} if "board" in reviewers else set()
    outside = fold_name(user) not in {"ada", "robin", "", POLICY}
    assert may == (outside and (not reviewers or user in asked))


def test_only_an_emergency_change_passes_a_gate_and_only_one_that_the_policy_opens() -> None:
    opened, closed = make_policy(), make_policy(passes=[])
    assert passes(make_emergency(), opened, Gate.BUDGETS)
    assert not passes(make_emergency(), closed, Gate.BUDGETS)
    assert not passes(make_change(change_type=ChangeType.NORMAL), opened, Gate.BUDGETS)


@pytest.mark.parametrize(
    ("emergency", "why"),
    [
        ({"who": ["nobody-knows"]}, "emergency.who names 'nobody-knows'"),
        ({"reviewers": ["nobody-knows"]}, "emergency.reviewers names 'nobody-knows'"),
        ({"who": ["service-owner"]}, "emergency.who names 'service-owner'"),
        ({"passes": ["kill-switch"]}, "Input should be 'budgets'"),
        ({"review_within_seconds": 59}, "greater than or equal to 60"),
        ({"review_within_seconds": 2_592_001}, "less than or equal to 2592000"),
    ],
)
def test_a_policy_that_could_be_misread_is_refused(emergency: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        make_policy(**emergency)


def test_the_example_of_the_documents_is_a_policy_that_lets_whom_it_names() -> None:
    text = (ROOT / "docs/emergency.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n# policy.yaml\n(.*?)```", text, flags=re.DOTALL)
    policy = Policy.model_validate(yaml.safe_load(example))
    assert refuse_break_glass("otto", policy, {"admin": ["ada"]}) is None
    assert refuse_break_glass("ada", policy, {"admin": ["ada"]}) is None
    assert refuse_break_glass("vera", policy, {"admin": ["ada"]}) is not None
    parties: dict[str, Any] = {"requester": "otto", "authors": ["robin"]}
    assert refuse_review("vera", **parties, policy=policy, roles={}) is None


def test_the_limits_of_a_review_are_taken() -> None:
    assert make_policy(review_within_seconds=60).emergency.review_within_seconds == 60
    assert make_policy(review_within_seconds=2_592_000) is not None


# --- Before a step --------------------------------------------------------------------------


def test_the_persons_own_decision_is_enough_for_an_emergency_change() -> None:
    change = make_emergency()
    assert refuse_decision(change, break_glass(change)) is None
    execute(change, break_glass(change))


@pytest.mark.parametrize("kind", [ChangeType.STANDARD, ChangeType.NORMAL])
def test_it_is_worth_nothing_for_any_other_change(kind: ChangeType) -> None:
    change = make_emergency(change_type=kind)
    with pytest.raises(NotAuthorisedError, match="the votes on record are not enough"):
        execute(change, break_glass(change))


def test_a_quorum_or_another_person_decides_no_emergency_change() -> None:
    change = make_emergency()
    for decision in (
        make_decision(change),
        make_decision(change, decided_by=POLICY),
        break_glass(change, decided_by="eve"),
        break_glass(change, votes=[make_vote(change, "ada")]),
        break_glass(change, comment=" short "),
    ):
        with pytest.raises(NotAuthorisedError):
            execute(change, decision)


def test_it_is_bound_to_its_content_like_any_other() -> None:
    change = make_emergency()
    decision = break_glass(change)
    moved = change.model_copy(update={"inputs": {"host": "db-1"}})
    with pytest.raises(NotAuthorisedError, match="are not those that were approved"):
        execute(moved, decision)


def test_who_may_no_more_runs_no_step_and_what_was_begun_is_put_right() -> None:
    change = make_emergency()
    decision = break_glass(change)
    with pytest.raises(NotAuthorisedError, match="ada may not"):
        execute(change, decision, glass_refusal="ada may not")
    execute(change, decision, phase=Phase.ROLLBACK, glass_refusal="ada may not")


def test_without_a_look_at_who_may_nothing_runs() -> None:
    change = make_emergency()
    with pytest.raises(NotAuthorisedError, match="nobody has looked who may"):
        authorise_execution(
            change,
            break_glass(change),
            make_incident(),
            phase=Phase.STEP,
            runbook_digest=DIGEST,
            leases_held=True,
            suppression=None,
            withdrawn=None,
            unsigned=None,
        )
