"""The DAG `airmend-sealing`: once a minute, what was recorded is sealed in the audit log.

A DAG of its own, since its task may have a queue that one worker alone takes from: where that
worker is away the run waits, and upkeep must not wait with it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, BaseOperator

from airmend.orchestration.own_dags import make_own_dag

if TYPE_CHECKING:
    from airflow.sdk import Context


class SealRecordsOperator(BaseOperator):
    """Seals what was recorded, and hands the newest checkpoint on."""

    def execute(self, context: Context) -> int:
        """Gives the number of records that were sealed."""
        from airmend.audit.upkeep import seal_and_hand_on
        from airmend.orchestration.services import open_records, utc_now
        from airmend.settings import get_settings

        return seal_and_hand_on(open_records(), get_settings(), now=utc_now).count


def _queue_of_sealing() -> dict[str, Any]:
    """Where only workers listen that hold the key of the audit log, if the settings name it."""
    from airmend.settings import get_settings

    queue = get_settings().audit_queue
    return {"queue": queue} if queue else {}


def build_sealing_dag() -> DAG:
    """The DAG `airmend-sealing`, once a minute, one run at a time."""
    with make_own_dag(
        "sealing",
        description="Seals what was recorded.",
        every=timedelta(minutes=1),
        doc=__doc__,
        tag="upkeep",
    ) as dag:
        SealRecordsOperator(task_id="seal_records", **_queue_of_sealing())
    return dag
