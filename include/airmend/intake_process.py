"""The webhooks as a process of their own: `airmend intake` becomes this one.

The same application that the plugin mounts in Airflow's API server, without the pages. It
stands above the doors and puts them together, as the plugin does, and nothing imports it:
it is started as `python -m airmend.intake_process` where Airflow is installed and configured.
Runs are started through Airflow's own functions, at once; what Airflow cannot take at that
moment waits in the outbox, as always.
"""

from __future__ import annotations

import logging
import sys

import uvicorn
from fastapi import FastAPI

from airmend.garbage import leave_alone_what_stands
from airmend.incident.sources import find_source, source_names
from airmend.orchestration.airflow_gateway import start_run
from airmend.orchestration.composition import compose_intake
from airmend.orchestration.hook_secrets import HookSecrets
from airmend.settings import Settings, get_settings
from airmend.web.admission import Limits
from airmend.web.app import create_app

ROOT_PATH = "/airmend"
GRACE_SECONDS = 30
"""What is being stored at the stop is answered; so long is waited for it."""


def make_app() -> FastAPI:
    """The application; every source is imported, so that its first delivery is as fast as others.

    Raises:
        ConfigurationError: A setting cannot be used.
    """
    intake, secrets = compose_intake(start_run), HookSecrets()
    for name in source_names():
        find_source(name)
    return create_app(
        intake=intake,
        secrets=secrets,
        limits=Limits.of(get_settings()),
        is_at_hand=secrets.is_at_hand,
        root_path=ROOT_PATH,
    )


def configure(settings: Settings) -> uvicorn.Config:
    """How it is served: one process with one event loop, since there is one writer."""
    return uvicorn.Config(
        make_app(),
        host=settings.intake_host,
        port=settings.intake_port,
        lifespan="off",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def main() -> int:
    """Serve until SIGTERM or Ctrl-C; gives the exit code."""
    logging.getLogger("airmend").setLevel(logging.INFO)
    server = uvicorn.Server(configure(get_settings()))
    leave_alone_what_stands()
    server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
