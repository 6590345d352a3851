"""A DAG that nobody runs, made once before the processes of tasks are forked.

The first DAG of a process takes three times as long as the next: Airflow and Python look up
once what each class is. Every task makes its own DAG, so that this would be paid by each.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG

from airmend.orchestration.dag_builder import build_dag
from airmend.runbook.model import RunbookVersion

_CHECK = {"kind": "http", "name": "nothing", "url": "http://localhost/"}

_RUNBOOK: dict[str, Any] = {
    "schema": "airmend/v1",
    "id": "rehearsal",
    "version": "0.0.0",
    "title": "Rehearsal",
    "owner": "nobody",
    "authors": ["nobody"],
    "known_error": {"id": "none", "symptom": "none", "cause": "none", "workaround": "none"},
    "match": ["false"],
    "targets": {"pattern": "nowhere", "max_hosts": 1},
    "change": {"type": "normal", "service": "nothing"},
    "steps": [{"id": "nothing", "name": "Nothing", "playbook": "nothing.yml"}],
    "verify": [_CHECK],
    "rollback": {"playbook": "nothing.yml", "verify": [_CHECK]},
    "report": {"impact": "none"},
}


def rehearse_dag() -> DAG:
    """Read a document and build its DAG as a task does; nobody keeps it."""
    made = RunbookVersion.model_validate({"runbook": _RUNBOOK, "digest": "0" * 64})
    return build_dag(RunbookVersion.model_validate_json(made.model_dump_json(by_alias=True)))
