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
from airmend.incident.proofs import SourceSecrets
from airmend.records.database import Database
from airmend.web.admission import Limits
from airmend.web.hooks import Hooks, create_hooks
from airmend.web.problems import add_problem_handlers
from airmend.web.query import HideQuery


def create_app(
    *,
    intake: Intake,
    secrets: Callable[[str], SourceSecrets],
    limits: Limits | None = None,
    is_at_hand: Callable[[str], bool] = lambda _source: False,
    pages: APIRouter | None = None,
    login: Any = None,
    root_path: str = "",
    routers: Sequence[APIRouter] = (),
) -> FastAPI:
    """Put the application together.

    Args:
        intake: Takes deliveries in.
        secrets: Gives the secrets of an alert source.
        limits: How much the webhooks take in; `Limits()` by default. Health and pages have none.
        is_at_hand: Whether it would do so without waiting for anything.
        pages: The routes for people; None leaves them out.
        login: A FastAPI dependency that lets only people pass who are logged in; it stands
            before every one of `pages`.
        root_path: Where it stands when nobody has mounted it: addresses are taken with this
            before them, and without it.
        routers: Further routes, which check for themselves who may use them.

    Raises:
        ConfigurationError: There are pages and no login.
    """
    if pages is not None and login is None:
        raise ConfigurationError("the pages need a login; pass the dependency that checks it")
    # no OpenAPI document and no interactive documentation, which would be open to everyone:
    # `airmend openapi` prints the document of the webhooks
    app = FastAPI(
        title="Airmend", openapi_url=None, docs_url=None, redoc_url=None, root_path=root_path
    )
    add_problem_handlers(app)
    app.add_middleware(HideQuery)
    app.include_router(create_hooks(Hooks(intake, secrets, limits or Limits(), is_at_hand)))
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
