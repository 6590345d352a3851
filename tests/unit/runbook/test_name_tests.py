"""Expressions about the name alone: what is read of them says what the engine would say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.expressions import ExpressionError, PreparedFacts, evaluate
from airmend.runbook.name_tests import names_asked_for
from tests.builders import make_incident


def test_a_list_of_names_is_read_over_lines_and_in_both_quotes() -> None:
    expression = 'incident.name in ["HostDown",\n  \'host "down"\' , ""]\n'
    assert names_asked_for(expression) == frozenset({"HostDown", 'host "down"', ""})


def test_one_name_is_read() -> None:
    assert names_asked_for(" incident.name=='HostDown'") == frozenset({"HostDown"})


@pytest.mark.parametrize(
    "expression",
    [
        "incident.name != 'HostDown'",
        "!(incident.name == 'HostDown')",
        "incident.name == 'HostDown' || true",
        "incident.name == 'HostDown' // 'Other'",
        "incident.name == 'Host\\tDown'",
        "incident.name == r'HostDown'",
        "incident.name == '''HostDown'''",
        'incident.name == """HostDown"""',
        "incident.name in []",
        "incident.name in incident.labels",
        "incident.name == 'Host' + 'Down'",
        "incident.service == 'shop'",
        "incident.names == 'HostDown'",
        "incident.name",
        "",
    ],
)
def test_everything_else_is_left_to_the_engine(expression: str) -> None:
    assert names_asked_for(expression) is None


_PIECES = st.sampled_from(
    [
        *("incident", ".", "name", " ", "\n", "\t", "==", "in", "[", "]", ",", "(", ")"),
        *('"', "'", "\\", "HostDown", '"HostDown"', "'HostDown'", '"Other"', "''", "\x0b", "é"),
    ]
)


@given(
    before=st.sampled_from(["incident.name ==", "incident.name in [", ""]),
    pieces=st.lists(_PIECES, max_size=8),
    after=st.sampled_from(["", "]"]),
    name=st.sampled_from(["HostDown", "Other", "", "hostdown", "é"]) | st.text(max_size=5),
)
def test_what_is_read_is_what_the_engine_says(
    before: str, pieces: list[str], after: str, name: str
) -> None:
    expression = before + "".join(pieces) + after
    names = names_asked_for(expression)
    if names is None:
        return
    facts = PreparedFacts(make_incident(name=name).facts())
    assert evaluate(expression, facts) is (name in names)


@given(name=st.text(max_size=8), literals=st.lists(st.text(max_size=8), min_size=1, max_size=4))
def test_any_name_is_compared_as_the_engine_does(name: str, literals: list[str]) -> None:
    expression = f"incident.name in [{', '.join(chr(34) + each + chr(34) for each in literals)}]"
    names = names_asked_for(expression)
    try:
        value = evaluate(expression, make_incident(name=name).facts())
    except ExpressionError:
        assert names is None, "what the engine refuses is left to it"
        return
    assert names is None or value is (name in names)
