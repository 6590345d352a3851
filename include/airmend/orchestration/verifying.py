"""Verification: only checks that pass make a change a success.

Called for the change and, after a rollback, for the state before. Safe to repeat: a result that
was recorded stands. Imports nothing of Airflow.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.errors import ExecutionError, VerificationFailedError
from airmend.execution.model import (
    CheckOutcome,
    ExecutionStatus,
    Phase,
    PlaybookEvidence,
    VerificationResult,
)
from airmend.execution.verification import verify
from airmend.orchestration.batching import Work
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.executing import authorise, playbook_variables, run_work
from airmend.records.executions import claim_execution, finish_execution
from airmend.records.model import FactKind
from airmend.runbook.model import AnsibleCheck, HttpCheck

Check = HttpCheck | AnsibleCheck


def verify_change(run: ChangeRun, cancelled: threading.Event) -> dict[str, Any]:
    """Run all checks; only when every one passes has the change succeeded.

    Returns:
        The outcome of each check.

    Raises:
        VerificationFailedError: A check failed or could not look.
        ChangeRefusedError: The change is not one that was executed with approval.
    """
    with run.database.session() as session:
        change = authorise(run, session, Phase.VERIFY)
        run.move(session, ChangeStatus.VERIFYING)
    result, execution_id = run_checks(run, change, Phase.VERIFY, run.runbook.verify, cancelled)
    text = f"Verification {result.outcome.value}: {tell_checks(result)}"
    with run.database.session() as session:
        run.note(session, change, FactKind.VERIFICATION_FINISHED, text, execution=execution_id)
        if result.outcome is CheckOutcome.PASSED:
            run.end(session, ChangeStatus.SUCCEEDED, "verified: the incident is resolved")
    if result.outcome is not CheckOutcome.PASSED:
        raise VerificationFailedError(text)
    return {check.name: check.outcome.value for check in result.checks}


def run_checks(
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
            checks,
            targets=change.targets,
            inputs=change.inputs,
            run_ansible=run_ansible,
            cancelled=cancelled,
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


def tell_checks(result: VerificationResult) -> str:
    """What the checks saw, in one line."""
    told = [
        f"{check.name}{f' on {check.target}' if check.target else ''}: {check.outcome.value}"
        f" ({check.observed})"
        for check in result.checks
    ]
    return "; ".join(told) or "no check was run"
