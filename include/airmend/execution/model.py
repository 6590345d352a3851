"""The words of execution: what Ansible ran, what it changed, and what the checks saw.

Called by every room below the doors; imports pydantic and the standard library alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Phase(StrEnum):
    """Which part of a change an execution belongs to."""

    PREFLIGHT = "preflight"
    STEP = "step"
    VERIFY = "verify"
    ROLLBACK = "rollback"
    ROLLBACK_VERIFY = "rollback_verify"
    CHECK = "check"  # a playbook that one of the two verifications runs


class ExecutionStatus(StrEnum):
    """How an execution stands; ansible-runner's words are translated once, in `ansible.py`."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"  # its process died; found out later


class TaskOutcome(StrEnum):
    """What one Ansible task did on one host."""

    OK = "ok"
    CHANGED = "changed"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    SKIPPED = "skipped"


class TaskEvidence(BaseModel):
    """One Ansible task on one host, redacted."""

    model_config = ConfigDict(frozen=True)

    event_id: str  # ansible-runner's uuid of the event
    at: datetime
    host: str
    task: str
    outcome: TaskOutcome
    message: str = ""  # a failure's reason
    diff: str = ""  # unified diff, redacted and cut to a limit


class HostTotals(BaseModel):
    """Ansible's recap of one host."""

    model_config = ConfigDict(frozen=True)

    host: str
    ok: int = 0
    changed: int = 0
    failed: int = 0
    unreachable: int = 0
    skipped: int = 0


class PlaybookEvidence(BaseModel):
    """What one ansible-playbook run did, as facts: the record that reports cite."""

    model_config = ConfigDict(frozen=True)

    playbook: str  # path inside the runbook folder
    check_mode: bool
    status: ExecutionStatus
    return_code: int | None
    started_at: datetime
    ended_at: datetime
    hosts: list[HostTotals]
    tasks: list[TaskEvidence]  # everything but plain ok, in order; diffs included
    tasks_total: int = Field(ge=0)  # tasks x hosts that Ansible reported, but fact gathering
    tasks_skipped: int = Field(ge=0)  # of these, skipped: in check mode, not proven
    message: str = ""  # the first failure, for people

    @property
    def seconds(self) -> float:
        """How long Ansible ran."""
        return (self.ended_at - self.started_at).total_seconds()

    @property
    def diff(self) -> str:
        """All diffs, each below a line that names its host and task."""
        return "\n".join(
            f"# {task.host}: {task.task}\n{task.diff}" for task in self.tasks if task.diff
        )

    @property
    def changed_hosts(self) -> list[str]:
        """Hosts on which something changed, or would in check mode."""
        return [totals.host for totals in self.hosts if totals.changed]


class CheckOutcome(StrEnum):
    """What a check says."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"  # could not look: counts as not resolved


class CheckResult(BaseModel):
    """One check on one target (or on the whole), with what it saw last."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: str  # "http" or "ansible"
    target: str  # host name, or "" for the change as a whole
    outcome: CheckOutcome
    observed: str
    attempts: int = Field(ge=1)
    started_at: datetime
    ended_at: datetime


class VerificationResult(BaseModel):
    """All checks of a verification; resolved only when every one passed."""

    model_config = ConfigDict(frozen=True)

    outcome: CheckOutcome
    checks: list[CheckResult]


class Execution(BaseModel):
    """One piece of work of a change, as the records hold it."""

    model_config = ConfigDict(frozen=True)

    id: int
    change_id: str
    phase: Phase
    name: str  # the step's id; the phase's own name elsewhere
    attempt: int = Field(ge=1)
    status: ExecutionStatus
    task_id: str  # Airflow's
    started_at: datetime
    ended_at: datetime | None
    playbook: PlaybookEvidence | None = None
    verification: VerificationResult | None = None


def latest_attempts(executions: Iterable[Execution], phase: Phase) -> list[Execution]:
    """Of each piece of work of a phase its last attempt, in the order of the first ones."""
    latest: dict[str, Execution] = {}
    for execution in executions:
        if execution.phase is phase:
            latest[execution.name] = execution
    return list(latest.values())
