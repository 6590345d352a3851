"""A person closes an incident, and the record says who and why."""

from __future__ import annotations

import pytest

from airmend.incident.model import IncidentStatus
from airmend.records.database import Database
from airmend.records.incidents import close_incident, create_incident, get_incident
from airmend.records.ledger import read_story
from tests.builders import AT, make_incident


@pytest.mark.parametrize("status", [IncidentStatus.ESCALATED, IncidentStatus.UNMATCHED])
def test_an_open_incident_is_closed_with_who_and_why(
    database: Database, status: IncidentStatus
) -> None:
    with database.session() as session:
        create_incident(session, make_incident(status=status))
        close_incident(session, "inc-0001", by="olivia", reason="disk replaced", at=AT)
    with database.session() as session:
        closed = get_incident(session, "inc-0001")
        texts = [fact.text for fact in read_story(session, "inc-0001")]
    assert (closed.status, closed.closed_at) == (IncidentStatus.CLOSED, AT)
    assert texts == ["Closed by olivia: disk replaced"]


@pytest.mark.parametrize("status", [IncidentStatus.REMEDIATING, IncidentStatus.REMEDIATED])
def test_what_is_under_way_or_over_stays_as_it_is(
    database: Database, status: IncidentStatus
) -> None:
    with database.session() as session:
        create_incident(session, make_incident(status=status))
        assert close_incident(session, "inc-0001", by="olivia", reason="x", at=AT) is status
        assert get_incident(session, "inc-0001").status is status
        assert read_story(session, "inc-0001") == []


def test_an_unknown_incident_is_said_to_be_unknown(database: Database) -> None:
    with database.session() as session:
        assert close_incident(session, "inc-none", by="olivia", reason="x", at=AT) is None
