"""CEL over an incident: what lint finds, and that no data can make it blow up."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.expressions import (
    FACT_FIELDS,
    MAX_EXPRESSION_CHARACTERS,
    ExpressionError,
    MissingFactError,
    PreparedFacts,
    check_expression,
    evaluate,
)
from tests.builders import make_incident


def test_expressions_see_the_fields_that_an_incident_gives() -> None:
    assert tuple(make_incident().facts()) == FACT_FIELDS


@pytest.mark.parametrize(
    "text",
    [
        "incident.name == 'A' && incident.severity in ['critical', 'error']",
        "has(incident.labels.job) && incident.labels.job.startsWith('shop')",
        "incident.labels.exists(key, key.matches('^x'))",
        "incident.summary.contains('the incident.nmae and foo are text here')",
        "size(incident.labels) > 0  // incident.nmae",
        "incident.labels['job'] == r'a\\b'",
        "int(incident.labels.value) > 90",
        "[1, 2].all(x, [3].exists(y, x < y))",
    ],
)
def test_a_good_expression_has_no_mistake(text: str) -> None:
    check_expression(text)


@pytest.mark.parametrize(
    ("text", "fact", "remedy"),
    [
        ("incident.name ==", "is not a CEL expression", "cel.dev"),
        ("", "is not a CEL expression", "cel.dev"),
        ("name == 'A'", "'name' is not defined", "Write 'incident.name'."),
        ("incident.name == ServiceDown", "'ServiceDown' is not defined", "put it in quotes"),
        ("incident.nmae == 'A'", "an incident has no field 'nmae'", "Did you mean 'name'?"),
        ("incident.job == 'A'", "an incident has no field 'job'", "incident.labels.job"),
        ("incident.name.startswith('A')", "no function 'startswith'", "Did you mean 'startsWith'?"),
        ("incident.name.lower() == 'a'", "no function 'lower'", "There are: "),
        ("[1].all(x, x < y)", "'y' is not defined", "quotes"),
        ("'" + "a" * MAX_EXPRESSION_CHARACTERS + "'", "characters", "Split it"),
    ],
)
def test_a_mistake_in_an_expression_has_a_remedy(text: str, fact: str, remedy: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        check_expression(text)
    assert fact in caught.value.fact
    assert remedy in caught.value.remedy


def test_a_label_that_is_not_there_is_named() -> None:
    with pytest.raises(MissingFactError, match="the incident has no 'mountpoint'"):
        evaluate("incident.labels.mountpoint == '/'", make_incident().facts())


@pytest.mark.parametrize(
    "text",
    [
        "incident.name > 3",
        "incident.labels ? 1 : 2",
        "1 / size(incident.annotations.none)",
        "int(incident.name)",
        "incident.name.matches(incident.summary)",
        "9223372036854775807 + size(incident.name)",
        "[1][size(incident.name)]",
    ],
)
def test_an_expression_without_a_value_is_an_expression_error(text: str) -> None:
    facts = make_incident(summary="(").facts()
    facts["annotations"] = {"none": ""}
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, facts)
    assert "\n" not in caught.value.fact
    assert len(caught.value.fact) <= 220


def test_text_that_is_not_unicode_is_an_expression_error() -> None:
    with pytest.raises(ExpressionError):
        evaluate("incident.name == 'A'", {"name": "\ud800"})


@pytest.mark.parametrize(
    "part", ["1+", "!", "-", "(", "[", "true?1:", "true&&", "incident.", "[1].map(x,x)."]
)
def test_the_longest_expression_cannot_exhaust_the_stack(part: str) -> None:
    text = (part * MAX_EXPRESSION_CHARACTERS)[: MAX_EXPRESSION_CHARACTERS - 1] + "1"
    with contextlib.suppress(ExpressionError):
        evaluate(text, {})


_EXPRESSIONS = [
    "incident.name == incident.host",
    "incident.labels.job.matches('(a+)+$')",
    "incident.labels.exists(key, incident.labels[key] == key)",
    "size(incident.summary) > 3 || int(incident.labels.value) < 2",
    "timestamp(incident.summary) < timestamp('2026-01-01T00:00:00Z')",
    "duration(incident.summary) < duration('1h')",
]


@given(
    st.sampled_from(_EXPRESSIONS),
    st.fixed_dictionaries(
        {
            "name": st.text(),
            "host": st.text(),
            "summary": st.text() | st.from_regex(r"[0-9]{1,25}[hms]"),
            "labels": st.dictionaries(st.sampled_from(["job", "value", "x"]), st.text()),
        }
    ),
)
def test_no_data_makes_an_expression_blow_up(text: str, facts: dict[str, Any]) -> None:
    with contextlib.suppress(ExpressionError):
        assert isinstance(evaluate(text, facts), bool)


def test_prepared_facts_answer_many_expressions_as_plain_ones_do() -> None:
    facts = make_incident(labels={"a": "1"}).facts()
    prepared = PreparedFacts(facts)
    for text in ("incident.labels.a", "size(incident.name)", "incident.labels.a == '1'"):
        assert evaluate(text, prepared) == evaluate(text, facts)
    with pytest.raises(MissingFactError, match="'b'"):
        evaluate("incident.labels.b", prepared)
    assert evaluate("incident.labels.a", prepared) == "1"


def test_facts_that_the_engine_cannot_take_fail_each_expression() -> None:
    prepared = PreparedFacts({"name": "\ud800"})
    for _ in range(2):
        with pytest.raises(ExpressionError):
            evaluate("incident.name == 'A'", prepared)
