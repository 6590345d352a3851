"""The tasks of a remediation DAG: thin shells that hand an Airflow context to the rooms.

Each one finds its change, calls one function, and turns what Airmend raises into what Airflow
understands. Heavy imports stay inside `execute`: the DAG processor builds these by the thousand.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, BaseSensorOperator
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSkipException,
    DownstreamTasksSkipped,
)

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airmend.orchestration.change_run import ChangeRun

INFRASTRUCTURE_RETRIES = 2
"""For a process that died, not for a playbook that failed: claims tell the two apart."""

GUARD_POKE_SECONDS = 2

LONGEST_WAIT_SECONDS = 30 * 86_400
"""More than a policy may allow: 14 days for a freeze, and a day for a target."""


def open_run(context: Context, digest: str, log: Any) -> ChangeRun:
    """The change that this task's run was started for; see `ChangeRun`.

    Raises:
        AirflowFailException: There is none: the run was started by hand.
    """
    from airmend.orchestration.auth_roles import find_roles
    from airmend.orchestration.change_run import ChangeRun, find_change_of_run
    from airmend.orchestration.services import open_records, utc_now
    from airmend.records.clock import read_database_clock
    from airmend.settings import get_settings

    instance, database = context["ti"], open_records()
    with airflow_errors(), database.session() as session:
        change_id, version = find_change_of_run(session, instance.dag_id, instance.run_id, digest)
    return ChangeRun(
        database=database,
        settings=get_settings(),
        now=utc_now,
        log=log,
        change_id=change_id,
        version=version,
        run_id=instance.run_id,
        task_id=instance.task_id,
        try_number=instance.try_number,
        database_clock=read_database_clock,
        find_roles=find_roles,
    )


@contextmanager
def airflow_errors() -> Iterator[None]:
    """Turn an error of ours into a failed task that is not tried again.

    The store being away is left to Airflow's retries, and so is work that was stopped. Where a
    person stopped it, Airflow has ended the task already and tries nothing; where Airflow did,
    since the task could not reach the API server for a while, the work begins again.
    """
    from airmend.errors import AirmendError, ExecutionCancelledError, StoreUnavailableError

    try:
        yield
    except (StoreUnavailableError, ExecutionCancelledError):
        raise
    except AirmendError as error:
        raise AirflowFailException(str(error)) from error


@contextmanager
def rescheduling() -> Iterator[None]:
    """Let Airflow begin the task again at the time that a wait for the calendar names.

    The task is `up_for_reschedule` until then and holds no worker slot.
    """
    from airmend.orchestration.opening import NotYet

    try:
        yield
    except NotYet as wait:
        raise AirflowRescheduleException(  # type: ignore[no-untyped-call]
            wait.looks_at
        ) from wait


class GuardSensor(BaseSensorOperator):
    """Checks that the change may begin, resolves its targets and takes them.

    A run that a person triggered becomes a change here, if it may (`requesting`).

    A target that another change holds is waited for, without a worker slot, as long as the
    policy says, and so is the end of a freeze. Safe to repeat: what was taken stays taken.
    """

    ui_color = "#e8eaf6"

    def __init__(self, *, digest: str, **kwargs: Any) -> None:
        # the policy's own limit ends the wait; Airflow's is only the net below it
        super().__init__(
            mode="reschedule",
            poke_interval=GUARD_POKE_SECONDS,
            timeout=LONGEST_WAIT_SECONDS,
            retries=INFRASTRUCTURE_RETRIES,
            **kwargs,
        )
        self.digest = digest

    def poke(self, context: Context) -> bool:
        """Whether the change holds its targets and may go on."""
        from airmend.orchestration.guarding import guard_change
        from airmend.orchestration.triggering import take_request

        with airflow_errors(), rescheduling():
            take_request(context, self.digest)
            return guard_change(open_run(context, self.digest, self.log))


class Cancellable:
    """A task that may be cancelled: `on_kill` tells the work to stop."""

    def prepare(self) -> threading.Event:
        """The event that `on_kill` sets; made here, since a DAG is copied before it runs."""
        self._cancelled = threading.Event()
        return self._cancelled

    def on_kill(self) -> None:
        """Called when a person marks the task, clears it, or Airflow ends it."""
        self._cancelled.set()


class _RunbookOperator(Cancellable, BaseOperator):
    """A task that works on a change of one runbook version."""

    def __init__(
        self, *, digest: str, retries: int = INFRASTRUCTURE_RETRIES, **kwargs: Any
    ) -> None:
        super().__init__(retries=retries, **kwargs)
        self.digest = digest


class PreflightOperator(_RunbookOperator):
    """Runs the steps' playbooks in check mode; the diff is evidence for whoever approves."""

    ui_color = "#e3f2fd"

    def execute(self, context: Context) -> dict[str, Any]:
        """Gives the check coverage and what would change, for XCom."""
        from airmend.orchestration.preflight import run_preflight

        with airflow_errors():
            return run_preflight(open_run(context, self.digest, self.log), self.prepare())


class AssessRiskOperator(_RunbookOperator):
    """Scores the risk of the change, each factor with its input and contribution."""

    ui_color = "#fff8e1"

    def execute(self, context: Context) -> dict[str, Any]:
        """Gives the score as plain data, for XCom."""
        from airmend.orchestration.assessment import assess_risk

        with airflow_errors():
            return assess_risk(open_run(context, self.digest, self.log))


class StepOperator(_RunbookOperator):
    """Runs one step of the runbook, batch by batch, under the stored approval."""

    ui_color = "#e8f5e9"

    def __init__(self, *, step_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.step_id = step_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Gives the hosts that were changed, for XCom."""
        from airmend.orchestration.repairing import run_step

        with airflow_errors():
            return run_step(open_run(context, self.digest, self.log), self.step_id, self.prepare())


class VerifyOperator(_RunbookOperator):
    """Checks that the incident is resolved; nothing else counts as a success.

    When it is, the rollback is skipped from here: the scheduler would come to the same result,
    but in a round of its loop of its own, before the report can begin.
    """

    ui_color = "#e0f2f1"

    def execute(self, context: Context) -> None:
        """Leaves the outcome of each check in XCom."""
        from airmend.orchestration.verifying import verify_change

        with airflow_errors():
            outcome = verify_change(open_run(context, self.digest, self.log), self.prepare())
        context["ti"].xcom_push("return_value", outcome)
        raise DownstreamTasksSkipped(tasks=["rollback"])  # type: ignore[no-untyped-call]


class RollbackOperator(_RunbookOperator):
    """Brings the state before back when the change did not help, and verifies that too."""

    ui_color = "#fbe9e7"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trigger_rule="one_failed", **kwargs)

    def execute(self, context: Context) -> dict[str, Any]:
        """Gives what was rolled back, for XCom; skips when nothing had been executed."""
        from airmend.orchestration.rolling_back import roll_back

        with airflow_errors():
            result = roll_back(open_run(context, self.digest, self.log), self.prepare())
        if result is None:
            raise AirflowSkipException("nothing was executed, so there is nothing to roll back")
        return result


class ReportOperator(_RunbookOperator):
    """Closes the change and writes its report, always; fails when that is not a success."""

    ui_color = "#f3e5f5"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trigger_rule="all_done", **kwargs)

    def execute(self, context: Context) -> dict[str, Any]:
        """Gives where the report is, for XCom."""
        from airmend.orchestration.closing import close_change

        with airflow_errors():
            closed = close_change(open_run(context, self.digest, self.log))
        if not closed.resolved:
            raise AirflowFailException(closed.message)
        self.log.info("%s", closed.message)
        return {"report": closed.report_url, "files": closed.files}
