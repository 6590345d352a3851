"""Which runbook takes an incident: all expressions, one winner, a reason for every other."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.runbook.matching import Match, match_runbooks
from airmend.runbook.model import RunbookVersion
from tests.builders import make_incident, make_runbook_version


def _runbook(name: str = "service-down", *match: str, **override: Any) -> RunbookVersion:
    if match:
        override["match"] = list(match)
    return make_runbook_version(id=name, **override)


def _reasons(match: Match) -> dict[str, str]:
    return {rejection.runbook_id: rejection.reason for rejection in match.rejections}


def test_the_runbook_whose_expressions_are_all_true_takes_the_incident() -> None:
    other = _runbook("disk-full", "incident.name == 'DiskFull'")
    match = match_runbooks(make_incident().facts(), [other, _runbook()])
    assert match.runbook == _runbook()
    assert match.inputs == {"host": "web1", "service": "shop"}
    assert _reasons(match) == {"disk-full": "incident.name == 'DiskFull' is not true"}


def test_without_a_runbook_nothing_takes_the_incident() -> None:
    assert match_runbooks(make_incident().facts(), []) == Match(None, {}, [])


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("incident.labels.unit == 'shop'", "the incident has no 'unit'"),
        ("size(incident.name)", "int and not true or false"),
        ("incident.name", "str and not true or false"),
        ("[true]", "list and not true or false"),
        ("int(incident.name) == 1", "string parse error"),
        ("incident.name\n  == 'Other'", "incident.name == 'Other' is not true"),
    ],
)
def test_an_expression_that_is_not_true_is_named_with_the_reason(
    expression: str, reason: str
) -> None:
    runbook = _runbook("service-down", "true", expression)
    match = match_runbooks(make_incident().facts(), [runbook])
    assert match.runbook is None
    assert reason in _reasons(match)["service-down"]
    assert " ".join(expression.split()) in _reasons(match)["service-down"]


def test_a_runbook_whose_input_is_not_valid_does_not_take_the_incident() -> None:
    match = match_runbooks(make_incident(host="all").facts(), [_runbook()])
    assert match.runbook is None
    assert match.inputs == {}
    assert "names a group of hosts" in _reasons(match)["service-down"]


def test_the_more_specific_runbook_wins_and_the_other_says_so() -> None:
    general = _runbook("any-service-down", "incident.name == 'ServiceDown'")
    match = match_runbooks(make_incident().facts(), [general, _runbook()])
    assert match.runbook == _runbook()
    assert _reasons(match) == {
        "any-service-down": "it matches, but 'service-down' is more specific"
    }


def test_a_tie_is_nobodys_and_names_both() -> None:
    one = _runbook("restart-shop", "incident.name == 'ServiceDown'")
    two = _runbook("reboot-host", "incident.host == 'web1'")
    match = match_runbooks(make_incident().facts(), [one, two])
    assert match.runbook is None
    for name in ("restart-shop", "reboot-host"):
        assert "'reboot-host' and 'restart-shop' match equally well" in _reasons(match)[name]


def test_a_runbook_that_cannot_take_its_inputs_is_no_rival() -> None:
    rival = _runbook(
        "rival",
        "true",
        "incident.name == 'ServiceDown'",
        inputs={"unit": {"type": "name", "from": "incident.labels.unit"}},
        targets={"pattern": "web"},
    )
    match = match_runbooks(make_incident().facts(), [rival, _runbook()])
    assert match.runbook == _runbook()
    assert "input 'unit' is missing" in _reasons(match)["rival"]


_EXPRESSIONS = [
    "true",
    "false",
    "incident.name == 'ServiceDown'",
    "incident.labels.job == 'shop'",
    "incident.labels.missing == 'x'",
    "size(incident.host)",
]


@given(
    st.lists(st.lists(st.sampled_from(_EXPRESSIONS), min_size=1, max_size=3), max_size=5),
    st.randoms(use_true_random=False),
)
def test_the_answer_does_not_depend_on_the_order_of_the_runbooks(
    matches: list[list[str]], rng: random.Random
) -> None:
    runbooks = [_runbook(f"runbook-x{number}", *match) for number, match in enumerate(matches)]
    shuffled = rng.sample(runbooks, len(runbooks))
    facts = make_incident().facts()
    assert match_runbooks(facts, shuffled) == match_runbooks(facts, runbooks)


@given(st.lists(st.lists(st.sampled_from(_EXPRESSIONS), min_size=1, max_size=3), max_size=5))
def test_every_runbook_takes_the_incident_or_has_one_reason(matches: list[list[str]]) -> None:
    runbooks = [_runbook(f"runbook-x{number}", *match) for number, match in enumerate(matches)]
    match = match_runbooks(make_incident().facts(), runbooks)
    named = [rejection.runbook_id for rejection in match.rejections]
    if match.runbook is not None:
        named.append(match.runbook.runbook.id)
    assert sorted(named) == [version.runbook.id for version in runbooks]


def test_of_many_that_tie_the_first_are_named_and_the_others_counted() -> None:
    runbooks = [_runbook(f"same-{number}", "true") for number in range(9)]
    reasons = _reasons(match_runbooks(make_incident().facts(), runbooks))
    assert "'same-0' and 'same-1'" in reasons["same-8"]
    assert "'same-4' and 4 more match equally well" in reasons["same-8"]
