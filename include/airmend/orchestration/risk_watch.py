"""The DAG `airmend-risk-watch`: once a day, does the learned risk model still fit?"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from airmend.orchestration.own_dags import make_own_dag

if TYPE_CHECKING:
    from airflow.sdk import Context


class WatchModelOperator(BaseOperator):
    """Looks for model drift, and tells of it as an alert; see `risk_watching`."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Gives what was measured, for XCom."""
        from airmend.orchestration.composition import compose_intake
        from airmend.orchestration.operators import airflow_errors
        from airmend.orchestration.risk_watching import make_alert, watch_model
        from airmend.orchestration.services import open_records, utc_now
        from airmend.orchestration.upkeep import start_run
        from airmend.settings import get_settings

        now = utc_now()
        with airflow_errors():
            found = watch_model(open_records(), get_settings(), now)
            if found is None:
                raise AirflowSkipException("no risk model is in use")
            use, drift = found
            compose_intake(start_run).tell(make_alert(use, drift, now))
        for breach in drift.breaches:
            self.log.warning("%s", breach)
        return {
            "model": use.version,
            "psi": drift.psi,
            "ece": drift.ece,
            "breaches": drift.breaches,
        }


def build_risk_watch_dag() -> DAG:
    """The DAG `airmend-risk-watch`, once a day, one run at a time."""
    with make_own_dag(
        "risk watch",
        description="Looks whether the learned risk model still fits.",
        every=timedelta(days=1),
        doc=__doc__,
        tag="upkeep",
    ) as dag:
        WatchModelOperator(task_id="watch_model", retries=2)
    return dag
