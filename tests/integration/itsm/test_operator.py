"""The DAG and the commands: there when a ticket system is configured, and gone when not."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from airmend.audit.pruning import prune
from airmend.cli import tickets as command
from airmend.errors import ConfigurationError, UnknownIncidentError
from airmend.orchestration import services
from airmend.records.model import FactKind
from airmend.settings import get_settings
from tests.integration.audit.stories import seal_all
from tests.integration.itsm.lives import CHANGE, INCIDENT, SERVICENOW_PLAN, Life
from tests.integration.itsm.sites import ServiceNow


@pytest.fixture
def module() -> Any:
    """The module; what it imports of Airflow warns about its own dependencies."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module("airmend.orchestration.tickets")


@pytest.fixture
def file(life: Life, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of the ticket system, and settings that name it and the records of the life."""
    path = tmp_path / "tickets.yaml"
    path.write_text(yaml.safe_dump(SERVICENOW_PLAN))
    monkeypatch.setenv("AIRMEND_TICKETS_FILE", str(path))
    monkeypatch.setenv("AIRMEND_DATABASE_URL", str(life.database.url))
    monkeypatch.setattr(services, "open_records", lambda: life.database)
    get_settings.cache_clear()
    yield path
    get_settings.cache_clear()


def run(*words: str) -> str:
    result = CliRunner().invoke(command.app, list(words), catch_exceptions=False)
    return result.output


def test_without_a_file_there_is_no_dag(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRMEND_TICKETS_FILE", raising=False)
    get_settings.cache_clear()
    assert module.build_tickets_dag() is None


def test_the_dag_yields_to_every_repair(module: Any, file: Path) -> None:
    dag = module.build_tickets_dag()
    (task,) = dag.tasks
    assert (dag.dag_id, dag.max_active_runs, dag.catchup) == ("airmend-tickets", 1, False)
    assert task.priority_weight < 1
    assert task.execution_timeout.total_seconds() == 300


def test_the_task_tells_what_there_is(
    module: Any, file: Path, life: Life, servicenow: ServiceNow, monkeypatch: pytest.MonkeyPatch
) -> None:
    life.live()
    monkeypatch.setattr(services, "utc_now", life.now)
    task = module.SyncTicketsOperator(task_id="sync_tickets")
    assert task.execute({}) == {"told": 2, "refused": 0, "busy": 0, "away": ""}
    assert servicenow.rows()[0]["state"] == "3"


def test_a_connection_that_is_not_there_is_said_without_a_secret(
    module: Any, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk.exceptions import AirflowNotFoundException

    def nothing(*_: object) -> None:
        raise AirflowNotFoundException("The conn_id `airmend_tickets` isn't defined")

    hook = import_module("airflow.providers.http.hooks.http").HttpHook
    monkeypatch.setattr(hook, "get_connection", nothing)
    with pytest.raises(ConfigurationError, match="airmend_tickets of the ticket system"):
        module.SyncTicketsOperator(task_id="sync_tickets").execute({})


def test_a_mistake_in_the_file_is_shown(module: Any, file: Path) -> None:
    file.write_text("system: servicenow\ntimeout_seconds: 0\n")
    with pytest.raises(ConfigurationError, match=r"tickets.yaml:2: timeout_seconds is 0"):
        module.SyncTicketsOperator(task_id="sync_tickets").execute({})


def test_the_commands_show_what_waits_and_try_it_again(
    life: Life, servicenow: ServiceNow, file: Path
) -> None:
    assert run() == "servicenow is well, not asked yet\nno ticket waits to be told anything\n"
    life.request()
    servicenow.fail("POST /incident", 403, body={"error": {"message": "No", "detail": "right"}})
    life.look()
    text = run()
    assert f"{INCIDENT}  no ticket yet, told nothing yet; refused: creating incident" in text
    assert "answered 403, No; right" in text
    assert run("retry", INCIDENT) == "1 ticket is tried at the next look\n"
    life.look()
    assert "refused" not in run()
    assert f"{CHANGE}  {servicenow.rows()[0]['number']}, told at" in run("--all")
    servicenow.fail("GET", 401)
    life.tell(FactKind.GUARD_PASSED, "The guard passed")
    life.look()
    assert "servicenow is away" in run()
    assert "2 tickets are tried" in run("retry")
    life.look()
    assert "servicenow is well, reached at" in run()
    with pytest.raises(UnknownIncidentError, match="no ticket of 'INC-NONE' waits"):
        run("retry", "INC-NONE")


def test_pruning_forgets_the_tickets_too(life: Life, servicenow: ServiceNow) -> None:
    life.live()
    life.look()
    life.incident_id, life.change_id = "INC-20260303-BBBBBBBB", "CHG-20260303-BBBBBBBB"
    life.open_incident(fingerprint="another")
    seal_all(life.database, at=life.at)
    life.pass_time(days=2)
    with life.database.session() as session:
        pruned = prune(session, life.at, by="olivia", at=life.at)
    assert pruned.rows["incidents"] == 1
    assert life.tickets() == 0
    assert life.look().told == 1  # the other one is told as if nothing had happened
    ids = {row["correlation_id"] for row in servicenow.rows("incident")}
    assert ids == {INCIDENT, "INC-20260303-BBBBBBBB"}
