"""A runbook whose rollback failed is locked until a person says why it may run again."""

from __future__ import annotations

from airmend.change.model import ChangeRequest
from airmend.records.database import Database
from airmend.records.ledger import read_story
from airmend.records.runbooks import list_locks, lock_reason, lock_runbook, unlock_runbook
from tests.builders import AT


def _lock(database: Database, change: ChangeRequest, reason: str) -> None:
    with database.session() as session:
        lock_runbook(session, change.runbook_id, reason=reason, change_id=change.id, at=AT)


def test_the_first_reason_of_a_lock_stays(database: Database, change: ChangeRequest) -> None:
    _lock(database, change, "the rollback failed")
    _lock(database, change, "another one failed too")
    with database.session() as session:
        assert lock_reason(session, change.runbook_id) == "the rollback failed"
        assert [lock.runbook_id for lock in list_locks(session)] == [change.runbook_id]


def test_who_unlocked_a_runbook_and_why_stays_in_the_story(
    database: Database, change: ChangeRequest
) -> None:
    _lock(database, change, "the rollback failed")
    with database.session() as session:
        lock = unlock_runbook(session, change.runbook_id, by="olivia", reason="looked", at=AT)
    assert lock is not None
    with database.session() as session:
        assert lock_reason(session, change.runbook_id) is None
        texts = [fact.text for fact in read_story(session, change.incident_id)]
    assert texts == [f"Runbook {change.runbook_id} is unlocked by olivia: looked"]


def test_unlocking_what_is_not_locked_changes_nothing(
    database: Database, change: ChangeRequest
) -> None:
    with database.session() as session:
        nothing = unlock_runbook(session, change.runbook_id, by="olivia", reason="x", at=AT)
        assert nothing is None
        assert read_story(session, change.incident_id) == []
