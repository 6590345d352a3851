"""What holds an incident back: the edges of time, the order of rules, and doubt."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from airmend.incident.model import (
    MAX_SUPPRESSION,
    Incident,
    Scope,
    ScopeKind,
    Suppression,
    SuppressionKind,
    SuppressionRule,
)
from airmend.incident.suppression import (
    CALENDARS,
    KILL_SWITCH,
    RulesInForce,
    find_suppression,
)
from tests import builders
from tests.builders import AT, make_incident

INCIDENT = make_incident()
SECOND = timedelta(seconds=1)


def find(
    *rules: SuppressionRule,
    incident: Incident = INCIDENT,
    runbook: str | None = "service-down",
    at: datetime = AT,
    **more: Any,
) -> Suppression | None:
    in_force = RulesInForce(rules=rules, **more)
    return find_suppression(incident.facts(), incident.service, runbook, in_force, at)


def rule(scope: str = "service shop", **override: Any) -> SuppressionRule:
    return builders.make_rule(scope, **override)


def found_id(*rules: SuppressionRule, **more: Any) -> str | None:
    found = find(*rules, **more)
    return found.rule_id if found else None


# --- What a rule covers ---------------------------------------------------------------------


def test_nothing_holds_an_incident_back_without_a_rule() -> None:
    assert find() is None


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        ("all", True),
        ("service shop", True),
        ("service Shop", True),
        ("service mail", False),
        ("service sho", False),
        ("runbook service-down", True),
        ("runbook service", False),
        ("expression incident.host == 'web1'", True),
        ("expression incident.host == 'web2'", False),
        (
            "expression incident.labels.job.startsWith('sh') && incident.severity == 'critical'",
            True,
        ),
    ],
)
def test_a_rule_covers_what_its_scope_says(scope: str, covered: bool) -> None:
    assert (find(rule(scope)) is not None) == covered


def test_an_incident_of_an_unknown_service_is_covered_by_no_rule_of_a_service() -> None:
    assert find(rule(), incident=make_incident(service=None)) is None


def test_an_incident_that_no_runbook_takes_is_covered_by_no_rule_of_a_runbook() -> None:
    assert find(rule("runbook service-down"), runbook=None) is None


def test_people_are_told_who_silenced_it_until_when_and_why() -> None:
    found = find(rule())
    assert found is not None
    assert (found.rule_id, found.author) == ("MUT-20260302-00000001", "olivia")
    assert found.reason == "muted until 2026-03-02 10:00 UTC: the disk is being replaced"
    window = find(rule(kind=SuppressionKind.MAINTENANCE))
    assert window is not None
    assert window.reason.startswith("in maintenance until 2026-03-02 10:00 UTC: ")


@pytest.mark.parametrize("service", ["", " "])
@pytest.mark.parametrize("kind", [ScopeKind.SERVICE, ScopeKind.RUNBOOK, ScopeKind.EXPRESSION])
def test_an_empty_scope_never_means_all(kind: ScopeKind, service: str) -> None:
    with pytest.raises(ValidationError, match="never means all"):
        Scope(kind=kind, value=service)


def test_all_has_to_be_said_alone() -> None:
    with pytest.raises(ValidationError, match="'all' takes no value"):
        Scope(kind=ScopeKind.ALL, value="shop")


# --- Labels that are not there --------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "covered"),
    [
        ("incident.labels.env == 'prod'", False),
        ("incident.labels.env != 'prod'", True),
        ("!(incident.labels['env'] == 'prod')", True),
        ("has(incident.labels.env)", False),
        ("incident.annotations.team == '' && incident.labels.zone == ''", True),
        ("size(incident.labels.env) > 0", False),
    ],
)
def test_a_label_that_is_not_there_counts_as_empty(expression: str, covered: bool) -> None:
    assert (find(rule(f"expression {expression}")) is not None) == covered


_LABELS = st.dictionaries(
    st.sampled_from(["job", "env", "zone"]), st.sampled_from(["", "a", "b", "shop"]), max_size=3
)


@given(_LABELS, st.sampled_from(["job", "env", "zone"]), st.sampled_from(["a", "b", "shop"]))
def test_an_expression_on_one_label_never_silences_another_incident(
    labels: dict[str, str], label: str, value: str
) -> None:
    incident = make_incident(labels=labels)
    found = find(rule(f"expression incident.labels.{label} == '{value}'"), incident=incident)
    assert (found is not None) == (labels.get(label) == value)


# --- Doubt ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "fact"),
    [
        ("int(incident.labels.job) > 3", "int"),
        ("incident.labels.job", "it gives str and not true or false"),
        ("{'a': 1}.b == 2", "the incident has no 'b'"),
        ("incident.labels.job > 3", "No such overload"),
        ("incident.labels.exists(k, incident.labels[k + 'x'] == 'y')", "more than 50 labels"),
    ],
)
def test_an_expression_without_an_answer_holds_back_and_says_so(expression: str, fact: str) -> None:
    found = find(rule(f"expression {expression}"))
    assert found is not None
    doubt = found.reason.split("held back since its expression has no answer for this incident: ")
    assert fact in doubt[1]


def test_a_rule_that_covers_for_certain_is_told_before_a_doubtful_one() -> None:
    doubtful = rule("expression int(incident.name) > 1", id="MUT-20260302-00000000")
    assert found_id(doubtful, rule("all")) == rule("all").id
    assert found_id(doubtful) == doubtful.id


def test_a_calendar_that_cannot_be_used_holds_everything_back() -> None:
    found = find(mistakes=["b.ics: no.", "a.ics: it is not an iCalendar file."])
    assert found is not None
    assert found.rule_id == CALENDARS
    assert found.reason.endswith("a.ics: it is not an iCalendar file.")
    assert found_id(rule(), mistakes=["a.ics: no."]) == rule().id


@given(
    st.sampled_from(
        ["int(incident.name) > 1", "incident.labels[incident.name] == 'x'", "incident.summary"]
    ),
    st.text(max_size=5),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3),
)
def test_no_data_makes_the_search_fail(text: str, name: str, labels: dict[str, str]) -> None:
    find(rule(f"expression {text}"), incident=make_incident(name=name or "n", labels=labels))


# --- The kill switch ------------------------------------------------------------------------


def test_the_kill_switch_holds_everything_back_and_goes_before_every_rule() -> None:
    found = find(rule(), kill_switch=builders.make_switch(), incident=make_incident(service=None))
    assert found is not None
    assert (found.rule_id, found.author) == (KILL_SWITCH, "olivia")
    assert found.reason == (
        "all remediations are stopped since 2026-03-02 09:00 UTC: too many restarts"
    )


def test_a_kill_switch_that_was_switched_off_holds_nothing_back() -> None:
    assert find(kill_switch=builders.make_switch(False)) is None


# --- Time -----------------------------------------------------------------------------------


def test_the_start_is_in_and_the_end_is_out() -> None:
    one = rule()
    assert found_id(one, at=one.starts_at - SECOND) is None
    assert found_id(one, at=one.starts_at) == one.id
    assert found_id(one, at=one.ends_at - SECOND) == one.id
    assert found_id(one, at=one.ends_at) is None


_MOMENTS = st.integers(min_value=-10, max_value=130).map(lambda m: AT + timedelta(minutes=m))


@given(_MOMENTS, st.none() | _MOMENTS)
def test_a_rule_holds_back_from_its_start_to_the_earlier_of_its_ends(
    at: datetime, ended_at: datetime | None
) -> None:
    one = rule(ended_at=ended_at, ended_by="priya", end_reason="done")
    end = min(one.ends_at, ended_at or one.ends_at)
    assert (found_id(one, at=at) is not None) == (one.starts_at <= at < end)


def test_a_rule_is_always_limited() -> None:
    rule(ends_at=AT + MAX_SUPPRESSION)
    with pytest.raises(ValidationError, match="longer than 30 days"):
        rule(ends_at=AT + MAX_SUPPRESSION + SECOND)
    with pytest.raises(ValidationError, match="ends before it starts"):
        rule(ends_at=AT)


# --- Which of several -----------------------------------------------------------------------

_SCOPES = ["expression incident.host == 'web1'", "runbook service-down", "service shop", "all"]


def test_the_most_specific_rule_is_told_and_then_the_first_by_id() -> None:
    rules = [rule(scope, id=f"MUT-{9 - n}") for n, scope in enumerate(_SCOPES)]
    for number in range(len(rules)):
        assert found_id(*rules[number:]) == rules[number].id
    assert found_id(rule(id="MUT-2"), rule(id="MUT-1")) == "MUT-1"


@given(st.lists(st.sampled_from(_SCOPES), max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_rules_does_not_matter(scopes: list[str], order: random.Random) -> None:
    rules = [rule(scope, id=f"MUT-{number}") for number, scope in enumerate(scopes)]
    shuffled = list(rules)
    order.shuffle(shuffled)
    assert find(*rules) == find(*shuffled)
