"""Keeps with the records who has which role of Airflow, for whoever cannot ask Airflow.

Used inside Airflow's API server, which can: the simple auth manager's people are in its settings,
FAB's in its database. It writes them down every few seconds, for commands. Tasks read them for FAB
alone, so there also before a task is let begin: who lost a role a moment ago counts no more for
that task. A failure is logged and holds nothing up; whoever reads sees the age of what is there.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time
from typing import TYPE_CHECKING, Any

from airmend.orchestration.auth_roles import (
    Roles,
    keeps_accounts,
    read_simple_roles,
    takes_user_names,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airmend.records.database import Database

EVERY_SECONDS = 15.0
"""How often they are written down, whether or not a task asks."""

YOUNG_SECONDS = 1.0
"""What was written so lately is not written again for a task that begins."""

_BEGINS_A_TASK = re.compile(r".*/execution/task-instances/[0-9a-f-]{36}/run")

log = logging.getLogger(__name__)


class RoleKeeping:
    """ASGI middleware around Airflow's API server; it answers nothing itself."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._for_tasks = keeps_accounts()
        self._needed = self._for_tasks or takes_user_names()
        self._begun = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the call on; before a task begins, write down who has which role."""
        if self._needed:
            if not self._begun:
                self._begun = True
                threading.Thread(target=_keep_on, name="airmend-roles", daemon=True).start()
            if (
                self._for_tasks
                and scope["type"] == "http"
                and scope["method"] == "PATCH"
                and _BEGINS_A_TASK.fullmatch(scope["path"])
            ):
                await asyncio.to_thread(_keeper.keep)
        await self._app(scope, receive, send)


class RoleKeeper:
    """Writes accounts and roles down; may be called from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept_at = float("-inf")

    def keep(self) -> None:
        """Write them down, unless that was done a moment ago; a failure is logged."""
        from airmend.orchestration.services import open_records

        with self._lock:
            begun_at = time.monotonic()
            if begun_at - self._kept_at < YOUNG_SECONDS:
                return
            try:
                keep_roles(open_records())
            except Exception:
                # whatever it is, no task and no page of Airflow may wait for it
                log.exception("who has which role could not be written down")
            else:
                self._kept_at = begun_at


_keeper = RoleKeeper()


def _keep_on() -> None:
    while True:
        _keeper.keep()
        time.sleep(EVERY_SECONDS)


def keep_roles(database: Database) -> None:
    """Write down who has an account and a role now.

    Raises:
        StoreUnavailableError: The records cannot be used.
        SQLAlchemyError: Airflow's database cannot be read.
    """
    from airmend.records.clock import read_database_clock
    from airmend.records.role_snapshots import save_snapshot

    with database.session() as session:
        taken_at = read_database_clock(session)  # before they are read: never younger than it is
    ids, roles = _read_people()
    with database.session() as session:
        save_snapshot(session, taken_at=taken_at, ids=ids, roles=roles)


def read_roles() -> Roles:
    """User names by role, in small letters, for the API server's own pages."""
    return _read_people()[1]


def _read_people() -> tuple[Mapping[str, str], Roles]:
    """Ids by user name, and user names by role; of an auth manager that is not known, nobody."""
    if takes_user_names():
        roles = read_simple_roles()
        return {name: name for names in roles.values() for name in names}, roles
    if keeps_accounts():
        from airmend.orchestration.fab_accounts import read_accounts

        return read_accounts()
    return {}, {}
