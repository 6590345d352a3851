"""What the records know of the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airmend.records.clock import LATEST_FACTS, latest_time, read_database_clock
from airmend.records.database import Database
from airmend.records.incidents import create_incident
from airmend.records.ledger import append_fact
from airmend.records.model import FactKind
from tests.builders import AT, make_incident


def test_the_databases_clock_is_read_with_its_zone(database: Database) -> None:
    before = datetime.now(UTC)
    with database.session() as session:
        at = read_database_clock(session)
    # SQLite gives milliseconds
    assert before - timedelta(milliseconds=2) <= at <= datetime.now(UTC) + timedelta(milliseconds=2)


def test_the_latest_time_is_that_of_the_newest_facts_and_a_wrong_one_is_forgotten(
    database: Database,
) -> None:
    def add(*times: datetime) -> None:
        with database.session() as session:
            for at in times:
                append_fact(session, FactKind.ALERT_REPEATED, "", at=at, incident_id=incident.id)
                session.flush()

    incident = make_incident()
    with database.session() as session:
        assert latest_time(session) is None
        create_incident(session, incident)
    ahead = AT + timedelta(days=1)
    add(AT, ahead, *[AT] * (LATEST_FACTS - 1))
    with database.session() as session:
        assert latest_time(session) == ahead
    add(AT)
    with database.session() as session:
        assert latest_time(session) == AT
