"""What the demo needs before anything breaks: an estate, an Airflow that is warm, and their end.

Every block ends what it began, also when it is left by Ctrl-C or by an error of its own.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from airmend.cli.demo.approvals import APPROVER
from airmend.cli.demo.display import Display
from airmend.cli.environment import airflow_environment
from airmend.cli.estate import HOSTS, SERVICE, Estate
from airmend.cli.stack import AirflowStack
from airmend.cli.standing_in import WORD_ALONE, approve_template_by_command
from airmend.cli.up import runbook_ids
from airmend.errors import StackError

UPKEEP = "airmend-upkeep"
STANDARD_RUNBOOK = "service-down"
WARM_UP_SECONDS = 120.0
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Places:
    """Where the demo is.

    Args:
        project: The checkout.
        home: Folder for all that is written.
        cache: Folder for what the next demo can use again.
        port: Of Airflow's API server.
    """

    project: Path
    home: Path
    cache: Path
    port: int

    @property
    def estate(self) -> Path:
        """Folder of the estate."""
        return self.home / "estate"

    def shorten(self, path: Path) -> str:
        """A path as one types it in the checkout."""
        return str(path.relative_to(self.project) if path.is_relative_to(self.project) else path)


def demo_environment(places: Places, estate: Estate) -> dict[str, str]:
    """The environment of the demo's Airflow: this estate, and nothing that the caller has set.

    Raises:
        ConfigurationError: config/airflow.env or a secret file cannot be used.
    """
    # a database or a policy of a real installation has no place in a demo
    environ = {name: v for name, v in os.environ.items() if not name.startswith("AIRMEND_")}
    return airflow_environment(
        places.project,
        home=places.home,
        port=places.port,
        environ=environ,
        overrides={
            "AIRMEND_INVENTORY": str(estate.inventory),
            "AIRMEND_TOPOLOGY_FILE": str(estate.topology),
            "AIRMEND_POLICY_FILE": str(write_policy(places.home)),
        },
    )


def write_policy(home: Path) -> Path:
    """The policy of the demo, where no runbook has a record yet; gives its file."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / "policy.yaml"
    path.write_text(json.dumps({"standard": WORD_ALONE}))  # JSON is YAML
    return path


def approve_standard_change(environment: Mapping[str, str], display: Display) -> None:
    """Have a person approve the one standard change of the demo, by the command line.

    Raises:
        StackError: It is refused.
    """
    what = f"{APPROVER} has approved {STANDARD_RUNBOOK} as a standard change, on her word alone"
    with display.preparing(what):
        approve_template_by_command(
            environment,
            STANDARD_RUNBOOK,
            by=APPROVER,
            reason="a restart on one host; a demo has no record of clean runs to go by",
        )


@contextmanager
def standing(estate: Estate, display: Display) -> Iterator[None]:
    """The estate, up as long as the block lasts."""
    try:
        with display.preparing(f"{len(HOSTS)} web servers of the {SERVICE} are up"):
            estate.start()
        yield
    finally:
        # seconds that a second Ctrl-C must not cut short: nobody else would end the services
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
        try:
            estate.stop()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def running(stack: AirflowStack, runbooks: Path, display: Display) -> Iterator[None]:
    """Airflow, healthy and warm, as long as the block lasts.

    Args:
        stack: What to start.
        runbooks: The folder whose runbooks must have become DAGs.
        display: Where it is shown.

    Raises:
        StackError: It does not start, or a runbook does not become a DAG.
    """
    try:
        with display.preparing("Airflow's databases are ready"):
            stack.start_all()
        with display.preparing("Airflow is healthy: API server, scheduler, DAG processor"):
            stack.wait_until_healthy()
        names = runbook_ids(runbooks)
        with display.preparing(f"{len(names)} runbooks have become DAGs"):
            if missing := stack.wait_for_dags([*names, UPKEEP]):
                raise StackError(
                    f"no DAG was made of {', '.join(missing)}. `airmend lint` says why"
                )
        with display.preparing("Airflow is warm: its first run has ended"):
            warm_up(stack)
        yield
    finally:
        try:
            display.console.print("\nStopping Airflow and the shop ...", style="dim")
        finally:
            stack.stop()


def warm_up(stack: AirflowStack) -> None:
    """Wait for the first run of the upkeep DAG, and load the webhooks.

    Airflow starts that run by itself. The first task and the first delivery are slow wherever
    Airflow has just been started; a demo that measured that would show something else.

    Raises:
        StackError: A component ended, or the run has no good end in time.
    """
    deadline = time.monotonic() + WARM_UP_SECONDS
    with stack.client() as client:
        client.get("/airmend/health").raise_for_status()
        while (state := _first_state(client)) != "success":
            stack.check()
            if state == "failed" or time.monotonic() > deadline:
                raise StackError(
                    f"the first run of {UPKEEP} is '{state}'; see its task logs below "
                    f"{stack.home}/airflow/logs"
                )
            time.sleep(POLL_SECONDS)


def _first_state(client: httpx.Client) -> str:
    answer = client.get(f"/api/v2/dags/{UPKEEP}/dagRuns", params={"limit": 1, "order_by": "id"})
    runs = answer.raise_for_status().json()["dag_runs"]
    return str(runs[0]["state"]) if runs else "not there yet"
