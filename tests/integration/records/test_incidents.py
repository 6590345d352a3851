"""Incidents are opened once, counted exactly, and ended once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError, NoResultFound

from airmend.errors import StoreUnavailableError
from airmend.incident.model import Incident, IncidentStatus, MatchRejection
from airmend.records.database import Database
from airmend.records.deliveries import count_rejection, rejection_counts
from airmend.records.incidents import (
    create_incident,
    find_incident,
    get_incident,
    list_incidents,
    set_incident_status,
)
from airmend.records.members import list_members
from tests.builders import AT, make_incident

HOUR = timedelta(hours=1)


def store(database: Database, *incidents: Incident) -> None:
    with database.session() as session:
        for incident in incidents:
            create_incident(session, incident)


def test_an_incident_comes_back_as_it_was_stored(database: Database) -> None:
    incident = make_incident(
        status=IncidentStatus.UNMATCHED,
        rejections=[MatchRejection(runbook_id="service-down", reason="no")],
    )
    store(database, incident)
    with database.session() as session:
        assert get_incident(session, incident.id) == incident
        assert find_incident(session, "inc-none") is None
        with pytest.raises(NoResultFound):
            get_incident(session, "inc-none")


def test_a_fingerprint_has_one_open_incident_at_most(database: Database) -> None:
    store(database, make_incident(id="inc-1"))
    with pytest.raises(IntegrityError):
        store(database, make_incident(id="inc-2", status=IncidentStatus.UNMATCHED))
    store(database, make_incident(id="inc-3", status=IncidentStatus.CLOSED))


def test_the_newest_come_first_up_to_a_limit(database: Database) -> None:
    statuses = [IncidentStatus.CLOSED, IncidentStatus.UNMATCHED, IncidentStatus.CLOSED]
    store(
        database,
        *[
            make_incident(id=f"inc-{number}", status=status, opened_at=AT + number * HOUR)
            for number, status in enumerate(statuses)
        ],
    )
    with database.session() as session:
        newest = [incident.id for incident in list_incidents(session, limit=2)]
        closed = [incident.id for incident in list_incidents(session, status=statuses[0])]
    assert newest == ["inc-2", "inc-1"]
    assert closed == ["inc-2", "inc-0"]


def test_an_end_has_a_time_and_keeps_its_first_one(database: Database) -> None:
    incident = make_incident()
    store(database, incident)
    for hours, status in enumerate(
        [IncidentStatus.ESCALATED, IncidentStatus.REMEDIATED, IncidentStatus.CLOSED]
    ):
        with database.session() as session:
            set_incident_status(session, incident.id, status, at=AT + hours * HOUR)
            stored = get_incident(session, incident.id)
            assert stored.status is status
            assert stored.closed_at == (AT + HOUR if hours else None)


def test_the_members_of_an_incident_are_open_as_long_as_it_is(database: Database) -> None:
    incident = make_incident()
    store(database, incident)
    for status in (IncidentStatus.ESCALATED, IncidentStatus.CLOSED, IncidentStatus.UNMATCHED):
        with database.session() as session:
            set_incident_status(session, incident.id, status, at=AT)
            (member,) = list_members(session, [incident.id])[incident.id]
            assert member.is_open is status.is_open
            assert (member.is_primary, member.fingerprint) == (True, incident.fingerprint)


def test_no_rejection_is_lost_when_many_count_at_once(database: Database) -> None:
    def count(_: int) -> None:
        with database.session() as session:
            count_rejection(session, "generic", "signature", at=AT)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(40)))
    with database.session() as session:
        assert rejection_counts(session) == {("generic", "signature"): 40}


def test_records_without_a_free_connection_are_unavailable(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database.engine.pool, "_timeout", 0.01)
    with ExitStack() as busy:
        for _ in range(15):
            busy.enter_context(database.engine.connect())
        with pytest.raises(StoreUnavailableError), database.session() as session:
            list_incidents(session)
