"""What a risk model learns from the records: ended changes with their incident's service."""

from __future__ import annotations

from airmend.change.learning.prediction import history_of
from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.records.changes import create_change, set_change_status
from airmend.records.database import Database
from airmend.records.history import ended_changes
from airmend.records.incidents import create_incident
from airmend.records.standard_tables import CausedIncidentRow
from tests.builders import AT, make_change, make_incident


def test_an_ended_change_comes_with_its_service_and_becomes_an_example(
    database: Database, change: ChangeRequest
) -> None:
    with database.session() as session:
        create_incident(session, make_incident(id="INC-other", fingerprint="f2", service=None))
        create_change(session, make_change(id="CHG-other", incident_id="INC-other", run_id="r2"))
        set_change_status(session, change.id, ChangeStatus.ROLLED_BACK, at=AT)
    with database.session() as session:
        (found,) = ended_changes(session)
    assert found[0].id == change.id
    assert found[1] == make_incident().service
    (example,) = history_of([found]).changes
    assert example.failed is True


def test_an_incident_that_names_no_service_gives_none(database: Database) -> None:
    change = make_change()
    with database.session() as session:
        create_incident(session, make_incident(id=change.incident_id, service=None))
        create_change(session, change)
        set_change_status(session, change.id, ChangeStatus.SUCCEEDED, at=AT)
    with database.session() as session:
        assert [service for _, service in ended_changes(session)] == [""]


def test_a_success_that_brought_an_incident_about_is_a_failure(
    database: Database, change: ChangeRequest
) -> None:
    with database.session() as session:
        set_change_status(session, change.id, ChangeStatus.SUCCEEDED, at=AT)
    with database.session() as session:
        assert [each.status for each, _ in ended_changes(session)] == [ChangeStatus.SUCCEEDED]
        session.add(CausedIncidentRow(change_id=change.id, incident_id="INC-9", at=AT, why="soon"))
    with database.session() as session:
        assert [each.status for each, _ in ended_changes(session)] == [ChangeStatus.FAILED]
