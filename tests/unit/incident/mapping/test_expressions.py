"""JMESPath over a payload: what is refused when it is written, and what when it runs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.incident.mapping.expressions import (
    MAX_EXPRESSION_CHARACTERS,
    Budget,
    BudgetSpentError,
    MappingExpressionError,
    check_expression,
    evaluate,
)


@pytest.mark.parametrize(
    "text",
    [
        "alert.name",
        "alert.name || body.title || 'no name'",
        "'constant'",
        "`7`",
        "body.alerts[?state == 'open'].{name: title, at: since}",
        "join(', ', alert.tags[*].value)",
        'headers."x-event-id"',
        "sort_by(body.alerts, &severity)[0]",
        "alert | name",
        "merge(alert.a, alert.b, body.c)",
        "not_null(alert.a, alert.b)",
        "[alert.a, body.b]",
        "!alert.ok && alert.x > `3`",
    ],
)
def test_what_sees_alert_body_and_headers_may_be_written(text: str) -> None:
    assert check_expression(text) == text


@pytest.mark.parametrize(
    ("text", "fact", "remedy"),
    [
        ("name", "'name' is not defined", "Write 'alert.name'"),
        ("alert.a || nmae.b", "'nmae' is not defined", "alert.nmae"),
        ("join(',', tags)", "'tags' is not defined", "alert.tags"),
        ("{a: alert.b, c: state}", "'state' is not defined", "alert.state"),
        ("contians(alert.a, 'b')", "no function 'contians'", "Did you mean 'contains'?"),
        ("join(',', alert.a, alert.b)", "another number of values than 3", "jmespath.org"),
        ("merge()", "another number of values than 0", "jmespath.org"),
        ("alert..name", "is no JMESPath", "jmespath.org"),
        ("", "is no JMESPath", "jmespath.org"),
        ("alert.[", "is no JMESPath", "jmespath.org"),
        ("'open", "is no JMESPath", "jmespath.org"),
        ("`open`", "is no JSON", "Write a text as 'text'"),
        ("alert." + "a" * MAX_EXPRESSION_CHARACTERS, "characters", "shorter"),
    ],
)
def test_a_mistake_is_told_with_what_helps(text: str, fact: str, remedy: str) -> None:
    with pytest.raises(MappingExpressionError) as caught:
        check_expression(text)
    assert fact in caught.value.fact
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("text", ["(" * 250 + "alert" + ")" * 249, "[" * 499, "!" * 499 + "a"])
def test_an_expression_nested_without_end_is_a_mistake(text: str) -> None:
    with pytest.raises(MappingExpressionError):
        check_expression(text)


def test_what_is_missing_is_nothing() -> None:
    assert evaluate("alert.a.b[0].c", {"alert": {"a": 7}}, Budget()) is None


@pytest.mark.parametrize(
    "text", ["join(',', alert.x)", "ceil(to_number('1e999'))", "length(`7`)", "sum(alert.x)"]
)
def test_a_function_that_is_given_what_it_does_not_take_is_an_error_of_ours(text: str) -> None:
    with pytest.raises(MappingExpressionError, match="has no value here"):
        evaluate(text, {"alert": {"x": None}}, Budget())


@pytest.mark.parametrize(
    "text",
    [
        "body" + " | to_string([@,@])" * 8,  # each step doubles a text
        "body.list" + " | [@,@][]" * 14,  # each step doubles a list
        "body.list[*].[@,@,@,@,@,@,@,@,@,@][] | [*].to_string(@) | [*].to_string(@)",
    ],
)
def test_work_and_output_have_a_bound(text: str) -> None:
    body = {"list": list(range(10_000)), "text": "x" * 100_000}
    budget = Budget(200_000)
    with pytest.raises(BudgetSpentError):
        evaluate(text, {"body": body}, budget)


def test_the_budget_is_one_for_all_expressions_of_a_delivery() -> None:
    budget, alert = Budget(10), {"alert": {"a": 1}}
    taken = 0
    with pytest.raises(BudgetSpentError):
        taken = sum(evaluate("alert.a", alert, budget) for _ in range(10))
    assert taken == 0
    assert budget.left < 0


@given(
    st.text("alertbodyheaders.[]*?|&@`'\"(),{}:!=<>0123456789 ", max_size=40) | st.text(max_size=20)
)
def test_any_text_is_an_expression_or_a_mistake(text: str) -> None:
    try:
        check_expression(text)
        value: Any = evaluate(text, {"alert": {}, "body": {}, "headers": {}}, Budget())
    except MappingExpressionError as error:
        str(error).encode("utf-8", "replace")
        return
    json.dumps(value, default=str)
