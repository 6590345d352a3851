"""Upkeep: what a crash left is taken up again, every minute, by a DAG of its own.

Two things can be left: a change that was stored and whose run was never created (the process
died in between), and a change whose run is over without a report (Airflow or a person ended
it). Both are safe to take up again and again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowException

from airmend.orchestration.own_dags import make_own_dag

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airmend.change.model import ChangeRequest

FINISHED = frozenset({"success", "failed"})


class StartWaitingRunsOperator(BaseOperator):
    """Creates the runs that intake stored and could not start."""

    def execute(self, context: Context) -> int:
        """Gives the number of runs that were started."""
        from airmend.orchestration.composition import compose_intake

        return compose_intake(start_run).resume_starts()


def start_run(change: ChangeRequest) -> str:
    """Ask for the run of a change from within a task, and give its id.

    Raises:
        RunNotStartedError: Airflow refuses, or cannot be asked now.
    """
    from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
    from airflow.sdk.execution_time.comms import ErrorResponse, TriggerDagRun
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    from airmend.errors import RunNotStartedError

    try:
        answer = SUPERVISOR_COMMS.send(
            TriggerDagRun(
                dag_id=change.dag_id,
                run_id=change.run_id,
                conf={"incident": change.incident_id, "change": change.id},
            )
        )
    except AirflowRuntimeError as error:
        answer = error.error
    if isinstance(answer, ErrorResponse) and answer.error != ErrorType.DAGRUN_ALREADY_EXISTS:
        raise RunNotStartedError(
            f"Airflow does not start {change.run_id} of {change.dag_id} now: {answer.detail}"
        )
    return change.run_id


class CloseEndedChangesOperator(BaseOperator):
    """Closes changes whose run is over and which nobody closed, and writes their reports.

    What time brings to emergency changes is told here too: reviews that are overdue, and reports
    whose change was reviewed since.
    """

    def execute(self, context: Context) -> int:
        """Gives the number of changes that were closed."""
        from airmend.orchestration.closing import close_abandoned, follow_reviews
        from airmend.orchestration.services import open_records, utc_now
        from airmend.records.changes import changes_under_way
        from airmend.settings import get_settings

        database = open_records()
        follow_reviews(database, get_settings(), now=utc_now)
        with database.session() as session:
            under_way = changes_under_way(session)
        closed = 0
        for change in under_way:
            state = self._run_state(change)
            if state is None or state in FINISHED:
                close_abandoned(
                    database, get_settings(), change, now=utc_now, run_state=state or "deleted"
                )
                closed += 1
        return closed

    def _run_state(self, change: ChangeRequest) -> str | None:
        """The state of a change's run; None when Airflow has no such run any more."""
        from airflow.sdk.exceptions import AirflowRuntimeError
        from airflow.sdk.execution_time.comms import DagRunStateResult, GetDagRunState
        from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

        try:
            answer = SUPERVISOR_COMMS.send(
                GetDagRunState(dag_id=change.dag_id, run_id=change.run_id)
            )
        except AirflowRuntimeError as error:
            if "404" in str(error.error.detail):
                return None
            raise
        if not isinstance(answer, DagRunStateResult):
            raise AirflowException(f"Airflow does not say how {change.run_id} stands: {answer}")
        return str(answer.state)


class SettleTrustOperator(BaseOperator):
    """Writes down which incidents changes brought about, and suspends what they were trusted by."""

    def execute(self, context: Context) -> int:
        """Gives the number of changes that brought an incident about."""
        from airmend.orchestration.services import open_records, utc_now
        from airmend.orchestration.standing import settle_all
        from airmend.settings import get_settings

        return settle_all(open_records(), get_settings(), at=utc_now())


def build_upkeep_dag() -> DAG:
    """The DAG `airmend-upkeep`, once a minute, one run at a time."""
    with make_own_dag(
        "upkeep",
        description="Takes up what a crash left.",
        every=timedelta(minutes=1),
        doc=__doc__,
        tag="upkeep",
    ) as dag:
        (
            StartWaitingRunsOperator(task_id="start_waiting_runs")
            >> CloseEndedChangesOperator(task_id="close_ended_changes", trigger_rule="all_done")
            >> SettleTrustOperator(task_id="settle_trust", trigger_rule="all_done")
        )
    return dag
