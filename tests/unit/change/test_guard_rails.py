"""Budgets and the circuit breaker: each guard at its limit, one under and one over."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.change.guard_rails import (
    GuardRails,
    Starts,
    check_budgets,
    is_circuit_open,
)
from airmend.change.model import FAILED_CHANGE_STATUSES, ChangeStatus
from airmend.errors import BudgetSpentError
from tests.unit.change.builders import NOW

RAILS = GuardRails()
NONE: list[datetime] = []


def begun(count: int) -> list[datetime]:
    """Times within the last hour, oldest first."""
    return [NOW - timedelta(minutes=10 * n) for n in range(count, 0, -1)]


def check(starts: Starts) -> None:
    check_budgets(starts, RAILS, runbook_id="service-down", service="shop")


@pytest.mark.parametrize(
    ("starts", "what"),
    [
        (Starts(begun(3), NONE, NONE), "3 changes of runbook service-down"),
        (Starts(begun(4), NONE, NONE), "4 changes of runbook service-down"),
        (Starts(NONE, begun(3), NONE), "3 changes of service shop"),
        (Starts(NONE, NONE, begun(10)), "10 changes of the fleet"),
    ],
)
def test_a_budget_that_is_spent_refuses_the_next_change(starts: Starts, what: str) -> None:
    with pytest.raises(BudgetSpentError, match=what):
        check(starts)


def test_below_every_limit_a_change_may_begin() -> None:
    check(Starts(begun(2), begun(2), begun(9)))


def test_the_refusal_says_when_the_next_may_begin() -> None:
    with pytest.raises(BudgetSpentError, match="the next may begin at 10:30:00 UTC"):
        check(Starts(begun(3), NONE, NONE))


S, F, R = ChangeStatus.SUCCEEDED, ChangeStatus.FAILED, ChangeStatus.ROLLED_BACK


@pytest.mark.parametrize(
    ("outcomes", "is_open"),
    [
        ([], False),
        ([F], False),
        ([F, S], False),
        ([S, F], False),
        ([F, R], True),
        ([S, R, F], True),
        ([F, F, S], False),
    ],
)
def test_two_failures_in_a_row_open_the_circuit(
    outcomes: list[ChangeStatus], is_open: bool
) -> None:
    assert is_circuit_open(outcomes, RAILS) is is_open


@given(st.lists(st.sampled_from([S, F, R])), st.integers(1, 5))
def test_a_success_always_closes_the_circuit(outcomes: list[ChangeStatus], limit: int) -> None:
    rails = GuardRails(failures_in_a_row=limit)
    assert not is_circuit_open([*outcomes, S], rails)
    assert is_circuit_open([*outcomes, *[F] * limit], rails)
    assert frozenset({F, R}) == FAILED_CHANGE_STATUSES
