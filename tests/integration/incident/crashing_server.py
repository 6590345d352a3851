"""A web server over an intake that kills itself at named points, and the senders that go on."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import secrets
import signal
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Self

import uvicorn

from airmend.errors import RunNotStartedError
from airmend.records.database import Database
from airmend.web.app import create_app
from tests.integration.incident.desk import PROOF, Desk, trust

POINTS = (
    "parsed",
    "decided",
    "deliveries written",
    "incidents written",
    "before the commit",
    "committed",
    "before the start",
    "started",
)
"""Every step that intake names, in the order in which a delivery passes them."""

KILLS = 3
PASSES_BEFORE_A_KILL = 7
PATIENCE_SECONDS = 60.0


def serve(url: str, folder: Path, point: str, listener: socket.socket) -> None:
    """Serve until it is killed: at a point, as long as fewer than `KILLS` have died there."""
    database = Database(url)
    passes, deaths = itertools.count(1), folder / "deaths"

    def observe(step: str) -> None:
        if step == point and next(passes) >= PASSES_BEFORE_A_KILL:
            numbers = len(deaths.read_text()) if deaths.exists() else 0
            if numbers < KILLS:
                deaths.write_text("x" * (numbers + 1))
                os.kill(os.getpid(), signal.SIGKILL)

    def start_run(change: Any) -> str:
        try:
            (folder / "runs" / change.run_id).touch(exist_ok=False)
        except FileExistsError:
            pass  # Airflow has it: a second start is recognised by the run's id
        except OSError as error:
            raise RunNotStartedError(str(error)) from error
        return str(change.run_id)

    intake = Desk(database).with_ports(
        start_run=start_run, observe=observe, new_id=lambda: secrets.token_hex(4)
    )
    app = create_app(intake=intake, secrets=trust, is_at_hand=lambda _source: True)
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run([listener])


@dataclass
class Server:
    """The server, started again as often as it dies."""

    url: str
    folder: Path
    point: str
    _listener: socket.socket = field(init=False)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _process: Any = None
    deaths: int = 0

    def __post_init__(self) -> None:
        """Listen for all servers to come: nobody else gets the port in between."""
        (self.folder / "runs").mkdir()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._keeper = threading.Thread(target=self._keep)

    def __enter__(self) -> Self:
        """Start it."""
        self._keeper.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it for good."""
        self._stopped.set()
        if self._process is not None:
            self._process.kill()
        self._keeper.join(PATIENCE_SECONDS)
        self._listener.close()

    def _keep(self) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        while not self._stopped.is_set():
            self._process = context.Process(
                target=serve, args=(self.url, self.folder, self.point, self._listener)
            )
            self._process.start()
            self._process.join()
            self.deaths += self._process.exitcode == -signal.SIGKILL


def send_all(
    port: int, deliveries: Sequence[tuple[str, dict[str, Any]]], senders: int
) -> list[Any]:
    """Send deliveries (id and document), each again until it is answered 202; gives the answers."""
    local = threading.local()
    connections: list[HTTPConnection] = []

    def send(delivery: tuple[str, dict[str, Any]]) -> Any:
        name, document = delivery
        body, headers = json.dumps(document), PROOF | {"webhook-id": name}
        if not hasattr(local, "connection"):
            local.connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
            connections.append(local.connection)
        for _ in range(10_000):
            try:
                local.connection.request("POST", "/hooks/generic", body, headers)
                response = local.connection.getresponse()
                answer = response.read()
            except (OSError, HTTPException):
                local.connection.close()  # opens itself again with the next request
                continue
            if response.status == 202:
                return json.loads(answer)
            assert response.status == 503, answer
        raise AssertionError(f"{name} was never taken in")

    try:
        with ThreadPoolExecutor(senders) as pool:
            return list(pool.map(send, deliveries))
    finally:
        for connection in connections:
            connection.close()
