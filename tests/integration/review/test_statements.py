"""What people state for the authority: recorded once, in order, and never of the future."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from airmend.errors import StatementError, UnknownIncidentError
from airmend.records.database import Database
from airmend.records.ledger import read_story
from airmend.records.model import FactKind
from airmend.records.statements import record_classification, record_submission
from tests.integration.review.stored import store_facts
from tests.unit.review.scenarios import later, resolved_standard

KINDS = (FactKind.INCIDENT_CLASSIFIED, FactKind.AUTHORITY_INFORMED)


@pytest.fixture
def stored(database: Database) -> Database:
    with database.session() as session:
        store_facts(session, resolved_standard())
    return database


def classify(
    database: Database,
    at: float = 60,
    *,
    incident: str = "inc-0001",
    is_major: bool = True,
    aware_at: datetime | None = None,
    now: float = 100,
) -> bool:
    with database.session() as session:
        return record_classification(
            session,
            incident,
            is_major=is_major,
            stated_at=later(at),
            aware_at=aware_at,
            by="olga",
            reason="clients cannot pay",
            at=later(now),
        )


def submit(database: Database, report: str, at: float, *, reference: str = "") -> bool:
    with database.session() as session:
        return record_submission(
            session,
            "inc-0001",
            report,
            stated_at=later(at),
            by="olga",
            reference=reference,
            at=later(100),
        )


def stated(database: Database) -> list[tuple[str, dict[str, object]]]:
    with database.session() as session:
        story = read_story(session, "inc-0001")
    return [(fact.text, fact.evidence) for fact in story if fact.kind in KINDS]


def test_a_statement_is_a_fact_with_its_time_and_the_person_in_the_text_alone(
    stored: Database,
) -> None:
    assert classify(stored)
    assert submit(stored, "initial", 70, reference="BaFin-77")
    assert stated(stored) == [
        (
            "Classified as major by olga: clients cannot pay",
            {"major": True, "stated_at": later(60).isoformat()},
        ),
        (
            "The initial report was sent to the authority by olga, who calls it BaFin-77",
            {"report": "initial", "stated_at": later(70).isoformat(), "reference": "BaFin-77"},
        ),
    ]


def test_the_same_statement_is_recorded_once_and_a_correction_again(stored: Database) -> None:
    assert [classify(stored), classify(stored, now=101)] == [True, False]
    assert classify(stored, is_major=False)
    assert classify(stored, now=102)  # back again: that is news
    assert len(stated(stored)) == 3


def test_only_what_was_done_counts(stored: Database) -> None:
    assert [classify(stored, 99), classify(stored, 100)] == [True, True]
    with pytest.raises(StatementError, match="has not come yet"):
        classify(stored, 101)


def test_nobody_classifies_what_nobody_is_aware_of(stored: Database) -> None:
    assert classify(stored, aware_at=later(60))
    with pytest.raises(StatementError, match="aware of"):
        classify(stored, aware_at=later(60) + timedelta(seconds=1))


def test_an_incident_that_is_not_there_is_an_error(stored: Database) -> None:
    with pytest.raises(UnknownIncidentError):
        classify(stored, incident="inc-none")


def test_reports_are_sent_in_their_order_about_a_major_incident(stored: Database) -> None:
    with pytest.raises(StatementError, match="not classified as major"):
        submit(stored, "initial", 70)
    classify(stored, is_major=False)
    with pytest.raises(StatementError, match="not classified as major"):
        submit(stored, "initial", 70)
    classify(stored)
    with pytest.raises(StatementError, match="no initial report"):
        submit(stored, "intermediate", 70)
    submit(stored, "initial", 70)
    with pytest.raises(StatementError, match="no initial report"):
        submit(stored, "intermediate", 69)
    assert submit(stored, "intermediate", 70)  # both at once is allowed
    assert submit(stored, "intermediate", 75)
    with pytest.raises(StatementError, match="no intermediate report"):
        submit(stored, "final", 74)
    assert submit(stored, "final", 80)
