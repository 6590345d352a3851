"""The DAGs that are Airmend's own and no runbook's: on a schedule, one run at a time."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG


def make_own_dag(
    name: str, *, description: str, every: timedelta, doc: str | None, tag: str
) -> DAG:
    """A DAG without tasks; its id is `airmend-` and the name with hyphens.

    Args:
        name: What people read behind "Airmend: "; also the id, in small letters.
        description: One sentence.
        every: How often it runs; runs that were missed are left out.
        doc: What its page explains.
        tag: Beside the tag "airmend".
    """
    return DAG(
        dag_id=f"airmend-{name.replace(' ', '-')}",
        dag_display_name=f"Airmend: {name}",
        description=description,
        schedule=every,
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        tags=["airmend", tag],
        doc_md=doc,
        default_args={"owner": "airmend"},
    )
