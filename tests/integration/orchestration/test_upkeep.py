"""Upkeep takes up what was left, and then seals what was recorded, whatever came before."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from airmend.orchestration import services
from airmend.orchestration.upkeep import SealRecordsOperator, build_upkeep_dag
from airmend.records.audit_tables import LeafRow
from airmend.records.database import Database
from airmend.settings import get_settings
from tests.integration.audit.stories import RECORDS, record_story


def test_sealing_is_the_last_task_and_runs_whatever_happened_before() -> None:
    dag = build_upkeep_dag()
    assert dag.get_task("seal_records").upstream_task_ids == {"settle_trust"}
    assert dag.get_task("settle_trust").upstream_task_ids == {"close_ended_changes"}
    assert dag.get_task("seal_records").trigger_rule == "all_done"


@pytest.mark.parametrize("named", ["", "sealing"])
def test_the_seal_is_made_where_the_settings_say_and_the_rest_anywhere(
    named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRMEND_AUDIT_QUEUE", named)
    get_settings.cache_clear()
    dag = build_upkeep_dag()
    get_settings.cache_clear()
    anywhere = dag.get_task("settle_trust").queue
    assert dag.get_task("seal_records").queue == (named or anywhere)
    assert {task.queue for task in dag.tasks if task.task_id != "seal_records"} == {anywhere}


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
