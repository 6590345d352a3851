"""A running ServiceNow and a running Jira, each with a life to tell."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from airmend.itsm.configuration import TicketPlan
from airmend.records.database import Database
from tests.integration.itsm.lives import JIRA_PLAN, SERVICENOW_PLAN, Life, connect
from tests.integration.itsm.sites import Jira, ServiceNow, running


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Empty records on SQLite, to be copied."""
    path = tmp_path_factory.mktemp("itsm") / "records.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


@pytest.fixture
def records(migrated: Path, tmp_path: Path) -> Iterator[Database]:
    """Records on SQLite alone: what is told does not depend on the database."""
    shutil.copy(migrated, tmp_path / "copy.db")
    database = Database(f"sqlite:///{tmp_path / 'copy.db'}")
    yield database
    database.close()


@pytest.fixture
def servicenow(monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceNow]:
    """An instance that Airflow has a connection to."""
    site = ServiceNow()
    with running(site) as url:
        connect(monkeypatch, url)
        yield site


@pytest.fixture
def jira(monkeypatch: pytest.MonkeyPatch) -> Iterator[Jira]:
    """A site that Airflow has a connection to."""
    site = Jira()
    with running(site) as url:
        connect(monkeypatch, url)
        yield site


@pytest.fixture
def life(records: Database, servicenow: ServiceNow) -> Life:
    """A life that ServiceNow is told, from its first look on."""
    return begin(Life(records, servicenow, TicketPlan.model_validate(SERVICENOW_PLAN)))


@pytest.fixture
def stored_life(database: Database, servicenow: ServiceNow) -> Life:
    """The same on SQLite and on PostgreSQL."""
    return begin(Life(database, servicenow, TicketPlan.model_validate(SERVICENOW_PLAN)))


@pytest.fixture
def jira_life(records: Database, jira: Jira) -> Life:
    """A life that Jira is told, from its first look on."""
    return begin(Life(records, jira, TicketPlan.model_validate(JIRA_PLAN)))


def begin(life: Life) -> Life:
    """The first look: what happened before it is told to nobody."""
    life.look()
    return life
