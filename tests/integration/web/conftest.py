"""The web application over fresh records."""

from __future__ import annotations

from typing import Any

import anyio
import httpx
import pytest
from fastapi import APIRouter, FastAPI, HTTPException, Request

from airmend.records.database import Database
from airmend.web.app import create_app
from tests.integration.incident.desk import Desk, trust


def require_login(request: Request) -> None:
    """Lets pass whoever has the cookie."""
    if request.cookies.get("who") != "olivia":
        raise HTTPException(401, "log in first")


def make_app(desk: Desk) -> FastAPI:
    """The application with one page, and a page that breaks."""
    pages = APIRouter()

    @pages.get("/incidents")
    def show_incidents() -> dict[str, str]:
        return {"shown": "to people"}

    @pages.get("/incidents/{number}")
    def show_incident(number: int) -> dict[str, int]:
        return {"number": 1 // number}

    return create_app(intake=desk.intake, secrets=trust, pages=pages, login=require_login)


@pytest.fixture
def desk(database: Database) -> Desk:
    """What stands behind the web."""
    return Desk(database)


class Caller:
    """Someone outside who calls an application, without a socket between them."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Send one request."""

        async def call() -> httpx.Response:
            # an error that is answered is raised too, for the server's log
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, **request)

        return anyio.run(call)

    def get(self, path: str, **request: Any) -> httpx.Response:
        """Ask for a page."""
        return self("GET", path, **request)

    def post(self, path: str, **request: Any) -> httpx.Response:
        """Deliver something."""
        return self("POST", path, **request)


@pytest.fixture
def client(desk: Desk) -> Caller:
    """Someone outside, with Airmend mounted as in Airflow's API server."""
    outer = FastAPI()
    outer.mount("/airmend", make_app(desk))
    return Caller(outer)
