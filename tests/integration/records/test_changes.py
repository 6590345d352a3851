"""A change moves on, ends once, and has one decision."""

from __future__ import annotations

from datetime import timedelta

from airmend.change.model import ChangeRequest, ChangeStatus, Decision, Verdict
from airmend.records.changes import (
    change_of_run,
    changes_under_way,
    changes_without_run,
    get_change,
    get_decision,
    mark_run_created,
    record_decision,
    set_change_status,
)
from airmend.records.database import Database
from tests.builders import AT


def _decision(change: ChangeRequest, verdict: Verdict, by: str) -> Decision:
    return Decision(
        change_id=change.id,
        verdict=verdict,
        decided_by=by,
        decided_at=AT,
        asked_at=AT,
        basis="answered",
        comment="",
        content_hash=change.content_hash(),
    )


def test_a_change_comes_back_as_it_was_stored(database: Database, change: ChangeRequest) -> None:
    with database.session() as session:
        assert get_change(session, change.id) == change


def test_a_change_is_found_by_its_run_and_a_made_up_run_has_none(
    database: Database, change: ChangeRequest
) -> None:
    with database.session() as session:
        assert change_of_run(session, change.dag_id, change.run_id) == change
        assert change_of_run(session, change.dag_id, "manual__2026") is None
        assert change_of_run(session, "another-runbook", change.run_id) is None


def test_a_change_waits_in_the_outbox_until_its_run_exists(
    database: Database, change: ChangeRequest
) -> None:
    with database.session() as session:
        assert [each.id for each in changes_without_run(session)] == [change.id]
        assert mark_run_created(session, change.id, AT)
        assert not mark_run_created(session, change.id, AT)
    with database.session() as session:
        assert changes_without_run(session) == []
        assert [each.id for each in changes_under_way(session)] == [change.id]


def test_the_first_end_of_a_change_stands(database: Database, change: ChangeRequest) -> None:
    later = AT + timedelta(minutes=1)
    with database.session() as session:
        assert set_change_status(
            session, change.id, ChangeStatus.REJECTED, at=AT, reason="rejected by olivia"
        )
        assert not set_change_status(session, change.id, ChangeStatus.SUCCEEDED, at=later)
    with database.session() as session:
        ended = get_change(session, change.id)
    assert (ended.status, ended.ended_at) == (ChangeStatus.REJECTED, AT)
    assert ended.reason == "rejected by olivia"


def test_the_first_decision_stands(database: Database, change: ChangeRequest) -> None:
    with database.session() as session:
        record_decision(session, _decision(change, Verdict.REJECTED, "olivia"))
    with database.session() as session:
        stands = record_decision(session, _decision(change, Verdict.APPROVED, "priya"))
    assert (stands.verdict, stands.decided_by) == (Verdict.REJECTED, "olivia")
    with database.session() as session:
        assert get_decision(session, change.id) == stands
