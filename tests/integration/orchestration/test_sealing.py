"""Sealing has a DAG and may have a queue of its own, so that nothing waits for its worker."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from airmend.orchestration import services
from airmend.orchestration.sealing import SealRecordsOperator, build_sealing_dag
from airmend.orchestration.upkeep import build_upkeep_dag
from airmend.records.audit_tables import LeafRow
from airmend.records.database import Database
from airmend.settings import get_settings
from tests.integration.audit.stories import RECORDS, record_story


@pytest.mark.parametrize("named", ["", "sealing"])
def test_the_seal_is_made_where_the_settings_say(
    named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRMEND_AUDIT_QUEUE", named)
    get_settings.cache_clear()
    (task,) = build_sealing_dag().tasks
    get_settings.cache_clear()
    anywhere = build_upkeep_dag().get_task("settle_trust").queue
    assert task.queue == (named or anywhere)


def test_what_a_crash_left_is_taken_up_while_the_worker_that_seals_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One run of a DAG is made at a time: a task without a worker would hold the next one back."""
    monkeypatch.setenv("AIRMEND_AUDIT_QUEUE", "sealing")
    get_settings.cache_clear()
    upkeep, sealing = build_upkeep_dag(), build_sealing_dag()
    get_settings.cache_clear()
    assert upkeep.max_active_runs == sealing.max_active_runs == 1
    assert upkeep.dag_id != sealing.dag_id
    assert "sealing" not in {task.queue for task in upkeep.tasks}


def test_the_task_seals_what_was_recorded(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AIRMEND_HOME", str(tmp_path))
    monkeypatch.setattr(services, "open_records", lambda: database)
    get_settings.cache_clear()
    record_story(database)
    task = SealRecordsOperator(task_id="seal_records")
    assert [task.execute({}) for _ in range(2)] == [RECORDS, 0]
    get_settings.cache_clear()
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(LeafRow)) == RECORDS
    assert (tmp_path / "audit/checkpoints").is_file()
