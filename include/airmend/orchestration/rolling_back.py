"""The rollback: the state before is brought back, verified, or handed to people.

Runs when the repair failed or did not help. A rollback that fails locks its runbook. Imports
nothing of Airflow.
"""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy.orm import Session

from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.errors import (
    ChangeRefusedError,
    ExecutionCancelledError,
    ExecutionError,
    VerificationFailedError,
)
from airmend.execution.model import CheckOutcome, Phase
from airmend.orchestration.batching import Work
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.executing import (
    authorise,
    playbook_variables,
    require_success,
    run_work,
    summarise,
)
from airmend.orchestration.verifying import run_checks, tell_checks
from airmend.records.executions import list_executions
from airmend.records.ledger import read_story
from airmend.records.model import FactKind
from airmend.records.runbooks import lock_runbook
from airmend.runbook.model import Rollback


def roll_back(run: ChangeRun, cancelled: threading.Event) -> dict[str, Any] | None:
    """Bring the state before back, verify that, and lock the runbook when it cannot be done.

    Returns:
        What was done; None when nothing of the change had been executed.

    Raises:
        VerificationFailedError: The state before is not back; the runbook is locked.
        ExecutionError: The same, since the rollback's playbook failed.
        ExecutionCancelledError: It was stopped; it may be started again.
    """
    with run.database.session() as session:
        change = run.read_change(session)
        executions = list_executions(session, change.id)
    if change.status.is_final or not any(each.phase is Phase.STEP for each in executions):
        return None
    rollback = run.runbook.rollback
    if rollback is None:
        reason = f"the change did not help and has no rollback: {run.runbook.change.irreversible}"
        with run.database.session() as session:  # nothing to go back to is no reason for a lock
            run.end(session, ChangeStatus.FAILED, reason)
        raise VerificationFailedError(reason)
    try:
        with run.database.session() as session:
            authorise(run, session, Phase.ROLLBACK)
            run.move(session, ChangeStatus.ROLLING_BACK)
            run.note(session, change, FactKind.ROLLBACK_STARTED, "Rollback begins")
        return _roll_back(run, change, rollback, cancelled)
    except ExecutionCancelledError:
        raise  # the task may be tried again; where it is not, the report locks the runbook
    except (ExecutionError, VerificationFailedError, ChangeRefusedError) as error:
        _fail_and_lock(run, change, f"the rollback failed: {error}")
        raise


def _roll_back(
    run: ChangeRun, change: ChangeRequest, rollback: Rollback, cancelled: threading.Event
) -> dict[str, Any]:
    work = Work(
        phase=Phase.ROLLBACK,
        name="rollback",
        playbook=rollback.playbook,
        variables=playbook_variables(change, rollback.vars),
        timeout_seconds=rollback.timeout_seconds,
        batches=[[target.name for target in change.targets]],
    )
    execution = run_work(run, work, cancelled)
    require_success("the rollback's playbook", execution)
    result, execution_id = run_checks(
        run, change, Phase.ROLLBACK_VERIFY, rollback.verify, cancelled
    )
    text = f"Rollback {result.outcome.value}: {tell_checks(result)}"
    with run.database.session() as session:
        run.note(session, change, FactKind.ROLLBACK_FINISHED, text, execution=execution_id)
        if result.outcome is CheckOutcome.PASSED:
            reason = f"{_why(session, change)}; the state before is back"
            run.end(session, ChangeStatus.ROLLED_BACK, reason)
    if result.outcome is not CheckOutcome.PASSED:
        raise VerificationFailedError(text)
    return summarise(execution)


def _why(session: Session, change: ChangeRequest) -> str:
    """Why a change is rolled back: it did not help, or was not allowed to go on."""
    for fact in reversed(read_story(session, change.incident_id)):
        if fact.kind is FactKind.EXECUTION_REFUSED and fact.change_id == change.id:
            return f"the change was stopped before its end ({fact.text.removeprefix('Refused: ')})"
    return "the change did not resolve the incident"


def _fail_and_lock(run: ChangeRun, change: ChangeRequest, reason: str) -> None:
    with run.database.session() as session:
        lock_runbook(session, change.runbook_id, reason=reason, change_id=change.id, at=run.now())
        run.note(
            session,
            change,
            FactKind.RUNBOOK_LOCKED,
            f"Runbook {change.runbook_id} is locked until a person has looked: {reason}",
        )
        run.end(session, ChangeStatus.FAILED, reason)
