"""A program that stands for Airflow's API server: real FAB accounts in a real database.

Reads a command a line, as JSON, and answers each with a line of JSON. `FabSite` starts it.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

SETTINGS = {
    "AIRFLOW__CORE__AUTH_MANAGER": (
        "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
    ),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__FAB__UPDATE_FAB_PERMS": "False",
}
START_SECONDS = 600


class FabSite:
    """The program, from the outside."""

    def __init__(self, folder: Path) -> None:
        environment = {
            **os.environ,
            **SETTINGS,
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder / 'airflow.db'}",
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(folder / "plugins"),
        }
        self._log = (folder / "site.log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=environment,
        )

    def __call__(self, do: str, **values: Any) -> Any:
        """Carry a command out and give its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"do": do, **values}), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        assert answer, Path(self._log.name).read_text()[-4000:]
        return json.loads(answer)

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=60)
        self._log.close()


class _Inside:
    """The commands, in the program."""

    def __init__(self) -> None:
        from airflow.api_fastapi.app import init_auth_manager
        from airflow.providers.fab.www.app import create_app
        from airflow.utils.db import initdb

        initdb()
        init_auth_manager()
        self.app = create_app(enable_plugins=False)

    def user(self, name: str, roles: list[str], active: bool = True) -> str:
        """Make an account, or give one these roles; gives its id."""
        with self.app.app_context():
            manager = self.app.appbuilder.sm
            found = [manager.add_role(role) for role in roles]
            user = manager.find_user(username=name)
            if user is None:
                mail = f"{name}@example.com"
                user = manager.add_user(name, name, "M", mail, found, password=uuid.uuid4().hex)
            user.roles, user.active = found, active
            manager.update_user(user)
            return str(user.id)

    def group(self, name: str, members: list[str], roles: list[str]) -> None:
        """Make a group of FAB whose members have roles by it."""
        from airflow.providers.fab.auth_manager.models import Group

        with self.app.app_context():
            manager = self.app.appbuilder.sm
            session = manager.session
            group = session.query(Group).filter_by(name=name).one_or_none() or Group(name=name)
            group.users = [manager.find_user(username=each) for each in members]
            group.roles = [manager.add_role(each) for each in roles]
            session.add(group)
            session.commit()

    def pages(self) -> dict[str, list[str]]:
        """Roles, as the API server's own pages know them."""
        from airmend.orchestration.role_keeping import read_roles

        return {role: list(users) for role, users in read_roles().items()}

    def call(self, records: str, scope: dict[str, str], *, thread: bool = False) -> bool:
        """Let a call pass by Airmend's middleware; whether it came to Airflow."""
        from airmend.orchestration import role_keeping, services
        from airmend.settings import get_settings

        os.environ["AIRMEND_DATABASE_URL"] = records
        get_settings.cache_clear()
        services.open_records.cache_clear()
        role_keeping.EVERY_SECONDS = 3600.0
        role_keeping._keeper = role_keeping.RoleKeeper()
        passed = []

        async def airflow(scope: Any, receive: Any, send: Any) -> None:
            passed.append(scope)

        middleware = role_keeping.RoleKeeping(airflow)
        middleware._begun = not thread
        asyncio.run(middleware(scope, None, None))
        return passed == [scope]

    def question(self, tries: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
        """Put and answer a question, by Airflow's own function; a list a try of the task.

        Gives the question as it stands after each step.
        """
        from tests.integration.orchestration.fab_questions import play

        return play(tries)


def main() -> None:
    """Carry out what comes in."""
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever else prints is no answer
    inside = _Inside()
    for line in sys.stdin:
        command = json.loads(line)
        answer = getattr(inside, command.pop("do"))(**command)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
