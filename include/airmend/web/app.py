"""The web application: webhooks for monitoring, pages for people, one health check.

Mounted below `/airmend` in Airflow's API server by the plugin, and able to run in a process
of its own. Imports nothing of Airflow: who may see the pages comes in as a dependency.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import text

from airmend.errors import ConfigurationError
from airmend.incident.intake import Intake
from airmend.incident.signatures import SourceSecrets
from airmend.records.database import Database
from airmend.web.hooks import create_hooks
from airmend.web.problems import add_problem_handlers


def create_app(
    *,
    intake: Intake,
    secrets: Callable[[str], SourceSecrets],
    pages: APIRouter | None = None,
    login: Any = None,
    routers: Sequence[APIRouter] = (),
) -> FastAPI:
    """Put the application together.

    Args:
        intake: Takes deliveries in.
        secrets: Gives the secrets of an alert source.
        pages: The routes for people; None leaves them out.
        login: A FastAPI dependency that lets only people pass who are logged in; it stands
            before every one of `pages`.
        routers: Further routes, which check for themselves who may use them.

    Raises:
        ConfigurationError: There are pages and no login.
    """
    if pages is not None and login is None:
        raise ConfigurationError("the pages need a login; pass the dependency that checks it")
    # no schema and no interactive documentation: they would be open to everyone
    app = FastAPI(title="Airmend", openapi_url=None, docs_url=None, redoc_url=None)
    add_problem_handlers(app)
    app.include_router(create_hooks(intake, secrets))
    if pages is not None:
        app.include_router(pages, dependencies=[Depends(login)])
    for router in routers:
        app.include_router(router)

    @app.get("/health")
    async def read_health() -> dict[str, str]:
        await run_in_threadpool(_ask, intake.database)
        return {"status": "ok"}

    return app


def _ask(database: Database) -> None:
    """Fail where the records cannot be used; the handlers make a 503 of it."""
    with database.session() as session:
        session.execute(text("SELECT 1"))
