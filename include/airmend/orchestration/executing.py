"""Playbooks are run under a claim, with a sign of life, and always leave a record.

Safe to repeat and to kill: a piece of work is claimed in the records before Ansible starts,
so that a second start waits for the first one or takes its result, and only goes to work
itself when the first owner has fallen silent. Imports nothing of Airflow.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from airmend.change.guard import authorise_execution
from airmend.change.model import ChangeRequest
from airmend.errors import (
    ExecutionCancelledError,
    ExecutionError,
    ExecutionTimeoutError,
)
from airmend.execution.model import Execution, ExecutionStatus, Phase
from airmend.orchestration.batching import Work, run_batches
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.clock_check import refuse_wrong_clock
from airmend.orchestration.emergencies import refuse_broken_glass
from airmend.orchestration.opening import refuse_closed
from airmend.orchestration.sign_of_life import showing_life
from airmend.orchestration.signatures import find_unsigned, refuse_unsigned
from airmend.orchestration.standing import find_withdrawal
from airmend.orchestration.suppressing import find_suppression_of, refuse_suppressed
from airmend.records.changes import get_decision
from airmend.records.executions import Claim, claim_execution, finish_execution
from airmend.records.leases import holds_leases

WAIT_FOR_OWNER_SECONDS = 1.0

Begin = Callable[[Session], None]


def playbook_variables(change: ChangeRequest, variables: Mapping[str, Any]) -> dict[str, Any]:
    """What a playbook is given: the inputs, the runbook's own `vars`, and whose work it is."""
    return {
        **change.inputs,
        **variables,
        "airmend_change_id": change.id,
        "airmend_incident_id": change.incident_id,
    }


def run_work(
    run: ChangeRun,
    work: Work,
    cancelled: threading.Event,
    begin: Begin = lambda _session: None,
) -> Execution:
    """Do a piece of work once, and give its record.

    Args:
        run: The change.
        work: What is to be done.
        cancelled: Set when it is to be stopped.
        begin: Called in the transaction that claims the work, where it is this process's to do.

    Raises:
        ExecutionCancelledError: It was stopped; what was done so far is recorded.
        ChangeRefusedError: It may not be done; nothing was executed.
    """
    claim = _claim_or_wait(run, work, cancelled, begin)
    if not claim.mine:
        run.log.info("%s was done before, its result stands", work.name)
        return claim.execution
    status, evidence = ExecutionStatus.FAILED, None
    try:
        with showing_life(run, claim.execution.id, cancelled):
            evidence = run_batches(run, work, cancelled)
            status = evidence.status
    except ExecutionTimeoutError as error:
        status, evidence = ExecutionStatus.TIMED_OUT, error.evidence
    except ExecutionCancelledError as error:
        status, evidence = ExecutionStatus.CANCELLED, error.evidence
        raise
    finally:
        with run.database.session() as session:
            finish_execution(
                session, claim.execution.id, run.owner, status, at=run.now(), playbook=evidence
            )
    return claim.execution.model_copy(
        update={"status": status, "playbook": evidence, "ended_at": run.now()}
    )


def _claim_or_wait(run: ChangeRun, work: Work, cancelled: threading.Event, begin: Begin) -> Claim:
    while True:
        with run.database.session() as session:
            if work.check_mode:
                refuse_suppressed(run, session)
                refuse_unsigned(run, session)
            else:
                authorise(run, session, work.phase)
            claim = claim_execution(
                session,
                run.change_id,
                work.phase,
                work.name,
                task_id=run.task_id,
                owner=run.owner,
                now=run.now(),
                again=work.again,
                anew=work.anew,
            )
            if claim.mine:
                begin(session)
        if claim.mine or claim.execution.status is not ExecutionStatus.RUNNING:
            return claim
        run.log.info("%s is under way in another process; waiting for its end", work.name)
        if cancelled.wait(WAIT_FOR_OWNER_SECONDS):
            raise ExecutionCancelledError(f"stopped while waiting for {work.name}")


def authorise(run: ChangeRun, session: Session, phase: Phase) -> ChangeRequest:
    """Look the stored decision up and refuse whatever it does not cover.

    Called in the transaction that claims the work, by every task that changes something: a
    task marked as a success by hand, or a run started by hand, gets no further than this.

    Raises:
        ChangeRefusedError: With the reason.
    """
    is_step = phase is Phase.STEP
    if is_step:
        refuse_wrong_clock(run, session)
    change = run.read_change(session)
    now = run.now()
    decision = get_decision(session, change.id)
    withdrawn = find_withdrawal(run, session, change, decision) if is_step else None
    authorise_execution(
        change,
        decision=decision,
        incident=run.read_incident(session),
        runbook_digest=run.digest,
        leases_held=holds_leases(
            session, change.id, [target.name for target in change.targets], now=now
        ),
        phase=phase,
        suppression=find_suppression_of(run, session) if is_step else None,
        withdrawn=withdrawn,
        unsigned=find_unsigned(run, session) if is_step and withdrawn is None else None,
        glass_refusal=refuse_broken_glass(run, session, change) if is_step else None,
    )
    if is_step:
        refuse_closed(run, session, change)
    return change


def require_success(what: str, execution: Execution) -> None:
    """Return when an execution succeeded.

    Raises:
        ExecutionTimeoutError: It took too long.
        ExecutionError: It failed, or was stopped.
    """
    if execution.status is ExecutionStatus.SUCCEEDED:
        return
    message = execution.playbook.message if execution.playbook else "no evidence was recorded"
    text = f"{what} {execution.status.value.replace('_', ' ')}: {message}"
    if execution.status is ExecutionStatus.TIMED_OUT:
        raise ExecutionTimeoutError(text)
    raise ExecutionError(text)


def summarise(execution: Execution) -> dict[str, Any]:
    """What XCom shows of an execution."""
    evidence = execution.playbook
    return {
        "attempts": execution.attempt,
        "changed": evidence.changed_hosts if evidence else [],
        "seconds": round(evidence.seconds, 2) if evidence else None,
    }
