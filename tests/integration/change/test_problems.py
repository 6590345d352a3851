"""What comes back after it was repaired counts as a failure, and is a problem for people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from airmend.change.model import ChangeStatus
from airmend.change.policy import Policy
from airmend.change.recurrence import settle_recurrences
from airmend.incident.model import IncidentStatus
from airmend.records.history import ended_changes, latest_outcomes
from airmend.records.ledger import append_fact, read_story
from airmend.records.model import FactKind, Problem
from airmend.records.problems import close_problem, list_problems
from airmend.records.recurrences import find_recurred
from airmend.records.runbooks import lock_reason
from tests.integration.change.test_granting import NAME, Shop
from tests.integration.change.test_granting import shop as shop  # noqa: PLC0414 - a fixture

HORIZON = Policy().standard.horizon


def problems(shop: Shop, *, closed: bool = False) -> list[Problem]:
    with shop.database.session() as session:
        return list_problems(session, closed=closed)


def settle(shop: Shop) -> int:
    with shop.database.session() as session:
        return settle_recurrences(session, Policy(), now=shop.now)


def come_back(shop: Shop, after: timedelta = timedelta(minutes=5), **what: Any) -> str:
    """A change succeeds, and the same alert of its host opens another incident."""
    change = shop.end()
    assert change.ended_at is not None
    shop.now = change.ended_at + after
    shop.incident(f"BACK-{change.id}", **({"host": change.targets[0].name} | what))
    settle(shop)
    return change.id


@pytest.mark.parametrize(("after", "opened"), [(HORIZON, 1), (HORIZON + timedelta(seconds=1), 0)])
def test_what_comes_back_within_the_horizon_opens_a_problem(
    shop: Shop, after: timedelta, opened: int
) -> None:
    change = come_back(shop, after)
    found = problems(shop)
    assert len(found) == opened
    if opened:
        assert found[0].id == "PRB-1"
        assert list(found[0].changes) == [change]
        with shop.database.session() as session:
            (fact,) = [
                fact
                for fact in read_story(session, f"BACK-{change}")
                if fact.kind is FactKind.PROBLEM_OPENED
            ]
        assert "the cause is still there" in fact.text


def test_it_counts_as_a_failure_from_then_on(shop: Shop) -> None:
    change = come_back(shop)
    shop.end()
    with shop.database.session() as session:
        assert find_recurred(session, [change, "CHG-2"]) == {change}
        assert latest_outcomes(session, NAME, 2) == [ChangeStatus.FAILED, ChangeStatus.SUCCEEDED]
        statuses = [each.status for each, _ in ended_changes(session)]
    assert statuses == [ChangeStatus.FAILED, ChangeStatus.SUCCEEDED]


def test_two_in_a_row_open_the_circuit(shop: Shop) -> None:
    come_back(shop)
    with shop.database.session() as session:
        assert lock_reason(session, NAME) is None
    come_back(shop)
    with shop.database.session() as session:
        assert lock_reason(session, NAME) == "its last 2 changes did not help, the latest is CHG-2"


def test_a_runbook_has_one_open_problem_that_every_return_is_counted_under(shop: Shop) -> None:
    changes = [come_back(shop), come_back(shop)]
    assert settle(shop) == 0  # nothing is counted twice
    (problem,) = problems(shop)
    assert list(problem.changes) == changes


def test_a_person_closes_it_and_the_next_return_is_another_one(shop: Shop) -> None:
    first = come_back(shop)
    with shop.database.session() as session:
        closed = close_problem(
            session, "PRB-1", by="olga", reason="the leak is mended", at=shop.now
        )
        again = close_problem(session, "PRB-1", by="olga", reason="again", at=shop.now)
    assert closed is not None
    assert again is None
    assert problems(shop) == []
    second = come_back(shop)
    assert [list(each.changes) for each in problems(shop)] == [[second]]
    assert [list(each.changes) for each in problems(shop, closed=True)] == [[second], [first]]
    with shop.database.session() as session:
        texts = [f.text for f in read_story(session, "INC-1") if f.kind is FactKind.PROBLEM_CLOSED]
    assert texts == ["Problem PRB-1 is closed by olga: the leak is mended"]


def test_another_error_on_the_same_host_is_no_return(shop: Shop) -> None:
    come_back(shop, name="DiskFull")
    assert problems(shop) == []


def test_the_same_incident_that_opens_again_is_one(shop: Shop) -> None:
    change = shop.end()
    with shop.database.session() as session:
        append_fact(
            session,
            FactKind.INCIDENT_REOPENED,
            "It fires again",
            at=shop.now,
            incident_id=change.incident_id,
        )
    assert settle(shop) == 1
    assert [each.changes for each in problems(shop)] == [{change.id: change.incident_id}]


def test_what_is_held_back_counts_for_nothing(shop: Shop) -> None:
    come_back(shop, status=IncidentStatus.SUPPRESSED)
    assert problems(shop) == []
