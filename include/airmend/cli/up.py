"""`airmend up`: the local Airflow with Airmend, for real use on one machine, until Ctrl-C."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from airmend.cli.environment import (
    airflow_environment,
    find_project,
    hook_file,
    passwords_file,
    read_port,
)
from airmend.cli.interrupts import stopping_on_signals
from airmend.cli.stack import AirflowStack
from airmend.incident.sources import source_names

CHECK_SECONDS = 1.0
"""How often it is looked whether a process of Airflow has ended by itself."""


def up_command(
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Of Airflow; by default AIRMEND_PORT, or 8080."),
    ] = None,
) -> None:
    """Run Airflow with Airmend until Ctrl-C."""
    project = find_project(Path.cwd())
    home = project / (os.environ.get("AIRMEND_HOME") or ".airmend")
    environment = airflow_environment(project, home=home, port=port or read_port(os.environ))
    stack = AirflowStack(environment)
    try:
        with stopping_on_signals():
            typer.echo(f"Starting Airflow (logs: {stack.logs}) ...")
            with stack:
                missing = stack.wait_for_dags(
                    runbook_ids(Path(environment["AIRMEND_RUNBOOKS_DIR"]))
                )
                typer.echo(describe(environment, missing))
                while True:
                    stack.check()
                    time.sleep(CHECK_SECONDS)
    except KeyboardInterrupt:
        typer.echo("\nAirflow is stopped.")


def runbook_ids(folder: Path) -> list[str]:
    """The DAGs that a runbooks folder should give: one a folder with a runbook.yaml."""
    return sorted(path.parent.name for path in folder.glob("*/runbook.yaml"))


def describe(environment: dict[str, str], missing: list[str]) -> str:
    """What a person needs to know once Airflow runs: addresses and files, no secret.

    Args:
        environment: Of the stack that runs.
        missing: Runbooks with mistakes.
    """
    home, url = Path(environment["AIRMEND_HOME"]), environment["AIRMEND_BASE_URL"]
    accounts = environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"].split(",")
    users = ", ".join(account.split(":")[0] for account in accounts)
    hooks, sources = f"{url.rstrip('/')}/airmend/hooks/<source>", source_names()
    lines = [
        f"Airflow runs at {url}",
        f"  users    {users}; their passwords are in {passwords_file(home)}",
        f"  alerts   POST {hooks}, where <source> is {', '.join(sources)}",
        f"           token and signing key of each: cat {hook_file(home, '<source>')}",
        f"           other proofs, where it takes some: cat {hook_file(home, '<source>')}.json",
        f"  reports  {environment.get('AIRMEND_REPORTS_DIR', home / 'reports')}",
        "Ctrl-C stops it.",
    ]
    if missing:
        names = ", ".join(missing)
        lines.insert(1, f"  mistakes in {names}: see Import Errors, or run airmend lint")
    return "\n".join(lines)
