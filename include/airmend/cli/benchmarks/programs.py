"""Programs that are measured: each sample in a process of its own, started from here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airmend.cli.environment import airflow_environment
from airmend.errors import StackError

COSTS = "airmend.orchestration.costs"
TIMEOUT_SECONDS = 600


def run_costs(environment: Mapping[str, str], mode: str, *arguments: object) -> dict[str, Any]:
    """Run one mode of `airmend.orchestration.costs` and give what it measured.

    Raises:
        StackError: It failed; the message ends with what it said.
    """
    command = [sys.executable, "-m", COSTS, mode, *map(str, arguments)]
    done = subprocess.run(
        command,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise StackError(
            f"the measurement '{mode}' ended with {done.returncode}:\n{done.stderr[-2000:]}"
        )
    # Airflow may greet on standard output; the document is the last line
    document: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return document


def own_environ() -> dict[str, str]:
    """The caller's environment without settings of Airmend, which would change what is measured."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AIRMEND_")}


def costs_environment(project: Path, home: Path, runbooks: Path) -> dict[str, str]:
    """The environment of such a process: Airflow's, with a home of its own; nothing listens."""
    return airflow_environment(
        project,
        home=home,
        port=8080,
        environ=own_environ(),
        overrides={"AIRMEND_RUNBOOKS_DIR": str(runbooks)},
    )
