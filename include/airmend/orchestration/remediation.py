"""The steps, the verification and the rollback of a change.

Every function looks the stored decision up before Ansible starts (`executing.authorise`) and
leaves a record whatever happens. Imports nothing of Airflow.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.errors import (
    ChangeRefusedError,
    ExecutionError,
    ExecutionTimeoutError,
    NotAuthorisedError,
    VerificationFailedError,
)
from airmend.execution.batches import split_batches
from airmend.execution.model import (
    CheckOutcome,
    Execution,
    ExecutionStatus,
    Phase,
    PlaybookEvidence,
    VerificationResult,
)
from airmend.execution.verification import verify
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.executing import Work, authorise, playbook_variables, run_work
from airmend.records.executions import (
    claim_execution,
    finish_execution,
    list_executions,
)
from airmend.records.model import FactKind
from airmend.records.runbooks import lock_runbook
from airmend.runbook.model import AnsibleCheck, HttpCheck, Rollback, Step

Check = HttpCheck | AnsibleCheck


def run_step(run: ChangeRun, step_id: str, cancelled: threading.Event) -> dict[str, Any]:
    """Carry out one step, once, and again only as often as the runbook's `retries` allow.

    Returns:
        Attempts, hosts that changed, seconds.

    Raises:
        ExecutionError: The playbook failed on the last attempt, or was stopped.
        ChangeRefusedError: No stored approval covers it; nothing was executed.
    """
    step = next(step for step in run.runbook.steps if step.id == step_id)
    with run.database.session() as session:
        change = _authorised(run, session, Phase.STEP)
        run.move(session, ChangeStatus.EXECUTING)
        run.note(
            session, change, FactKind.STEP_STARTED, f"Step '{step.name}' begins", digest=run.digest
        )
    limits = run.runbook.change
    work = Work(
        phase=Phase.STEP,
        name=step.id,
        playbook=step.playbook,
        variables=playbook_variables(change, step.vars),
        timeout_seconds=_seconds_left(run, step),
        batches=split_batches(
            [target.name for target in change.targets], canary=limits.canary, serial=limits.serial
        ),
        again=step.retries > 0,
    )
    execution = run_work(run, work, cancelled)
    while _may_try_again(execution, step) and (left := _seconds_left(run, step)) > 0:
        run.log.warning("attempt %d of '%s' failed; trying again", execution.attempt, step.name)
        execution = run_work(run, replace(work, timeout_seconds=left), cancelled)
    _note_step(run, step, execution)
    if execution.status is ExecutionStatus.TIMED_OUT and _seconds_left(run, step) <= 0:
        raise ExecutionTimeoutError(
            f"step '{step.name}' took too long, and the {limits.timeout_seconds} seconds of all "
            "steps together are over. Raise 'timeout_seconds' of the change if it needs more."
        )
    _require_success(f"step '{step.name}'", execution)
    return _summarise(execution)


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


def verify_change(run: ChangeRun, cancelled: threading.Event) -> dict[str, Any]:
    """Run all checks; only when every one passes has the change succeeded.

    Returns:
        The outcome of each check.

    Raises:
        VerificationFailedError: A check failed or could not look.
        ChangeRefusedError: The change is not one that was executed with approval.
    """
    with run.database.session() as session:
        change = _authorised(run, session, Phase.VERIFY)
        run.move(session, ChangeStatus.VERIFYING)
    result, execution_id = _run_checks(run, change, Phase.VERIFY, run.runbook.verify, cancelled)
    text = f"Verification {result.outcome.value}: {_tell_checks(result)}"
    with run.database.session() as session:
        run.note(session, change, FactKind.VERIFICATION_FINISHED, text, execution=execution_id)
        if result.outcome is CheckOutcome.PASSED:
            run.end(session, ChangeStatus.SUCCEEDED, "verified: the incident is resolved")
    if result.outcome is not CheckOutcome.PASSED:
        raise VerificationFailedError(text)
    return {check.name: check.outcome.value for check in result.checks}


def roll_back(run: ChangeRun, cancelled: threading.Event) -> dict[str, Any] | None:
    """Bring the state before back, verify that, and lock the runbook when it cannot be done.

    Returns:
        What was done; None when nothing of the change had been executed.

    Raises:
        VerificationFailedError: The state before is not back; the runbook is locked.
        ExecutionError: The same, since the rollback's playbook failed or was stopped.
    """
    with run.database.session() as session:
        change = run.read_change(session)
        executions = list_executions(session, change.id)
    if change.status.is_final or not any(each.phase is Phase.STEP for each in executions):
        return None
    rollback = run.runbook.rollback
    if rollback is None:
        reason = f"the change did not help and has no rollback: {run.runbook.change.irreversible}"
        _fail_and_lock(run, change, reason)
        raise VerificationFailedError(reason)
    try:
        with run.database.session() as session:
            _authorised(run, session, Phase.ROLLBACK)
            run.move(session, ChangeStatus.ROLLING_BACK)
            run.note(session, change, FactKind.ROLLBACK_STARTED, "Rollback begins")
        return _roll_back(run, change, rollback, cancelled)
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
    _require_success("the rollback's playbook", execution)
    result, execution_id = _run_checks(
        run, change, Phase.ROLLBACK_VERIFY, rollback.verify, cancelled
    )
    text = f"Rollback {result.outcome.value}: {_tell_checks(result)}"
    with run.database.session() as session:
        run.note(session, change, FactKind.ROLLBACK_FINISHED, text, execution=execution_id)
        if result.outcome is CheckOutcome.PASSED:
            reason = "the change did not resolve the incident; the state before is back"
            run.end(session, ChangeStatus.ROLLED_BACK, reason)
    if result.outcome is not CheckOutcome.PASSED:
        raise VerificationFailedError(text)
    return _summarise(execution)


def _run_checks(
    run: ChangeRun,
    change: ChangeRequest,
    phase: Phase,
    checks: Sequence[Check],
    cancelled: threading.Event,
) -> tuple[VerificationResult, int]:
    """Run checks under a claim of their own; a result that was recorded before stands."""
    with run.database.session() as session:
        claim = claim_execution(
            session,
            change.id,
            phase,
            phase.value,
            task_id=run.task_id,
            owner=run.owner,
            now=run.now(),
            again=True,
        )
    if claim.execution.verification is not None and not claim.mine:
        return claim.execution.verification, claim.execution.id

    def run_ansible(check: AnsibleCheck) -> PlaybookEvidence:
        work = Work(
            phase=Phase.CHECK,
            name=check.name if phase is Phase.VERIFY else f"after rollback: {check.name}",
            playbook=check.playbook,
            variables=playbook_variables(change, check.vars),
            timeout_seconds=check.deadline_seconds,
            batches=[[target.name for target in change.targets]],
            again=True,
        )
        evidence = run_work(run, work, cancelled).playbook
        if evidence is None:
            raise ExecutionError(f"check '{check.name}' left no evidence")
        return evidence

    status, result = ExecutionStatus.FAILED, None
    try:
        result = verify(
            checks, targets=change.targets, inputs=change.inputs, run_ansible=run_ansible
        )
        if result.outcome is CheckOutcome.PASSED:
            status = ExecutionStatus.SUCCEEDED
    finally:
        with run.database.session() as session:
            finish_execution(
                session,
                claim.execution.id,
                run.owner,
                status,
                at=run.now(),
                verification=result,
            )
    return result, claim.execution.id


def _authorised(run: ChangeRun, session: Any, phase: Phase) -> ChangeRequest:
    try:
        return authorise(run, session, phase)
    except NotAuthorisedError as error:
        run.log.error("nothing is executed: %s", error)
        raise


def _require_success(what: str, execution: Execution) -> None:
    if execution.status is ExecutionStatus.SUCCEEDED:
        return
    message = execution.playbook.message if execution.playbook else "no evidence was recorded"
    text = f"{what} {execution.status.value.replace('_', ' ')}: {message}"
    if execution.status is ExecutionStatus.TIMED_OUT:
        raise ExecutionTimeoutError(text)
    raise ExecutionError(text)


def _note_step(run: ChangeRun, step: Step, execution: Execution) -> None:
    hosts = ", ".join(execution.playbook.changed_hosts) if execution.playbook else ""
    status = execution.status.value.replace("_", " ")
    text = f"Step '{step.name}' {status}; changed: {hosts or 'nothing'}"
    with run.database.session() as session:
        change = run.read_change(session)
        run.note(
            session, change, FactKind.STEP_FINISHED, text, execution=execution.id, digest=run.digest
        )


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


def _tell_checks(result: VerificationResult) -> str:
    told = [
        f"{check.name}{f' on {check.target}' if check.target else ''}: {check.outcome.value}"
        f" ({check.observed})"
        for check in result.checks
    ]
    return "; ".join(told) or "no check was run"


def _summarise(execution: Execution) -> dict[str, Any]:
    evidence = execution.playbook
    return {
        "attempts": execution.attempt,
        "changed": evidence.changed_hosts if evidence else [],
        "seconds": round(evidence.seconds, 2) if evidence else None,
    }
