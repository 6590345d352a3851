"""Upkeep takes up what was left: each task, whatever became of the one before."""

from __future__ import annotations

from airmend.orchestration.upkeep import build_upkeep_dag


def test_every_task_runs_whatever_happened_before() -> None:
    tasks = {task.task_id: task for task in build_upkeep_dag().tasks}
    assert set(tasks) == {"start_waiting_runs", "close_ended_changes", "settle_trust"}
    assert tasks["close_ended_changes"].upstream_task_ids == {"start_waiting_runs"}
    assert tasks["settle_trust"].upstream_task_ids == {"close_ended_changes"}
    assert {task.trigger_rule for task in tasks.values() if task.upstream_task_ids} == {"all_done"}
