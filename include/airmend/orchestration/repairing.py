"""The steps of a change: each carried out once, under the stored decision.

Safe to repeat: a step that succeeded is not run again (`executing`). Imports nothing of Airflow.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from airmend.change.model import ChangeStatus
from airmend.errors import ExecutionTimeoutError
from airmend.execution.batches import split_batches
from airmend.execution.model import Execution, ExecutionStatus, Phase
from airmend.orchestration.batching import Work
from airmend.orchestration.change_run import ChangeRun, refusing
from airmend.orchestration.executing import (
    playbook_variables,
    require_success,
    run_work,
    summarise,
)
from airmend.orchestration.sharing import wait_for_share
from airmend.records.executions import list_executions
from airmend.records.model import FactKind
from airmend.runbook.model import Step


def run_step(run: ChangeRun, step_id: str, cancelled: threading.Event) -> dict[str, Any]:
    """Carry out one step, once, and again only as often as the runbook's `retries` allow.

    Returns:
        Attempts, hosts that changed, seconds.

    Raises:
        ExecutionError: The playbook failed on the last attempt, or was stopped.
        ChangeRefusedError: No stored approval covers it; nothing was executed.
    """
    with refusing(run):
        return _run_step(run, step_id, cancelled)


def _run_step(run: ChangeRun, step_id: str, cancelled: threading.Event) -> dict[str, Any]:
    step = next(step for step in run.runbook.steps if step.id == step_id)
    at_once = wait_for_share(run, cancelled)
    with run.database.session() as session:
        change = run.read_change(session)
    limits = run.runbook.change
    work = Work(
        phase=Phase.STEP,
        name=step.id,
        playbook=step.playbook,
        variables=playbook_variables(change, step.vars),
        timeout_seconds=_seconds_left(run, step),
        batches=split_batches(
            [target.name for target in change.targets],
            canary=limits.canary,
            serial=limits.serial,
            at_most=at_once,
        ),
        again=step.retries > 0,
    )

    def begin(session: Session) -> None:
        run.move(session, ChangeStatus.EXECUTING)
        text = f"Step '{step.name}' begins"
        run.note(session, change, FactKind.STEP_STARTED, text, digest=run.digest)

    execution = run_work(run, work, cancelled, begin)
    while _may_try_again(execution, step) and (left := _seconds_left(run, step)) > 0:
        run.log.warning("attempt %d of '%s' failed; trying again", execution.attempt, step.name)
        execution = run_work(run, replace(work, timeout_seconds=left), cancelled)
    _note_step(run, step, execution)
    if execution.status is ExecutionStatus.TIMED_OUT and _seconds_left(run, step) <= 0:
        raise ExecutionTimeoutError(
            f"step '{step.name}' took too long, and the {limits.timeout_seconds} seconds of all "
            "steps together are over. Raise 'timeout_seconds' of the change if it needs more."
        )
    require_success(f"step '{step.name}'", execution)
    return summarise(execution)


def _may_try_again(execution: Execution, step: Step) -> bool:
    failed = execution.status in {ExecutionStatus.FAILED, ExecutionStatus.TIMED_OUT}
    return failed and execution.attempt <= step.retries


def _seconds_left(run: ChangeRun, step: Step) -> float:
    """What a step may take now: its own limit, or what all steps together have left of theirs."""
    with run.database.session() as session:
        executions = list_executions(session, run.change_id)
    begun = [each.started_at for each in executions if each.phase is Phase.STEP]
    used = (run.now() - min(begun)).total_seconds() if begun else 0.0
    return min(step.timeout_seconds, run.runbook.change.timeout_seconds - used)


def _note_step(run: ChangeRun, step: Step, execution: Execution) -> None:
    hosts = ", ".join(execution.playbook.changed_hosts) if execution.playbook else ""
    status = execution.status.value.replace("_", " ")
    text = f"Step '{step.name}' {status}; changed: {hosts or 'nothing'}"
    with run.database.session() as session:
        change = run.read_change(session)
        run.note(
            session, change, FactKind.STEP_FINISHED, text, execution=execution.id, digest=run.digest
        )
