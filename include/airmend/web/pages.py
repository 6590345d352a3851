"""Pages for people: the incidents, the story of one, and the reports.

Read only. The login stands before the router, where the application is put together.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from fastapi import APIRouter, Depends

from airmend.records.database import Database
from airmend.settings import Settings
from airmend.web.incident_pages import create_incident_pages
from airmend.web.report_pages import create_report_pages
from airmend.web.showing import Shower, note_alarms
from airmend.web.surroundings import Surroundings


def create_pages(
    database: Database,
    settings: Settings,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    surroundings: Surroundings | None = None,
) -> APIRouter:
    """The routes of all pages; whoever mounts them puts a login before them.

    Args:
        database: The records.
        settings: For links to Airflow, and where the maintenance calendars are.
        clock: The time, aware.
        surroundings: What other rooms know of an incident; without it, the pages say less.
    """
    router = APIRouter(dependencies=[Depends(note_alarms(database, settings, clock))])
    show = Shower(clock)
    router.include_router(
        create_incident_pages(database, show, settings.base_url, surroundings or Surroundings())
    )
    router.include_router(create_report_pages(database, show))
    return router
