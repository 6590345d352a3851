"""What the least costs that a webhook has to do: bare FastAPI routes beside which intake is held.

A process of its own: `python -m airmend.cli.benchmarks.floors PORT DATABASE`, where DATABASE is
a file of SQLite or an address of PostgreSQL. All routes take the same body, and check its
HMAC and its form with pydantic; the drivers are used bare, without SQLAlchemy.

    /parse   answers then
    /insert  stores the delivery under its id in a transaction of its own, in a thread
    /group   stores what has arrived meanwhile in one transaction, in one thread
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import sqlite3
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel

KEY = base64.b64encode(b"a key that everybody may know!!!").decode()
"""What the senders of the measurement sign with."""

Row = tuple[str, bytes]
_INSERT_SQLITE = "INSERT INTO floor (key, body) VALUES (?, ?) ON CONFLICT DO NOTHING"
_INSERT_POSTGRES = "INSERT INTO floor (key, body) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_TABLE = "CREATE TABLE IF NOT EXISTS floor (id {id}, key TEXT NOT NULL UNIQUE, body {body})"


class FloorAlert(BaseModel):
    """One alert of Alertmanager."""

    status: str
    labels: dict[str, str]
    annotations: dict[str, str]
    startsAt: str  # noqa: N815 - as it is sent
    fingerprint: str


class FloorGroup(BaseModel):
    """A delivery of Alertmanager."""

    version: str
    alerts: list[FloorAlert]


def read_delivery(headers: Any, body: bytes) -> str:
    """The id of a delivery that is signed and well formed.

    Raises:
        HTTPException: It is not.
    """
    name = headers["webhook-id"]
    content = f"{name}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(base64.b64decode(KEY), content, hashlib.sha256).digest()
    given = base64.b64decode(headers["webhook-signature"].removeprefix("v1,"))
    if not hmac.compare_digest(digest, given):
        raise HTTPException(401)
    FloorGroup.model_validate_json(body)
    return str(name)


def open_store(database: str) -> Callable[[Sequence[Row]], None]:
    """A function that stores rows in one transaction that is on disk when it returns.

    A row whose id is there already is left out. It keeps a connection for each thread.
    """
    local, is_postgres = threading.local(), database.startswith("postgresql")
    statement = _INSERT_POSTGRES if is_postgres else _INSERT_SQLITE

    def connect() -> Any:
        connection: Any
        if is_postgres:
            connection = psycopg.connect(database)
        else:
            connection = sqlite3.connect(database, timeout=30)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
        return connection

    def store(rows: Sequence[Row]) -> None:
        if not hasattr(local, "connection"):
            local.connection = connect()
        with local.connection.cursor() if is_postgres else local.connection as place:
            place.executemany(statement, rows)
        local.connection.commit()

    first = connect()
    types = {"id": "BIGSERIAL PRIMARY KEY", "body": "BYTEA"}
    if not is_postgres:
        types = {"id": "INTEGER PRIMARY KEY", "body": "BLOB"}
    first.execute(_TABLE.format(**types))
    first.commit()
    first.close()
    return store


class Groups:
    """One thread that stores what has arrived."""

    def __init__(self, store: Callable[[Sequence[Row]], None]) -> None:
        self._store = store
        self._waiting: deque[tuple[Row, asyncio.Future[None]]] = deque()
        self._arrived = threading.Event()

    async def add(self, row: Row) -> None:
        """Store a row, and return when it is on disk."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((row, done))
        self._arrived.set()
        await done

    def run(self, loop: asyncio.AbstractEventLoop) -> None:
        """Work, for ever."""
        while self._arrived.wait():
            self._arrived.clear()
            group = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if group:
                self._store([row for row, _ in group])
                loop.call_soon_threadsafe(_finish, [done for _, done in group])


def _finish(done: Sequence[asyncio.Future[None]]) -> None:
    for each in done:
        each.set_result(None)


def make_app(database: str) -> FastAPI:
    """The application with the three routes."""
    app, store = FastAPI(), open_store(database)
    groups: list[Groups] = []

    @app.post("/parse")
    async def parse(request: Request) -> JSONResponse:
        name = read_delivery(request.headers, await request.body())
        return JSONResponse({"delivery": name}, 202)

    @app.post("/insert")
    async def insert(request: Request) -> JSONResponse:
        body = await request.body()
        name = read_delivery(request.headers, body)
        await run_in_threadpool(store, [(name, body)])
        return JSONResponse({"delivery": name}, 202)

    @app.post("/group")
    async def group(request: Request) -> JSONResponse:
        body = await request.body()
        name = read_delivery(request.headers, body)
        if not groups:
            groups.append(Groups(store))
            loop = asyncio.get_running_loop()
            threading.Thread(target=groups[0].run, args=[loop], daemon=True).start()
        await groups[0].add((name, body))
        return JSONResponse({"delivery": name}, 202)

    return app


if __name__ == "__main__":
    uvicorn.run(make_app(sys.argv[2]), port=int(sys.argv[1]), log_level="error", access_log=False)
