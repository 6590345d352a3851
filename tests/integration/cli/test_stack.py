"""The local Airflow starts as three processes, survives a crash of one, and leaves nothing."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from airmend.cli.environment import airflow_environment
from airmend.cli.stack import DAG_PROCESSOR, SCHEDULER, AirflowStack
from airmend.errors import StackError
from tests.postgres import free_port

PROJECT = Path(__file__).parents[3]
CACHE = PROJECT / ".airmend/cache"

SLEEP = f"{86_000 + os.getpid() / 10_000_000:.7f}"  # recognised among all processes

DAG = """
import subprocess
from airflow.sdk import dag, task

@dag("sleeper", schedule=None)
def sleeper():
    @task
    def sleep():
        subprocess.run(["sleep", "SECONDS"], check=True, start_new_session=True)
    sleep()

sleeper()
"""


def make_environment(folder: Path) -> dict[str, str]:
    """An Airflow over a folder with one DAG of ours, without runbooks."""
    dags = folder / "dags"
    dags.mkdir(parents=True)
    (dags / "sleeper.py").write_text(DAG.replace("SECONDS", SLEEP))
    bundle = {
        "name": "probe",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(dags)},
    }
    return airflow_environment(
        PROJECT,
        home=folder / "home",
        port=free_port(),
        overrides={
            "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(folder / "no-plugins"),
            "AIRFLOW__CORE__PARALLELISM": "2",
        },
    )


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowStack]:
    environment = make_environment(tmp_path_factory.mktemp("stack"))
    with AirflowStack(environment, cache=CACHE) as stack:
        assert stack.wait_for_dags(["sleeper"]) == []
        yield stack


def eventually(is_so: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.e2e
def test_each_user_gets_a_token_of_their_own(stack: AirflowStack) -> None:
    for user, code in (("victor", 403), ("olivia", 200)):
        with stack.client(user) as client:
            assert client.get("/api/v2/dags").status_code == 200
            changed = client.patch("/api/v2/dags/sleeper", json={"is_paused": False})
            assert changed.status_code == code
    with pytest.raises(StackError, match="there is no user 'mallory'"):
        stack.token("mallory")


@pytest.mark.e2e
def test_a_second_airflow_over_the_same_home_or_port_is_refused(
    stack: AirflowStack, tmp_path: Path
) -> None:
    environment = make_environment(tmp_path)
    same_port = {**environment, "AIRFLOW__API__PORT": str(stack.port)}
    with pytest.raises(StackError, match=f"port {stack.port} is in use by"):
        AirflowStack(same_port).start_all()
    same_home = {**environment, "AIRMEND_HOME": str(stack.home)}
    with pytest.raises(StackError, match=f"already runs from here .process {os.getpid()}"):
        AirflowStack(same_home).start_all()
    stack.check()


@pytest.mark.e2e
def test_secrets_of_alert_sources_are_kept_from_scheduler_and_dag_processor(
    stack: AirflowStack,
) -> None:
    # Another stack of the same tests may be running beside this one: its home tells them apart.
    environments = {
        name: text
        for process in psutil.Process().children()
        for name in (SCHEDULER, DAG_PROCESSOR)
        if name in process.cmdline() and str(stack.home) in (text := str(process.environ()))
    }
    assert len(environments) == 2
    for text in environments.values():
        assert "AIRMEND_HOOK" not in text


@pytest.mark.e2e
def test_a_component_that_ended_is_said_with_its_last_words(stack: AirflowStack) -> None:
    stack.kill(DAG_PROCESSOR)
    with pytest.raises(StackError, match=r"dag-processor ended with -9; see .*dag-processor\.log"):
        stack.check()
    stack.start(DAG_PROCESSOR)
    stack.wait_until_healthy()


@pytest.mark.e2e
def test_stopping_ends_everything_also_what_a_killed_scheduler_left(stack: AirflowStack) -> None:
    with stack.client() as client:
        client.post("/api/v2/dags/sleeper/dagRuns", json={"logical_date": None}).raise_for_status()
    eventually(lambda: _running(SLEEP) != [])
    stack.kill(SCHEDULER)
    assert _running(SLEEP) != []
    started = time.monotonic()
    stack.stop()
    assert time.monotonic() - started < 25
    assert _running(SLEEP) == []
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", stack.port))


@pytest.mark.e2e
def test_up_stops_its_airflow_when_it_is_terminated(tmp_path: Path) -> None:
    environment = {**os.environ, "AIRMEND_HOME": str(tmp_path), "AIRMEND_PORT": str(free_port())}
    command = [sys.executable, "-c", "from airmend.cli.main import app; app()", "up"]
    up = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True)
    log = tmp_path / "logs/scheduler.log"
    eventually(lambda: log.exists() or up.poll() is not None)
    children = psutil.Process(up.pid).children(recursive=True)
    up.send_signal(signal.SIGTERM)
    output, _ = up.communicate(timeout=60)
    assert up.returncode == 0
    assert output.endswith("Airflow is stopped.\n")
    eventually(lambda: not any(map(_runs, children)), seconds=10)


def _running(text: str) -> list[int]:
    """Processes with a text in their command line."""
    found = []
    for process in psutil.process_iter():
        try:
            if text in " ".join(process.cmdline()):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
