"""A run of as many tasks that do nothing: what Airflow itself takes for a change.

Its DAG is a file of its own in the same Airflow, beside the runbooks, so that both have the
same scheduler, the same workers and the same settings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

NOTHING = "nothing"

TASKS = 7
"""As many as a standard change runs: guard, preflight, risk, approval, step, verify, report."""

_BUNDLES = "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"
_LOCAL_BUNDLE = "airflow.dag_processing.bundles.local.LocalDagBundle"

_SOURCE = f'''\
"""Tasks in a row that do nothing."""

from airflow.sdk import DAG, BaseOperator, chain


class Nothing(BaseOperator):
    def execute(self, context):
        return None


with DAG("{NOTHING}", schedule=None):
    chain(*(Nothing(task_id=f"nothing_{{number}}") for number in range({TASKS})))
'''


def add_nothing(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Write the DAG's file and give the environment in which Airflow finds it too.

    Args:
        environment: As `airflow_environment` makes it.
        folder: For the file; made here.
    """
    folder.mkdir(parents=True)
    (folder / f"{NOTHING}.py").write_text(_SOURCE)
    bundle = {"name": NOTHING, "classpath": _LOCAL_BUNDLE, "kwargs": {"path": str(folder)}}
    bundles = [*json.loads(environment[_BUNDLES]), bundle]
    return {**environment, _BUNDLES: json.dumps(bundles)}
