"""Preflight: the steps' playbooks in check mode, on the real targets, before anyone approves.

What Ansible says it would change is evidence for the approver. A playbook that fails already in
check mode, or a host that cannot be reached, ends the change before anything was touched.
Imports nothing of Airflow.
"""

from __future__ import annotations

import threading
from typing import Any

from airmend.change.model import ChangeStatus
from airmend.errors import ChangeRefusedError
from airmend.execution.model import Execution, ExecutionStatus, Phase, PlaybookEvidence
from airmend.orchestration.batching import Work
from airmend.orchestration.change_run import ChangeRun, refusing
from airmend.orchestration.executing import playbook_variables, run_work
from airmend.records.model import FactKind


def run_preflight(
    run: ChangeRun, cancelled: threading.Event, *, anew: bool = False
) -> dict[str, Any]:
    """Run every step's playbook in check and diff mode; safe to repeat, nothing is changed.

    Args:
        run: The change.
        cancelled: Set when the task is to stop.
        anew: Look once more where check mode was run before: time has passed since.

    Returns:
        Per step: its coverage in check mode and the hosts that would change.

    Raises:
        ChangeRefusedError: A playbook failed in check mode; the change is ended as refused.
    """
    with refusing(run):
        return _run_steps(run, cancelled, anew)


def _run_steps(run: ChangeRun, cancelled: threading.Event, anew: bool) -> dict[str, Any]:
    with run.database.session() as session:
        change = run.read_change(session)
    hosts = [target.name for target in change.targets]
    summary: dict[str, Any] = {}
    for step in run.runbook.steps:
        work = Work(
            phase=Phase.PREFLIGHT,
            name=step.id,
            playbook=step.playbook,
            variables=playbook_variables(change, step.vars),
            timeout_seconds=step.timeout_seconds,
            batches=[hosts],
            check_mode=True,
            anew=anew,
        )
        execution = run_work(run, work, cancelled)
        evidence = execution.playbook
        if execution.status is not ExecutionStatus.SUCCEEDED or evidence is None:
            _refuse(run, step.name, execution)
        else:
            summary[step.id] = _summarise(evidence)
            _note(run, step.name, evidence, execution.id)
    return summary


def _note(run: ChangeRun, step: str, evidence: PlaybookEvidence, execution_id: int) -> None:
    proven = evidence.tasks_total - evidence.tasks_skipped
    changed = ", ".join(evidence.changed_hosts) or "no host"
    text = (
        f"Preflight of '{step}': would change {changed}; "
        f"{proven} of {evidence.tasks_total} tasks proven in check mode"
    )
    with run.database.session() as session:
        change = run.read_change(session)
        run.note(
            session,
            change,
            FactKind.PREFLIGHT_FINISHED,
            text,
            execution=execution_id,
            digest=run.digest,
        )


def _refuse(run: ChangeRun, step: str, execution: Execution) -> None:
    message = execution.playbook.message if execution.playbook else "no evidence was recorded"
    reason = f"the preflight of '{step}' {execution.status.value.replace('_', ' ')}: {message}"
    with run.database.session() as session:
        change = run.read_change(session)
        run.note(session, change, FactKind.PREFLIGHT_FINISHED, reason, execution=execution.id)
        run.end(session, ChangeStatus.REFUSED, reason)
    raise ChangeRefusedError(reason)


def _summarise(evidence: PlaybookEvidence) -> dict[str, Any]:
    return {
        "would_change": evidence.changed_hosts,
        "tasks_total": evidence.tasks_total,
        "tasks_skipped": evidence.tasks_skipped,
        "diff_lines": evidence.diff.count("\n") + 1 if evidence.diff else 0,
        "seconds": round(evidence.seconds, 2),
    }
