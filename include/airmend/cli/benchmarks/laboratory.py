"""A whole Airmend to measure: Airflow, the records, an estate that breaks, and a sender."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from airmend.cli.benchmarks.nothing import NOTHING, add_nothing
from airmend.cli.benchmarks.programs import own_environ
from airmend.cli.environment import airflow_environment, hook_secret
from airmend.cli.estate import Estate
from airmend.cli.ports import find_free_port
from airmend.cli.stack import AirflowStack
from airmend.cli.standing_in import WORD_ALONE, approve_template_by_command
from airmend.errors import StackError
from airmend.incident.proofs import parse_secrets
from airmend.records.database import Database

POLICY = f"""\
standard: {json.dumps(WORD_ALONE)}
intake: {{reopen_window_seconds: 0, flapping_window_seconds: 0}}
guard_rails:
  {{runbook_starts_an_hour: 1000, service_starts_an_hour: 1000, fleet_starts_an_hour: 1000}}
"""
"""The same hosts break again and again here, and each time is an incident of its own."""

SOURCE = "alertmanager"
RUNBOOK = "service-down"

TIMEOUT_SECONDS = 120.0
"""How long one run may take."""

_POLL_SECONDS = 0.25


@dataclass(frozen=True)
class Posted:
    """One delivery: when it was sent, how long the answer took, and what it said."""

    sent_at: datetime
    seconds: float
    answer: dict[str, Any]

    @property
    def change_id(self) -> str:
        """The change that it led to.

        Raises:
            StackError: It led to none.
        """
        change = self.answer["incidents"][0].get("change")
        if change is None:
            raise StackError(f"the alert started nothing: {json.dumps(self.answer)}")
        return str(change)


@dataclass(frozen=True)
class Laboratory:
    """What a measurement works with while everything runs."""

    home: Path
    environment: Mapping[str, str]
    estate: Estate
    records: Database
    airflow: httpx.Client  # logged in
    sender: httpx.Client  # proves itself as the alert source

    def post(self, alert: dict[str, Any]) -> Posted:
        """Send an alert, as Alertmanager would, over a connection that stays open.

        Raises:
            StackError: It was not taken in.
        """
        body = json.dumps(alert).encode()
        sent_at, begun = datetime.now(UTC), time.perf_counter()
        response = self.sender.post(f"/airmend/hooks/{SOURCE}", content=body)
        seconds = time.perf_counter() - begun
        if response.status_code != httpx.codes.ACCEPTED:
            raise StackError(f"the alert was not taken in: {response.status_code} {response.text}")
        return Posted(sent_at, seconds, response.json())

    def await_end(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """An Airflow run once it has ended, as Airflow's REST API gives it.

        Raises:
            StackError: It does not end.
        """
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            answer = self.airflow.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
            run: dict[str, Any] = answer.raise_for_status().json()
            if run["state"] in {"success", "failed"}:
                return run
            time.sleep(_POLL_SECONDS)
        raise StackError(
            f"the run {run_id} did not end within {TIMEOUT_SECONDS:.0f} s; see {self.home}/logs"
        )


@contextmanager
def open_laboratory(
    project: Path, home: Path, databases: Mapping[str, str]
) -> Iterator[Laboratory]:
    """Start everything in a home of its own, and stop it all afterwards.

    Args:
        project: The checkout.
        home: Folder for everything; emptied first.
        databases: Names the databases where they are not SQLite files below the home.

    Raises:
        StackError: Airflow does not start, or does not know the runbook.
    """
    shutil.rmtree(home, ignore_errors=True)
    estate = Estate(home / "estate")
    try:
        estate.start()
        policy = home / "policy.yaml"
        policy.write_text(POLICY)
        environment = airflow_environment(
            project,
            home=home,
            port=find_free_port(),
            environ={**own_environ(), **databases},
            overrides={
                "AIRMEND_INVENTORY": str(estate.inventory),
                "AIRMEND_TOPOLOGY_FILE": str(estate.topology),
                "AIRMEND_POLICY_FILE": str(policy),
            },
        )
        environment = add_nothing(environment, home / "nothing")
        with AirflowStack(environment) as stack:
            if missing := stack.wait_for_dags([RUNBOOK, NOTHING]):
                raise StackError(f"{missing[0]} is not a DAG; run airmend lint")
            approve_template_by_command(
                environment, RUNBOOK, by="bench", reason="only its speed is looked at"
            )
            token = parse_secrets(hook_secret(home, SOURCE)).bearer[0]
            records = Database(
                environment.get("AIRMEND_DATABASE_URL", "")
                or f"sqlite:///{home.resolve() / 'airmend.db'}"
            )
            headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
            with (
                stack.client() as airflow,
                httpx.Client(
                    base_url=stack.url, headers=headers, timeout=60, trust_env=False
                ) as sender,
            ):
                try:
                    yield Laboratory(home.resolve(), environment, estate, records, airflow, sender)
                finally:
                    records.close()
    finally:
        estate.stop()
