"""Airmend in Airflow's API server: the webhooks and the pages, mounted at /airmend.

Airflow imports every plugin in every process, also in each task's: what is heavy is imported
at the first request, by the API server alone.
"""

from __future__ import annotations

import asyncio
from typing import Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

from airmend.orchestration.question_texts import QuestionTexts
from airmend.orchestration.role_keeping import RoleKeeping


class LazyApplication:
    """An ASGI application that is made when it is first called."""

    def __init__(self) -> None:
        self._application: Any = None
        self._lock = asyncio.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand the call on to the application of `airmend.web`."""
        if self._application is None:
            async with self._lock:
                if self._application is None:
                    self._application = await asyncio.to_thread(_compose)
        await self._application(scope, receive, send)


def _compose() -> Any:
    """Put the rooms together: the only place that knows the web, the rooms and Airflow."""
    from airmend.orchestration.airflow_gateway import find_operator, require_login, start_run
    from airmend.orchestration.composition import compose_intake
    from airmend.orchestration.correlating import CauseRanking
    from airmend.orchestration.hook_secrets import HookSecrets
    from airmend.orchestration.role_keeping import read_roles
    from airmend.orchestration.services import open_records, watch_topology
    from airmend.settings import get_settings
    from airmend.web.admission import Limits
    from airmend.web.app import create_app
    from airmend.web.pages import create_pages
    from airmend.web.review_pages import create_review_pages
    from airmend.web.suppression_pages import create_suppression_pages
    from airmend.web.suppressions import create_suppressions
    from airmend.web.surroundings import Surroundings

    database, secrets, settings = open_records(), HookSecrets(), get_settings()
    topology = watch_topology(settings)
    surroundings = Surroundings(
        topology=topology,
        rank_causes=CauseRanking(database, topology),
        mute_path="suppressions",
    )
    return create_app(
        intake=compose_intake(start_run),
        secrets=secrets,
        is_at_hand=secrets.is_at_hand,
        limits=Limits.of(settings),
        pages=create_pages(database, settings, surroundings=surroundings),
        login=require_login,
        routers=[
            *(
                create(database, settings, viewer=require_login, operator=find_operator)
                for create in (create_suppressions, create_suppression_pages)
            ),
            create_review_pages(
                database, settings, viewer=require_login, operator=find_operator, roles=read_roles
            ),
        ],
    )


class Preloader:
    """Listens for the start of a scheduler or DAG processor, which fork what runs our code."""

    @hookimpl
    def on_starting(self, component: Any) -> None:
        """Import before the forks what each of them would import; not in a task itself."""
        # a task announces itself here too; the class is not imported, that alone would cost it
        if type(component).__name__ == "Job":
            from airmend.orchestration.preloading import preload

            preload()


class AirmendPlugin(AirflowPlugin):
    """What Airflow mounts and shows; plain lists, as Airflow's own class declares them."""

    name = "airmend"
    listeners = [Preloader()]  # noqa: RUF012 - Airflow declares it so
    fastapi_apps = [  # noqa: RUF012 - Airflow declares it so
        {"app": LazyApplication(), "url_prefix": "/airmend", "name": "airmend"}
    ]
    fastapi_root_middlewares = [  # noqa: RUF012 - Airflow declares it so
        {"middleware": QuestionTexts, "name": "airmend-question-texts"},
        {"middleware": RoleKeeping, "name": "airmend-role-keeping"},
    ]
    external_views = [  # noqa: RUF012 - Airflow declares it so
        {
            "name": "Incidents",
            "href": "/airmend/",
            "url_route": "airmend-incidents",
            "destination": "nav",
        },
        {
            "name": "Reports",
            "href": "/airmend/reports",
            "url_route": "airmend-reports",
            "destination": "nav",
        },
        {
            "name": "Report",
            "href": "/airmend/reports/by-run?dag={DAG_ID}&run={RUN_ID}",
            "url_route": "airmend-report",
            "destination": "dag_run",
        },
    ]
