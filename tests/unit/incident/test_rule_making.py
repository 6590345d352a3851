"""How rules are asked for: always limited, never for all by accident, with who and why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from airmend.errors import SuppressionError
from airmend.incident.model import (
    MAX_SUPPRESSION,
    Scope,
    ScopeKind,
    SuppressionKind,
    SuppressionRule,
)
from airmend.incident.rule_making import make_rule, make_scope, make_switch
from tests import builders
from tests.builders import AT

SECOND = timedelta(seconds=1)


def ask(scope: str = "service shop", **override: Any) -> SuppressionRule:
    kind, _, value = scope.partition(" ")
    fields: dict[str, Any] = {
        "starts_at": None,
        "ends_at": AT + timedelta(hours=1),
        "author": "olivia",
        "reason": "the disk is being replaced",
        "now": AT,
        "new_id": "00000001",
    }
    one = Scope(kind=ScopeKind(kind), value=value)
    return make_rule(SuppressionKind.MUTE, one, **(fields | override))


def test_a_rule_begins_now_unless_it_says_when() -> None:
    assert ask() == builders.make_rule()
    later = AT + timedelta(minutes=30)
    assert ask(starts_at=later).starts_at == later


def test_a_start_by_a_clock_that_is_slow_is_now() -> None:
    assert ask(starts_at=AT - timedelta(minutes=5)).starts_at == AT


@pytest.mark.parametrize(
    ("override", "field", "fact"),
    [
        ({"starts_at": AT - timedelta(minutes=6)}, "starts_at", "in the past"),
        ({"starts_at": AT + timedelta(days=366)}, "starts_at", "days away"),
        ({"ends_at": AT}, "ends_at", "not after the start"),
        ({"ends_at": AT - SECOND}, "ends_at", "not after the start"),
        ({"ends_at": AT + MAX_SUPPRESSION + SECOND}, "ends_at", "more than 30 days"),
        ({"reason": " \n"}, "reason", "is empty"),
        ({"reason": "x" * 501}, "reason", "501 characters"),
        ({"author": ""}, "author", "is empty"),
        ({"scope": "service " + "x" * 201}, "scope", "201 characters"),
        ({"scope": "expression incident.hots == 'a'"}, "scope", "Did you mean 'host'?"),
        ({"scope": "expression name == 'a'"}, "scope", "Write 'incident.name'."),
        ({"scope": "expression ("}, "scope", "is not a CEL expression"),
    ],
)
def test_a_rule_that_is_not_usable_is_refused_with_the_field(
    override: dict[str, Any], field: str, fact: str
) -> None:
    with pytest.raises(SuppressionError) as caught:
        ask(**override)
    assert caught.value.field == field
    assert fact in caught.value.fact


def test_what_people_write_becomes_one_line_that_can_be_stored_and_shown() -> None:
    made = ask(reason="disk\n\x1b[31mreplaced \ud800", author=" olivia\t")
    assert (made.reason, made.author) == ("disk [31mreplaced \N{REPLACEMENT CHARACTER}", "olivia")
    entry = make_switch(True, by="olivia", reason="a\nb", now=AT)
    assert entry.reason == "a b"


def test_a_stop_without_a_reason_is_refused() -> None:
    with pytest.raises(SuppressionError, match="reason: is empty"):
        make_switch(True, by="olivia", reason=" ", now=AT)


@pytest.mark.parametrize("kind", [ScopeKind.SERVICE, ScopeKind.RUNBOOK, ScopeKind.EXPRESSION])
def test_an_empty_scope_is_refused_since_it_never_means_all(kind: ScopeKind) -> None:
    with pytest.raises(SuppressionError, match=f"scope: the {kind.value} is empty, and that never"):
        make_scope(kind, " ")
    with pytest.raises(SuppressionError, match="scope: 'all' takes no value"):
        make_scope(ScopeKind.ALL, "shop")
