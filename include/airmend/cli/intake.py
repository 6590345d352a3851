"""`airmend intake`: the webhooks as a process of their own, beside Airflow's API server."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from airmend.cli.environment import airflow_environment, find_project, read_port

MODULE = "airmend.intake_process"
CONFIGURED = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"


def intake_command(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; by default AIRMEND_INTAKE_HOST.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="By default AIRMEND_INTAKE_PORT, or 8081."),
    ] = None,
) -> None:
    """Take webhooks in a process of its own, until Ctrl-C.

    Beside a running Airflow: with AIRFLOW__DATABASE__SQL_ALCHEMY_CONN in the environment the
    Airflow that it names, otherwise the one of `airmend up` in this checkout.
    """
    environment = intake_environment(os.environ)
    if host is not None:
        environment["AIRMEND_INTAKE_HOST"] = host
    if port is not None:
        environment["AIRMEND_INTAKE_PORT"] = str(port)
    # this process becomes the server: who stops one stops the other
    os.execve(sys.executable, [sys.executable, "-m", MODULE], environment)  # noqa: S606 - no shell


def intake_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of the process: Airflow's, which starts the runs and knows the secrets.

    Raises:
        ConfigurationError: No Airflow is named, and this is no checkout.
    """
    if environ.get(CONFIGURED):
        return dict(environ)
    project = find_project(Path.cwd())
    home = project / (environ.get("AIRMEND_HOME") or ".airmend")
    return airflow_environment(project, home=home, port=read_port(environ), environ=environ)
