"""Deliveries a second that are stored and deduplicated, beside what the least of it costs.

`airmend intake` and the floors (`floors.py`) run at the same time and are asked in turns, each
by the same load generator with the same requests, so that the ratios hold on a machine whose
speed varies. Half of the requests are sent a second time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psutil

from airmend.cli.benchmarks.figures import Bar, Figure, Floor, percentile
from airmend.cli.benchmarks.floors import KEY
from airmend.cli.benchmarks.load import write_requests
from airmend.cli.benchmarks.programs import costs_environment, run_costs
from airmend.cli.estate_alerts import fingerprint_like_alertmanager, service_down
from airmend.cli.ports import find_free_port
from airmend.errors import StackError
from airmend.incident.proofs import sign_delivery

NAME = "throughput"
CONNECTIONS = 10
OURS = "airmend intake"
ALONE, EACH, GROUPS = "only parse", "insert each", "insert in groups"
FLOORS = {ALONE: "/parse", EACH: "/insert", GROUPS: "/group"}
SHARE = 0.75
"""Of the deliveries a second that the floor takes which stores in groups, at least so many."""
SLOWEST = Bar(seconds=0.015)
"""For the slowest of a hundred answers."""
ROUTE = "/airmend/hooks/alertmanager"
START_SECONDS = 60.0
STOP_SECONDS = 30.0
NO_LIMIT = 100_000_000


@dataclass
class Rate:
    """What one kind of server did, in all rounds."""

    label: str
    rates: list[float]  # requests a second, one a round
    slowest: list[float]  # the 99th percentile of the answers, in seconds, one a round

    @property
    def thousands(self) -> list[float]:
        """Seconds for a thousand requests, one a round."""
        return [1000 / rate for rate in self.rates]

    @property
    def per_second(self) -> str:
        """The median of the rates, for people."""
        return f"{median(self.rates):,.0f}/s"


@contextmanager
def serving(
    module: str, arguments: list[str], environment: Mapping[str, str], port: int, log: Path
) -> Iterator[psutil.Process]:
    """A server in a process of its own, once it listens; stopped as an operator stops it.

    Raises:
        StackError: It does not start, or does not stop.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=dict(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise StackError(f"{module} did not start; see {log}:\n{log.read_text()[-2000:]}")
            time.sleep(0.05)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def intake_environment(
    project: Path, home: Path, databases: Mapping[str, str], port: int
) -> dict[str, str]:
    """The environment of an intake process whose records hold the shipped runbooks, published."""
    home.mkdir(parents=True, exist_ok=True)
    connection = {"conn_type": "generic", "password": f"whsec_{KEY}"}
    environment = {
        **costs_environment(project, home, project / "runbooks"),
        **databases,
        "AIRFLOW_CONN_AIRMEND_HOOK_ALERTMANAGER": json.dumps(connection),
        "AIRMEND_INTAKE_PORT": str(port),
        # all that comes in is measured, none turned away
        "AIRMEND_WEBHOOK_ATTEMPTS_PER_MINUTE": str(NO_LIMIT),
        "AIRMEND_WEBHOOK_DELIVERIES_PER_MINUTE": str(NO_LIMIT),
    }
    run_costs(environment, "publish", project / "runbooks", home / "bundle")
    return environment


def measure_rates(
    project: Path,
    home: Path,
    databases: Mapping[str, str],
    floor_database: str,
    *,
    rounds: int,
    requests: int,
    say: Callable[[str], None],
) -> dict[str, Rate]:
    """Requests a second and seconds of each answer, of intake and of each floor.

    Args:
        project: The checkout.
        home: Folder for everything.
        databases: Names the records where they are not a SQLite file below the home.
        floor_database: Where the floors store: a file or an address of PostgreSQL.
        rounds: How often each is asked, in turns.
        requests: Of one round.
        say: Takes a line about what goes on.
    """
    ours, floors = find_free_port(), find_free_port()
    environment = intake_environment(project, home, databases, ours)
    rates = {label: Rate(label, [], []) for label in [OURS, *FLOORS]}
    arguments = [str(floors), floor_database]
    log = home / "servers.log"
    with (
        serving("airmend.intake_process", [], environment, ours, log),
        serving("airmend.cli.benchmarks.floors", arguments, os.environ, floors, log),
    ):
        targets = {OURS: (ours, ROUTE)} | {label: (floors, path) for label, path in FLOORS.items()}
        for turn in range(-1, rounds):  # the first one warms up
            for label, (port, path) in targets.items():
                name = f"{turn}-{label.replace(' ', '-')}"
                count = requests if turn >= 0 else requests // 10
                answer = send(port, make_requests(path, count, name), home / "requests")
                if turn >= 0:
                    rates[label].rates.append(count / answer["seconds"])
                    rates[label].slowest.append(percentile(answer["answers"], 99))
            if turn >= 0:
                told = ", ".join(f"{each.label} {each.rates[-1]:,.0f}/s" for each in rates.values())
                say(f"round {turn + 1} of {rounds}: {told}")
    return rates


def throughput_figures(rates: Mapping[str, Rate], where: dict[str, str | int]) -> list[Figure]:
    """Seconds for a thousand deliveries and for the slowest answers, beside the floors'."""
    ours, groups = rates[OURS], rates[GROUPS]
    return [
        Figure(
            NAME,
            f"1,000 deliveries, half of them again ({ours.per_second})",
            ours.thousands,
            Floor(f"FastAPI, {GROUPS} ({groups.per_second})", groups.thousands),
            Bar(factor=1 / SHARE),
            where,
        ),
        Figure(
            NAME,
            "Slowest of 100 answers (p99)",
            ours.slowest,
            Floor(f"FastAPI, {GROUPS}", groups.slowest),
            SLOWEST,
            where,
        ),
        *(
            Figure(
                NAME,
                f"1,000 of FastAPI, {label} ({rates[label].per_second})",
                rates[label].thousands,
                None,
                None,
                where,
            )
            for label in (ALONE, EACH)
        ),
    ]


def send(port: int, requests: list[bytes], path: Path) -> dict[str, Any]:
    """Let the load generator send requests.

    Raises:
        StackError: One was not answered with 202.
    """
    write_requests(path, requests)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "airmend.cli.benchmarks.load",
            str(port),
            str(path),
            str(CONNECTIONS),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise StackError(f"the load generator failed:\n{done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    if answer["statuses"] != {"202": len(requests)}:
        raise StackError(f"not every request was answered with 202: {answer['statuses']}")
    return answer


def make_requests(path: str, count: int, name: str) -> list[bytes]:
    """So many signed deliveries; every second one repeats an earlier one."""
    requests: list[bytes] = []
    now = datetime.now(UTC)
    for number in range(count):
        if number % 2:
            requests.append(requests[-1 if number < 40 else -39])
            continue
        body = json.dumps(make_alert(f"{name}-{number}", now)).encode()
        headers = sign_delivery(f"whsec_{KEY}", f"{name}-{number}", now, body)
        requests.append(to_bytes(path, headers, body))
    return requests


def make_alert(host: str, now: datetime) -> dict[str, Any]:
    """A delivery of Alertmanager about something that no runbook takes."""
    group = service_down(host, now)
    for alert in group["alerts"]:
        alert["labels"] |= {"alertname": "NobodyKnowsThis", "service": f"none-{host}"}
        alert["fingerprint"] = fingerprint_like_alertmanager(alert["labels"])
    return group


def to_bytes(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """An HTTP request as it travels."""
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", "content-type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"content-length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def _listens(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", timeout=5, trust_env=False).status_code > 0
    except httpx.TransportError:
        return False
