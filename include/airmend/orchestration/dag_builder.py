"""A runbook's version becomes a DAG: the story of a change, task by task.

    guard -> preflight -> assess_risk -> approval -> (the steps) -> verify -> rollback -> report

One line, so that a failure anywhere passes down it: `rollback` runs only then (and leaves at
once when nothing was executed), `report` always. The run fails unless the change resolved the
incident, since `report` fails when that is what it has to report.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, chain, get_parsing_context

from airmend.errors import ConfigurationError
from airmend.garbage import collector_at_rest
from airmend.orchestration.approval_sensor import ApprovalSensor
from airmend.orchestration.operators import (
    AssessRiskOperator,
    GuardSensor,
    PreflightOperator,
    ReportOperator,
    RollbackOperator,
    StepOperator,
    VerifyOperator,
)
from airmend.orchestration.publication import CATALOG_FILE, DOCUMENTS_FOLDER
from airmend.orchestration.triggering import request_form
from airmend.runbook.explanation import explain_runbook
from airmend.runbook.model import RunbookVersion

RETRY_DELAY = timedelta(seconds=2)

MAX_ACTIVE_RUNS = 200
"""Runs of one runbook at a time; those that wait for people count too (Airflow's default, 16,
would queue every further incident behind them). Targets are protected by leases, not by this."""


def build_dags(folder: Path) -> dict[str, DAG]:
    """The DAGs of one version of the bundle, by DAG id.

    In a task's process Airflow names the one DAG that it needs; only that one is read and
    built, so that the cost of a task does not grow with the number of runbooks.

    Raises:
        ConfigurationError: The folder was not made by the bundle.
    """
    return {dag.dag_id: dag for dag in build_all(_read(folder))}


def build_all(versions: Iterable[RunbookVersion]) -> list[DAG]:
    """The DAGs of many runbook versions."""
    with collector_at_rest():
        return [build_dag(version) for version in versions]


def _read(folder: Path) -> Iterator[RunbookVersion]:
    wanted = get_parsing_context().dag_id
    if wanted is not None:
        names = [wanted] if (folder / DOCUMENTS_FOLDER / f"{wanted}.json").exists() else []
    else:
        try:
            names = sorted(json.loads((folder / CATALOG_FILE).read_text()))
        except FileNotFoundError as error:
            raise ConfigurationError(
                f"{folder}: there is no {CATALOG_FILE}; remediation DAGs are made by the bundle "
                "airmend.orchestration.bundle.RunbookBundle: name it in dag_bundle_config_list"
            ) from error
    for name in names:
        text = (folder / DOCUMENTS_FOLDER / f"{name}.json").read_bytes()
        yield RunbookVersion.model_validate_json(text)


def build_dag(version: RunbookVersion) -> DAG:
    """The DAG of one runbook version; its id is the runbook's."""
    runbook = version.runbook
    dag = DAG(
        dag_id=runbook.id,
        dag_display_name=runbook.title,
        description=runbook.known_error.symptom,
        doc_md=explain_runbook(version),
        schedule=None,
        catchup=False,
        max_active_runs=MAX_ACTIVE_RUNS,
        is_paused_upon_creation=False,
        params=request_form(),
        tags=["airmend", f"{runbook.change.type} change", runbook.change.service, *runbook.tags],
    )
    # Given to each task, and the tasks to the DAG afterwards: inside its context, and by
    # `default_args`, Airflow would copy and merge for every class of every task.
    shared: dict[str, Any] = {
        "digest": version.digest,
        "owner": runbook.owner,
        "retry_delay": RETRY_DELAY,
    }
    tasks = [
        GuardSensor(task_id="guard", task_display_name="Guard", **shared),
        PreflightOperator(
            task_id="preflight", task_display_name="Preflight (check mode)", **shared
        ),
        AssessRiskOperator(task_id="assess_risk", task_display_name="Assess risk", **shared),
        ApprovalSensor(task_id="approval", task_display_name="Approval", **shared),
        *(
            StepOperator(task_id=step.id, task_display_name=step.name, step_id=step.id, **shared)
            for step in runbook.steps
        ),
        VerifyOperator(task_id="verify", task_display_name="Verify", **shared),
        RollbackOperator(task_id="rollback", task_display_name="Rollback", **shared),
        ReportOperator(task_id="report", task_display_name="Report", **shared),
    ]
    with dag:
        dag.add_tasks(tasks)
    chain(*tasks)
    return dag
