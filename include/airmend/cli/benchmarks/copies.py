"""Many runbooks: copies of the shipped ones under names of their own, and the same in Python.

The Python files are what somebody would write who has no runbooks: one file a DAG, the same
tasks with the same arguments, the text for the UI in it.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from airmend.runbook.catalog import load_catalog
from airmend.runbook.explanation import explain_runbook
from airmend.runbook.model import RunbookVersion

_ID = re.compile(r"(?m)^id: .*$")

_DAG_FILE = """\
from datetime import timedelta

from airflow.sdk import DAG, chain

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
from airmend.orchestration.triggering import request_form

with DAG(
    dag_id={dag_id!r},
    dag_display_name={title!r},
    description={symptom!r},
    doc_md={doc!r},
    schedule=None,
    catchup=False,
    max_active_runs=200,
    is_paused_upon_creation=False,
    params=request_form(),
    tags={tags!r},
    default_args={{"owner": {owner!r}, "retry_delay": timedelta(seconds=2)}},
) as dag:
    digest = {digest!r}
    guard = GuardSensor(task_id="guard", task_display_name="Guard", digest=digest)
    preflight = PreflightOperator(
        task_id="preflight", task_display_name="Preflight (check mode)", digest=digest
    )
    assess_risk = AssessRiskOperator(
        task_id="assess_risk", task_display_name="Assess risk", digest=digest
    )
    approval = ApprovalSensor(task_id="approval", task_display_name="Approval", digest=digest)
{steps}
    verify = VerifyOperator(task_id="verify", task_display_name="Verify", digest=digest)
    rollback = RollbackOperator(task_id="rollback", task_display_name="Rollback", digest=digest)
    report = ReportOperator(task_id="report", task_display_name="Report", digest=digest)
    chain(guard, preflight, assess_risk, approval, {names}, verify, rollback, report)
"""

_STEP = """\
    step_{number} = StepOperator(
        task_id={id!r}, task_display_name={name!r}, digest=digest, step_id={id!r}
    )"""


def copy_runbooks(originals: Path, folder: Path, count: int) -> None:
    """Fill a new folder with so many runbooks: the originals in turn, each under its own id."""
    sources = sorted(path.parent for path in originals.glob("*/runbook.yaml"))
    for number in range(count):
        source = sources[number % len(sources)]
        name = f"{source.name}-{number:04d}"
        shutil.copytree(source, folder / name)
        file = folder / name / "runbook.yaml"
        text = _ID.sub(f"id: {name}", file.read_text(encoding="utf-8"), count=1)
        file.write_text(text, encoding="utf-8")


def write_plain_dags(runbooks: Path, folder: Path) -> None:
    """Write the DAGs of all runbooks of a folder as Python, one file each, named by DAG id."""
    folder.mkdir(parents=True)
    for loaded in load_catalog(runbooks).runbooks:
        path = folder / f"{loaded.version.runbook.id}.py"
        path.write_text(plain_dag(loaded.version), encoding="utf-8")


def plain_dag(version: RunbookVersion) -> str:
    """The DAG of a runbook as somebody would write it in Python; the same as `build_dag` makes."""
    runbook = version.runbook
    steps = [
        _STEP.format(number=number, id=step.id, name=step.name)
        for number, step in enumerate(runbook.steps, start=1)
    ]
    return _DAG_FILE.format(
        dag_id=runbook.id,
        title=runbook.title,
        symptom=runbook.known_error.symptom,
        doc=explain_runbook(version),
        tags=["airmend", f"{runbook.change.type} change", runbook.change.service, *runbook.tags],
        owner=runbook.owner,
        digest=version.digest,
        steps="\n".join(steps),
        names=", ".join(f"step_{number}" for number in range(1, len(steps) + 1)),
    )
