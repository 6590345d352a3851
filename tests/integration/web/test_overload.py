"""Too much comes in: it is told when to come again, and everybody else is served."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import uvicorn
from fastapi import FastAPI

from airmend.incident.proofs import SourceSecrets
from airmend.records.database import Database
from airmend.web.admission import Limits
from airmend.web.app import create_app
from airmend.web.hooks import THREADS
from tests.integration.incident.desk import PROOF, Desk, trust
from tests.integration.web.conftest import Caller
from tests.integration.web.test_hooks import counted, problem
from tests.postgres import free_port
from tests.unit.incident.documents import alertmanager_group, generic_alert


def app_with(desk: Desk, **limits: int) -> FastAPI:
    """The application with other limits."""
    return create_app(intake=desk.intake, secrets=trust, limits=Limits(**limits))


def test_an_address_that_knocks_too_often_is_sent_away_unread(desk: Desk) -> None:
    caller = Caller(app_with(desk, attempts_per_minute=2))
    for _ in range(2):
        problem(caller.post("/hooks/generic", json=generic_alert()), 401)
    before = desk.counts()
    response = caller.post("/hooks/generic", json=generic_alert(), headers=PROOF)
    problem(response, 429)
    assert response.headers["retry-after"] == "30"
    assert desk.counts() == before
    assert caller.post("/hooks/alertmanager", json=alertmanager_group(), headers=PROOF).is_success
    assert caller.get("/health").is_success


def test_addresses_that_do_not_exist_are_limited_too(desk: Desk) -> None:
    caller = Caller(app_with(desk, attempts_per_minute=2))
    for name in ("nagios", "zabbix2"):
        problem(caller.post(f"/hooks/{name}", json={}), 404)
    problem(caller.post("/hooks/another", json={}), 429)
    assert counted(desk) == {("unknown", "unknown_source"): 2}


def test_a_proven_source_that_sends_too_much_waits_and_nobody_else_does(desk: Desk) -> None:
    caller = Caller(app_with(desk, deliveries_per_minute=3))
    for number in range(2):
        alert = generic_alert(host=f"web{number}")
        assert caller.post("/hooks/generic", json=alert, headers=PROOF).is_success
    problem(caller.post("/hooks/generic", json={"name": 1}, headers=PROOF), 422)  # counts too
    response = caller.post("/hooks/generic", json=generic_alert(host="web9"), headers=PROOF)
    assert "3 deliveries a minute" in problem(response, 503)["detail"]
    assert response.headers["retry-after"] == "20"
    assert len(desk.incidents()) == 2
    assert caller.post("/hooks/alertmanager", json=alertmanager_group(), headers=PROOF).is_success


def test_who_is_not_proven_uses_up_nobodys_deliveries(desk: Desk) -> None:
    caller = Caller(app_with(desk, deliveries_per_minute=1))
    for _ in range(5):
        problem(caller.post("/hooks/generic", json=generic_alert()), 401)
        problem(caller.post("/hooks/generic", content=b"x" * 2_000_000), 413)
    assert caller.post("/hooks/generic", json=generic_alert(), headers=PROOF).is_success


def test_slow_senders_leave_room_for_others(desk: Desk) -> None:
    app = app_with(desk, in_flight=8)

    async def story() -> None:
        go_on = anyio.Event()

        async def slow_body(reading: anyio.Event) -> AsyncIterator[bytes]:
            yield b" "
            reading.set()
            await go_on.wait()
            yield json.dumps(generic_alert()).encode()

        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            slow: list[int] = []

            async def send_slowly(reading: anyio.Event) -> None:
                body = slow_body(reading)
                response = await client.post("/hooks/generic", content=body, headers=PROOF)
                slow.append(response.status_code)

            async with anyio.create_task_group() as tasks:
                for _ in range(2):  # a quarter of what may be in flight: an address has no more
                    reading = anyio.Event()
                    tasks.start_soon(send_slowly, reading)
                    await reading.wait()
                away = await client.post("/hooks/generic", json=generic_alert(), headers=PROOF)
                problem(away, 503)
                assert int(away.headers["retry-after"]) > 0
                assert (await client.get("/health")).is_success
                group = alertmanager_group()
                other = await client.post("/hooks/alertmanager", json=group, headers=PROOF)
                assert other.is_success
                go_on.set()
            assert slow == [202, 202]
            again = await client.post("/hooks/generic", json=generic_alert(), headers=PROOF)
            assert again.status_code == 202

    anyio.run(story)


@contextmanager
def served(app: FastAPI, **options: Any) -> Iterator[str]:
    """The application behind a real server; its address."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, **{"log_level": "error"} | options))
    thread = threading.Thread(target=server.run)
    thread.start()
    ready = threading.Event()
    while not server.started and thread.is_alive():
        ready.wait(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(30)


def test_a_source_that_hangs_holds_half_of_the_threads_at_most(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'records.db'}")
    database.migrate()
    desk, go_on, inside = Desk(database), threading.Event(), threading.Semaphore(0)

    def hang(source: str) -> SourceSecrets:
        if source == "generic":
            inside.release()
            assert go_on.wait(60)
        return trust(source)

    app = create_app(intake=desk.intake, secrets=hang)
    hanging: list[int] = []

    with served(app) as url, httpx.Client(base_url=url, timeout=60) as client:

        def send() -> None:
            address, alert = f"{url}/hooks/generic", generic_alert()
            hanging.append(httpx.post(address, json=alert, headers=PROOF, timeout=60).status_code)

        threads = [threading.Thread(target=send) for _ in range(THREADS + 4)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(THREADS // 2):
                assert inside.acquire(timeout=60)
            for _ in range(20):
                group = alertmanager_group()
                assert client.post("/hooks/alertmanager", json=group, headers=PROOF).is_success
                assert client.get("/health").is_success
            assert not inside.acquire(blocking=False)
            assert hanging == []
        finally:
            go_on.set()
            for thread in threads:
                thread.join(60)
        assert hanging == [202] * len(threads)
    database.close()
