"""Starts are counted by one transaction at a time, so that a budget is not overdrawn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from airmend.change.model import ChangeRequest
from airmend.records.changes import create_change
from airmend.records.database import Database
from airmend.records.starts import list_starts, queue_for_start, record_start, was_started
from tests.builders import AT, make_change

LIMIT = 3


def _begin(database: Database, change_id: str) -> bool:
    with database.session() as session:
        queue_for_start(session)
        if len(list_starts(session, since=AT - timedelta(hours=1))) >= LIMIT:
            return False
        record_start(session, change_id, runbook_id="service-down", service="shop", at=AT)
        return True


def test_of_many_that_begin_at_once_as_many_do_as_the_limit_allows(
    database: Database, change: ChangeRequest
) -> None:
    ids = [f"CHG-{number}" for number in range(100, 108)]
    with database.session() as session:
        for each in ids:
            create_change(
                session, make_change(id=each, run_id=each, incident_id=change.incident_id)
            )
    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(lambda each: _begin(database, each), ids))
    assert begun.count(True) == LIMIT
    with database.session() as session:
        assert len(list_starts(session, since=AT - timedelta(hours=1))) == LIMIT
        assert [was_started(session, each) for each in ids] == begun


def test_a_start_fades_after_its_hour(database: Database, change: ChangeRequest) -> None:
    assert _begin(database, change.id)
    with database.session() as session:
        assert list_starts(session, since=AT - timedelta(seconds=1)) == [
            ("service-down", "shop", AT)
        ]
        assert list_starts(session, since=AT) == []
