from __future__ import annotations

from typing import Any

import pytest

from airmend.itsm.configuration import Jira
from airmend.itsm.jira_transitions import Status, Transition, choose_transition, read_transitions
from airmend.itsm.model import Stage
from tests.unit.itsm.builders import make_desired

WORDS = Jira(project="OPS")
OPEN = Status("Open", "new")


def way(name: str, category: str = "indeterminate") -> Transition:
    return Transition(name, Status(name, category))


def choose(stage: Stage, offered: list[Transition], **more: Any) -> str | None:
    outcome = more.pop("outcome", "")
    now, told = more.pop("now", OPEN), more.pop("told", None)
    desired = make_desired(stage=stage, outcome=outcome, **more)
    chosen = choose_transition(desired, now, offered, WORDS, told)
    return chosen.to.name if chosen else None


def test_the_way_that_leads_furthest_without_going_beyond_is_taken() -> None:
    offered = [way("Planning"), way("Awaiting approval"), way("Implementing")]
    assert choose(Stage.AUTHORIZE, offered) == "Awaiting approval"


def test_a_stage_that_the_workflow_lacks_is_passed_over() -> None:
    assert choose(Stage.AUTHORIZE, [way("Implementing")]) is None


def test_nothing_is_moved_back() -> None:
    now = Status("Implementing", "indeterminate")
    assert choose(Stage.ASSESS, [way("Planning")], now=now) is None


def test_what_people_ended_stays_ended() -> None:
    now = Status("Canceled", "done")
    assert choose(Stage.IMPLEMENT, [way("Implementing")], now=now) is None
    assert choose(Stage.CLOSED, [way("Completed", "done")], now=now, outcome="succeeded") is None


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([way("erledigt", "done")], "erledigt"),  # a name of the project's own
        ([way("erledigt", "done"), way("abgelehnt", "done")], None),  # nobody knows which
        ([way("Declined", "done")], None),
        ([way("Failed", "done")], None),
        ([way("COMPLETED", "done"), way("Declined", "done")], "COMPLETED"),
    ],
)
def test_success_is_never_told_as_something_else(
    offered: list[Transition], chosen: str | None
) -> None:
    assert choose(Stage.CLOSED, offered, outcome="succeeded") == chosen


def test_a_cancelled_change_is_not_moved_on_to_find_an_end() -> None:
    assert choose(Stage.CANCELED, [way("Implementing")], outcome="rejected") is None


@pytest.mark.parametrize("body", [None, {}, {"transitions": [1, {}]}, {"transitions": "x"}])
def test_whatever_jira_says_can_be_read(body: Any) -> None:
    assert all(not each.to.is_done for each in read_transitions(body))
