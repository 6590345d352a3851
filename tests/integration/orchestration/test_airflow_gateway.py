"""Runs are started in Airflow's own database, which may be busy for a moment."""

from __future__ import annotations

import warnings
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from airmend.errors import RunNotStartedError
from tests.builders import make_change

ATTEMPTS = 3


class Airflow:
    """Stands in for Airflow's function; its database is locked for the first few calls."""

    def __init__(self, locked: int) -> None:
        self.locked = locked
        self.started: list[str] = []

    def __call__(self, dag_id: str, *, run_id: str, **_: Any) -> None:
        if self.locked:
            self.locked -= 1
            raise OperationalError("INSERT", {}, Exception("database is locked"))
        self.started.append(run_id)


@pytest.fixture
def gateway() -> ModuleType:
    """The gateway; what Airflow's API server imports warns about its own dependencies."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module("airmend.orchestration.airflow_gateway")


@pytest.mark.parametrize("locked", [0, ATTEMPTS - 1])
def test_a_run_is_started_though_the_database_was_locked_for_a_moment(
    gateway: ModuleType, locked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow, change = Airflow(locked), make_change()
    monkeypatch.setattr(gateway, "trigger_dag", airflow)
    assert gateway.start_run(change) == change.run_id
    assert airflow.started == [change.run_id]


def test_a_run_that_cannot_be_started_is_left_for_later(
    gateway: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow = Airflow(ATTEMPTS)
    monkeypatch.setattr(gateway, "trigger_dag", airflow)
    with pytest.raises(RunNotStartedError, match="cannot start the run now"):
        gateway.start_run(make_change())
    assert airflow.started == []


@pytest.mark.parametrize(
    ("role", "name"),
    [("viewer", None), ("user", "robin"), ("op", "robin"), ("admin", "robin"), (None, None)],
)
def test_whoever_may_edit_dags_may_mute_and_stop_and_viewers_may_not(
    gateway: ModuleType, role: str | None, name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        simple = import_module("airflow.api_fastapi.auth.managers.simple.simple_auth_manager")
        user = import_module("airflow.api_fastapi.auth.managers.simple.user")
    manager = simple.SimpleAuthManager()
    monkeypatch.setattr(gateway, "get_auth_manager", lambda: manager)
    robin = user.SimpleAuthManagerUser(username="robin", role=role and role.upper())
    assert gateway.find_operator(robin) == name
