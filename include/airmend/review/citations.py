"""Where a statement of the report can be looked up: names of evidence, and links to Airflow.

The paths are those of Airflow's own pages: `/dags/DAG/runs/RUN` and `.../tasks/TASK`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from airmend.review.model import Citation, WebLink

LABELS = {
    "delivery": "delivery",
    "dag_run": "DAG run",
    "task": "task",
    "try_number": "try",
    "execution": "execution",
    "event": "Ansible event",
    "digest": "runbook digest",
    "content_hash": "content hash",
    "url": "source",
    "report": "report",
    "reference": "reference",
    "major": "major",
    "stated_at": "stated time",
    "aware_at": "aware since",
}
"""The kinds of evidence that a fact may name, in the order in which they are shown."""

_LINK: TypeAdapter[str] = TypeAdapter(WebLink)


def find_link(address: str | None) -> str | None:
    """The address if it may become a link (http or https, nothing odd in it), else None."""
    try:
        return _LINK.validate_python(address)
    except ValidationError:
        return None


def link_dag_run(base_url: str, dag_id: str, run_id: str) -> str | None:
    """The page of a DAG run in Airflow; None while the ids are not known."""
    if not dag_id or not run_id:
        return None
    return find_link(f"{base_url.rstrip('/')}/dags/{_quote(dag_id)}/runs/{_quote(run_id)}")


def link_task(base_url: str, dag_id: str, run_id: str, task_id: str) -> str | None:
    """The page of a task of a DAG run in Airflow."""
    run = link_dag_run(base_url, dag_id, run_id)
    return find_link(f"{run}/tasks/{_quote(task_id)}") if run and task_id else None


def cite_evidence(evidence: Mapping[str, Any], *, base_url: str, dag_id: str) -> list[Citation]:
    """What a fact names as its evidence, known kinds first, each with a link where there is one.

    Args:
        evidence: As `Fact.evidence`; unknown keys are shown by their own name.
        base_url: Where people reach Airflow.
        dag_id: The DAG of the change; "" when there is none.
    """
    keys = [key for key in LABELS if key in evidence]
    keys += sorted(key for key in evidence if key not in LABELS)
    run_id = str(evidence.get("dag_run", ""))
    links = {
        "dag_run": link_dag_run(base_url, dag_id, run_id),
        "task": link_task(base_url, dag_id, run_id, str(evidence.get("task", ""))),
        "url": find_link(str(evidence.get("url", ""))),
    }
    return [
        Citation(label=LABELS.get(key, key), value=_word(evidence[key]), link=links.get(key))
        for key in keys
        if evidence[key] is not None
    ]


def _word(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return text.encode("utf-8", "replace").decode()


def _quote(part: str) -> str:
    return quote(part, safe="")
