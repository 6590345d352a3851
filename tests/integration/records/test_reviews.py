"""Reviews in the records: one deadline, one verdict, sealed, and kept until it is given."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from airmend.audit.pruning import prune
from airmend.change.model import ChangeStatus, ChangeType, Choice
from airmend.incident.model import IncidentStatus
from airmend.records.audit_tables import LeafRow
from airmend.records.changes import create_change
from airmend.records.database import Database
from airmend.records.emergency_tables import HandRequestRow
from airmend.records.hand_requests import change_under_way, get_request, store_request
from airmend.records.incidents import create_incident
from airmend.records.ledger import append_fact
from airmend.records.model import FactKind, HandRequest, ReviewVerdict
from airmend.records.reviews import (
    complete_review,
    completed_reviews,
    find_review,
    open_review,
    open_reviews,
    overdue_review,
    tell_overdue,
)
from airmend.records.situation import load_situation
from airmend.records.starts import record_start
from tests.builders import AT, make_alert, make_change, make_incident
from tests.integration.audit.stories import seal_all

DUE = AT + timedelta(days=1)
REQUEST = HandRequest(
    change_id="chg-0001",
    requested_by="ada",
    at=AT,
    reason="nobody answers",
    is_emergency=True,
    choice=Choice.HAND,
    unmet=["it is not true"],
)


@pytest.fixture
def records(database: Database) -> Database:
    """An ended emergency change that owes a review."""
    change = make_change(
        change_type=ChangeType.EMERGENCY,
        requested_by="ada",
        status=ChangeStatus.SUCCEEDED,
        ended_at=AT,
    )
    with database.session() as session:
        create_incident(session, make_incident(status=IncidentStatus.REMEDIATED, closed_at=AT))
        create_change(session, change)
        store_request(session, REQUEST)
        record_start(session, change.id, runbook_id="service-down", service="shop", at=AT)
        for _ in range(2):
            open_review(session, change, at=AT, due_at=DUE)
    return database


def complete(database: Database, by: str = "vera") -> bool:
    with database.session() as session:
        return complete_review(
            session,
            "chg-0001",
            by=by,
            verdict=ReviewVerdict.JUSTIFIED,
            notes="it was right",
            at=DUE,
        )


def test_a_request_and_a_review_are_read_as_they_were_written(records: Database) -> None:
    with records.session() as session:
        assert get_request(session, "chg-0001") == REQUEST
        assert get_request(session, "chg-0002") is None
        assert change_under_way(session, "inc-0001") is None
        (review,) = open_reviews(session)
        assert (review.opened_at, review.due_at, review.verdict) == (AT, DUE, None)
        assert completed_reviews(session, limit=5) == []


@pytest.mark.parametrize(("seconds", "overdue"), [(-1, False), (0, True), (1, True)])
def test_it_is_overdue_from_its_deadline_on(records: Database, seconds: int, overdue: bool) -> None:
    now = DUE + timedelta(seconds=seconds)
    with records.session() as session:
        assert (overdue_review(session, "service-down", now) is not None) == overdue
        assert overdue_review(session, "another", now) is None
        assert [each.is_overdue(now) for each in open_reviews(session)] == [overdue]
        assert len(tell_overdue(session, now)) == overdue
        assert tell_overdue(session, now) == []


def test_the_first_verdict_stands(records: Database) -> None:
    assert complete(records)
    assert not complete(records, "eve")
    with records.session() as session:
        review = find_review(session, "chg-0001")
        assert review is not None
        assert review.reviewed_by == "vera"
        assert overdue_review(session, "service-down", DUE + timedelta(days=9)) is None


def test_a_request_a_review_and_its_verdict_are_sealed(records: Database) -> None:
    seal_all(records)
    complete(records)
    seal_all(records)
    with records.session() as session:
        kinds = set(session.scalars(select(LeafRow.kind)))
    assert {"hand_request", "review", "review_end"} <= kinds


def test_an_incident_that_owes_a_review_is_not_pruned_before_it(records: Database) -> None:
    later = AT + timedelta(days=400)
    with records.session() as session:  # the newest fact stays, whatever its age
        create_incident(session, make_incident(id="inc-0002", fingerprint="other"))
    seal_all(records)
    with records.session() as session:
        assert prune(session, later, by="officer", at=later).rows == {}
    complete(records)
    with records.session() as session:
        append_fact(session, FactKind.ALERT_REPEATED, "again", at=later, incident_id="inc-0002")
    seal_all(records)
    with records.session() as session:
        rows = prune(session, later, by="officer", at=later).rows
        assert (rows["changes"], rows["reviews"], rows["hand_requests"]) == (1, 1, 1)
        assert session.get(HandRequestRow, "chg-0001") is None


def test_intake_sees_the_change_that_was_requested_last(database: Database) -> None:
    alert = make_alert()
    with database.session() as session:
        create_incident(session, make_incident())
        for number, hours in ((1, 0), (2, 2), (3, 1)):
            create_change(
                session,
                make_change(
                    id=f"chg-{number}",
                    run_id=f"run-{number}",
                    requested_at=AT + timedelta(hours=hours),
                ),
            )
    with database.session() as session:
        situation = load_situation(session, [], [alert])
        standing = situation.standing("inc-0001")
    assert standing is not None
    assert standing.change is not None
    assert standing.change.id == "chg-2"
