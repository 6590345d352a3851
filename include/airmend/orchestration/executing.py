"""Playbooks are run under a claim, with a sign of life, and always leave a record.

Safe to repeat and to kill: a piece of work is claimed in the records before Ansible starts,
so that a second start waits for the first one or takes its result, and only goes to work
itself when the first owner has fallen silent. Imports nothing of Airflow.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from airmend.change.guard import authorise_execution
from airmend.change.model import ChangeRequest
from airmend.errors import (
    ExecutionCancelledError,
    ExecutionError,
    ExecutionTimeoutError,
    StoreUnavailableError,
)
from airmend.execution.ansible import PlaybookRequest, run_playbook
from airmend.execution.evidence import combine_evidence
from airmend.execution.model import Execution, ExecutionStatus, Phase, PlaybookEvidence
from airmend.orchestration.change_run import ChangeRun
from airmend.records.changes import get_decision
from airmend.records.executions import (
    Claim,
    claim_execution,
    finish_execution,
    sign_of_life,
)
from airmend.records.leases import holds_leases
from airmend.records.runbooks import get_archive
from airmend.runbook.archive import unpack_archive

SIGN_OF_LIFE_SECONDS = 5.0
SHORTEST_SECONDS = 1.0  # for a playbook that is begun at all
WAIT_FOR_OWNER_SECONDS = 1.0


@dataclass(frozen=True)
class Work:
    """One playbook of a change, as a task wants it run."""

    phase: Phase
    name: str
    playbook: str
    variables: dict[str, Any]
    timeout_seconds: float  # for all batches; where none is left, nothing is begun
    batches: Sequence[Sequence[str]]  # host names, batch by batch
    check_mode: bool = False
    again: bool = False  # a failed earlier attempt may be followed by this one


def playbook_variables(change: ChangeRequest, variables: Mapping[str, Any]) -> dict[str, Any]:
    """What a playbook is given: the inputs, the runbook's own `vars`, and whose work it is."""
    return {
        **change.inputs,
        **variables,
        "airmend_change_id": change.id,
        "airmend_incident_id": change.incident_id,
    }


def run_work(run: ChangeRun, work: Work, cancelled: threading.Event) -> Execution:
    """Do a piece of work once, and give its record.

    Raises:
        ExecutionCancelledError: It was stopped; what was done so far is recorded.
        ChangeRefusedError: It may not be done; nothing was executed.
    """
    claim = _claim_or_wait(run, work, cancelled)
    if not claim.mine:
        run.log.info("%s was done before, its result stands", work.name)
        return claim.execution
    status, evidence = ExecutionStatus.FAILED, None
    try:
        with _showing_life(run, claim.execution.id, cancelled):
            evidence = _run_batches(run, work, cancelled)
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


def _claim_or_wait(run: ChangeRun, work: Work, cancelled: threading.Event) -> Claim:
    while True:
        with run.database.session() as session:
            if not work.check_mode:
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
            )
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
    change = run.read_change(session)
    now = run.now()
    authorise_execution(
        change,
        decision=get_decision(session, change.id),
        incident=run.read_incident(session),
        runbook_digest=run.digest,
        leases_held=holds_leases(
            session, change.id, [target.name for target in change.targets], now=now
        ),
        phase=phase,
    )
    return change


def _run_batches(run: ChangeRun, work: Work, cancelled: threading.Event) -> PlaybookEvidence:
    with run.database.session() as session:
        archive = get_archive(session, run.digest)
    project = unpack_archive(archive, run.digest, run.settings.versions_path)
    parts: list[PlaybookEvidence] = []
    deadline = run.now() + timedelta(seconds=work.timeout_seconds)
    for number, hosts in enumerate(work.batches, start=1):
        if len(work.batches) > 1:
            run.log.info("batch %d of %d: %s", number, len(work.batches), ", ".join(hosts))
        left = (deadline - run.now()).total_seconds()
        if left <= 0:
            raise _time_is_over(work, hosts, parts)
        try:
            parts.append(
                run_playbook(
                    PlaybookRequest(
                        project_dir=project,
                        playbook=work.playbook,
                        inventory=run.settings.inventory,
                        hosts=list(hosts),
                        variables=work.variables,
                        check_mode=work.check_mode,
                        timeout_seconds=max(left, SHORTEST_SECONDS),
                    ),
                    cancelled=cancelled,
                    on_line=lambda line: run.log.info("%s", line),
                    now=run.now,
                )
            )
        except ExecutionError as error:
            if error.evidence is not None:
                error.evidence = combine_evidence([*parts, error.evidence])
            raise
        if parts[-1].status is not ExecutionStatus.SUCCEEDED:
            break  # the hosts that are left stay as they are
    return combine_evidence(parts)


def _time_is_over(
    work: Work, hosts: Sequence[str], parts: Sequence[PlaybookEvidence]
) -> ExecutionTimeoutError:
    """The error for a batch that is not begun, with what the batches before it did."""
    message = f"{work.name} is not begun on {', '.join(hosts)}: its time is over"
    ended = {"status": ExecutionStatus.TIMED_OUT, "message": message}
    evidence = combine_evidence(parts).model_copy(update=ended) if parts else None
    return ExecutionTimeoutError(message, evidence)


@contextmanager
def _showing_life(run: ChangeRun, execution_id: int, cancelled: threading.Event) -> Iterator[None]:
    """Say every few seconds that the work goes on; stop the work when the claim is lost."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(SIGN_OF_LIFE_SECONDS):
            try:
                with run.database.session() as session:
                    mine = sign_of_life(session, execution_id, run.owner, run.now())
            except StoreUnavailableError as error:
                # half a playbook is worse than one without a sign of life; once the records
                # are back, they say whether it is still ours
                run.log.warning("no sign of life could be given: %s", error)
                continue
            if not mine:
                run.log.error("another process took this work over; stopping")
                cancelled.set()
                return

    thread = threading.Thread(target=beat, name="sign-of-life", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


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
