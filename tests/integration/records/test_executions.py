"""A piece of work has one owner at a time, and its result is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from airmend.change.model import ChangeRequest
from airmend.execution.model import ExecutionStatus, Phase
from airmend.records.database import Database
from airmend.records.executions import (
    SILENT_AFTER,
    Claim,
    claim_execution,
    finish_execution,
    list_executions,
    sign_of_life,
)
from tests.builders import AT


def _claim(database: Database, change: ChangeRequest, owner: str, **override: Any) -> Claim:
    fields: dict[str, Any] = {"task_id": "restart", "owner": owner, "now": AT} | override
    with database.session() as session:
        return claim_execution(session, change.id, Phase.STEP, "restart", **fields)


def _finish(database: Database, claim: Claim, owner: str, status: ExecutionStatus) -> bool:
    with database.session() as session:
        return finish_execution(session, claim.execution.id, owner, status, at=AT)


def test_one_of_many_that_start_at_once_does_the_work(
    database: Database, change: ChangeRequest
) -> None:
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda n: _claim(database, change, f"owner-{n}"), range(8)))
    assert [claim.mine for claim in claims].count(True) == 1
    assert {claim.execution.id for claim in claims} == {claims[0].execution.id}


def test_work_that_succeeded_is_never_done_again(database: Database, change: ChangeRequest) -> None:
    first = _claim(database, change, "a")
    _finish(database, first, "a", ExecutionStatus.SUCCEEDED)
    again = _claim(database, change, "b", again=True)
    assert not again.mine
    assert again.execution.status is ExecutionStatus.SUCCEEDED


def test_work_that_failed_is_done_again_only_when_that_is_allowed(
    database: Database, change: ChangeRequest
) -> None:
    first = _claim(database, change, "a")
    _finish(database, first, "a", ExecutionStatus.FAILED)
    assert not _claim(database, change, "b").mine
    second = _claim(database, change, "b", again=True)
    assert second.mine
    assert second.execution.attempt == 2


def test_work_that_was_stopped_begins_again_when_its_task_does(
    database: Database, change: ChangeRequest
) -> None:
    first = _claim(database, change, "a")
    _finish(database, first, "a", ExecutionStatus.CANCELLED)
    second = _claim(database, change, "b")
    assert second.mine
    assert second.execution.attempt == 2


def test_an_owner_that_shows_life_keeps_its_work(database: Database, change: ChangeRequest) -> None:
    first = _claim(database, change, "a")
    later = AT + SILENT_AFTER
    with database.session() as session:
        assert sign_of_life(session, first.execution.id, "a", later)
    assert not _claim(database, change, "b", now=later + timedelta(seconds=1)).mine


def test_work_of_an_owner_that_fell_silent_is_taken_over_and_said_so(
    database: Database, change: ChangeRequest
) -> None:
    first = _claim(database, change, "a")
    second = _claim(database, change, "b", now=AT + SILENT_AFTER)
    assert second.mine
    with database.session() as session:
        statuses = [each.status for each in list_executions(session, change.id)]
        assert statuses == [ExecutionStatus.INTERRUPTED, ExecutionStatus.RUNNING]
        assert not sign_of_life(session, first.execution.id, "a", AT)
    assert not _finish(database, first, "a", ExecutionStatus.SUCCEEDED)
