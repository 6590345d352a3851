"""A local Airflow: API server, scheduler and DAG processor as processes of their own.

Used by `airmend up`, the demo, the end-to-end tests and the bench. There is no triggerer, since
nothing of Airmend defers: a task that waits for a person is parked by the scheduler.
`airflow standalone` is not used: it handles Ctrl-C alone, and on SIGTERM leaves its children.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import urlsplit

import httpx

from airmend.cli.environment import HOOK_PREFIX
from airmend.cli.migration import migrate_airflow, migrate_records
from airmend.cli.ports import require_free_port
from airmend.cli.processes import (
    GRACE_SECONDS,
    MARK,
    Component,
    end_processes,
    find_processes,
)
from airmend.errors import StackError

API_SERVER, SCHEDULER, DAG_PROCESSOR = "api-server", "scheduler", "dag-processor"

_ARGUMENTS = {
    API_SERVER: (),
    # the API server reads the logs of tasks from the same disk, so nobody need serve them
    SCHEDULER: ("--skip-serve-logs",),
    DAG_PROCESSOR: (),
}

START_SECONDS = 180.0
"""How long a start may take; half a minute is usual on two busy cores."""

_POLL_SECONDS = 0.1


class AirflowStack:
    """The three processes over one home folder; a context manager that starts and stops them.

    Args:
        environment: As `airflow_environment` makes it.
        cache: Folder for what may be shared between homes; below the home by default.
    """

    def __init__(self, environment: Mapping[str, str], *, cache: Path | None = None) -> None:
        self.home = Path(environment["AIRMEND_HOME"])
        self.logs = self.home / "logs"
        self.port = int(environment["AIRFLOW__API__PORT"])
        root = urlsplit(environment["AIRFLOW__API__BASE_URL"]).path.rstrip("/")
        self.url = f"http://127.0.0.1:{self.port}{root}"
        self._cache = cache or self.home / "cache"
        self._mark = secrets.token_hex(16)
        self._environment = {**environment, MARK: self._mark}
        self._components = {name: self._component(name) for name in _ARGUMENTS}
        self._sessions: set[int] = set()
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        """Migrate, start, and wait until everything is healthy."""
        try:
            self.start_all()
            self.wait_until_healthy()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything."""
        self.stop()

    def start_all(self) -> None:
        """Migrate both databases, then start the three processes at once.

        Raises:
            StackError: The port or the home is in use, or Airflow cannot migrate.
            StoreUnavailableError: The records cannot be used.
        """
        require_free_port(self.port, self._environment["AIRFLOW__API__HOST"])
        self._take_home()
        migrate_records(self._environment)
        migrate_airflow(
            self._environment, cache=self._cache, log_file=self.logs / "airflow-migrate.log"
        )
        for name in self._components:
            self.start(name)

    def start(self, name: str) -> None:
        """Start one component, for the first time or again."""
        component = self._components[name]
        component.start()
        if component.pid is not None:
            self._sessions.add(component.pid)

    def kill(self, name: str) -> None:
        """End one component's process with SIGKILL, as a crash does; its children live on."""
        self._components[name].kill()

    def stop(self) -> None:
        """End every process that this stack ever started, within seconds.

        The API server goes last: tasks that are asked to stop tell it how they ended. A second
        Ctrl-C meanwhile ends everything at once.
        """
        server = self._components[API_SERVER].pid
        try:
            end_processes((p for p in self._found() if p.pid != server), GRACE_SECONDS)
            end_processes(self._found(), GRACE_SECONDS)
        except KeyboardInterrupt:
            end_processes(self._found(), 0)
        for component in self._components.values():
            component.collect()
        self._sessions.clear()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def check(self) -> None:
        """Return when every component runs.

        Raises:
            StackError: One has ended; the message shows the end of its log.
        """
        for component in self._components.values():
            if not component.is_running:
                raise StackError(
                    f"Airflow's {component.name} ended with {component.return_code}; see "
                    f"{component.log_file}. Its last lines:\n{component.last_lines()}"
                )

    def wait_until_healthy(self, timeout_seconds: float = START_SECONDS) -> None:
        """Wait for the API server, and for a heartbeat of the others since their start.

        Raises:
            StackError: A component ended, or is not healthy in time.
        """
        with httpx.Client(base_url=self.url, timeout=10, trust_env=False) as client:
            self._wait(lambda: self._is_healthy(client), timeout_seconds, "become healthy")

    def wait_for_dags(
        self, dag_ids: Collection[str], timeout_seconds: float = START_SECONDS
    ) -> list[str]:
        """Wait until each of these DAGs is there, or can be missing because of an import error.

        Returns:
            Those that are missing, sorted; their import errors are in the Airflow UI.

        Raises:
            StackError: A component ended, or DAGs are missing without an import error.
        """
        missing: set[str] = set(dag_ids)

        with self.client() as client:

            def are_parsed() -> bool:
                missing.difference_update(self._dag_ids(client))
                return not missing or len(missing) <= _total(client, "/api/v2/importErrors")

            self._wait(are_parsed, timeout_seconds, f"parse {', '.join(sorted(missing))}")
        return sorted(missing)

    def token(self, user: str = "admin") -> str:
        """A bearer token of one of the local users, for Airflow's REST API.

        Raises:
            StackError: There is no such user, or Airflow does not accept the password.
        """
        file = Path(self._environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
        password = json.loads(file.read_text()).get(user)
        if password is None:
            raise StackError(f"{file}: there is no user '{user}'. Use one that it names")
        answer = httpx.post(
            f"{self.url}/auth/token",
            json={"username": user, "password": password},
            timeout=30,
            trust_env=False,
        )
        if answer.status_code != httpx.codes.CREATED:
            raise StackError(
                f"{self.url}: user '{user}' got no token ({answer.status_code}). "
                f"Restart Airflow if {file} was changed"
            )
        return str(answer.json()["access_token"])

    def client(self, user: str = "admin") -> httpx.Client:
        """An HTTP client that is logged in as one of the local users; close it after use."""
        headers = {"Authorization": f"Bearer {self.token(user)}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False)

    def _component(self, name: str) -> Component:
        environment = self._environment
        if name != API_SERVER:  # nobody else needs to know how senders prove themselves
            environment = {k: v for k, v in environment.items() if not k.startswith(HOOK_PREFIX)}
        command = [sys.executable, "-m", "airflow", name, *_ARGUMENTS[name]]
        return Component(name, command, environment, self.logs / f"{name}.log")

    def _take_home(self) -> None:
        """Hold the home for this process: two Airflows over one database would disturb it."""
        path = self.home / "running"
        lock = path.open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            who = lock.read().strip() or "another process"
            lock.close()
            raise StackError(
                f"{self.home}: Airflow already runs from here ({who}). Stop it first"
            ) from error
        lock.truncate(0)
        lock.write(f"process {os.getpid()}, {self.url}\n")
        lock.flush()
        self._lock = lock

    def _found(self) -> list[Any]:
        return find_processes(self._mark, self._sessions)

    def _wait(self, is_done: Callable[[], bool], timeout_seconds: float, what: str) -> None:
        deadline = time.monotonic() + timeout_seconds
        while not is_done():
            self.check()
            if time.monotonic() > deadline:
                raise StackError(
                    f"Airflow did not {what} within {timeout_seconds:.0f} s; see the logs in "
                    f"{self.logs}. The DAG processor's last lines:\n"
                    f"{self._components[DAG_PROCESSOR].last_lines()}"
                )
            time.sleep(_POLL_SECONDS)

    def _is_healthy(self, client: httpx.Client) -> bool:
        try:
            health = client.get("/api/v2/monitor/health").raise_for_status().json()
        except (httpx.HTTPError, ValueError):
            return False
        return all(
            (part := health.get(field)) is not None
            and part["status"] == "healthy"
            and _timestamp(part[f"latest_{field}_heartbeat"]) >= component.started_at_seconds
            for field, component in (
                ("scheduler", self._components[SCHEDULER]),
                ("dag_processor", self._components[DAG_PROCESSOR]),
            )
        )

    @staticmethod
    def _dag_ids(client: httpx.Client) -> set[str]:
        found: set[str] = set()
        while True:
            page = client.get("/api/v2/dags", params={"limit": 100, "offset": len(found)})
            document = page.raise_for_status().json()
            found |= {dag["dag_id"] for dag in document["dags"]}
            if not document["dags"] or len(found) >= document["total_entries"]:
                return found


def _total(client: httpx.Client, address: str) -> int:
    answer = client.get(address, params={"limit": 1}).raise_for_status()
    return int(answer.json()["total_entries"])


def _timestamp(text: str | None) -> float:
    return datetime.fromisoformat(text).timestamp() if text else 0.0
