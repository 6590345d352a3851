"""Fixtures that several rooms share."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from airmend.records.database import Database
from tests.postgres import PostgresServer, running_postgres

# how long an example takes says how busy the machine is; speed is measured by `make bench`
settings.register_profile("airmend", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("airmend")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A private PostgreSQL server; skipped where there is none."""
    with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


_numbers = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database without tables, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'records.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.create_database(f"test_{next(_numbers)}")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the tables of this release: a copy of it takes a hundredth of a migration."""
    path = tmp_path_factory.mktemp("sqlite") / "records.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """The name of a database with the tables of this release."""
    _migrate(postgres.create_database("template_records"))
    return "template_records"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database with the tables of this release, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'records.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    template: str = request.getfixturevalue("postgres_template")
    return server.create_database(f"test_{next(_numbers)}", template)


@pytest.fixture
def database(database_url: str, sqlite_template: Path) -> Iterator[Database]:
    """Migrated records, on SQLite and on PostgreSQL."""
    database = Database(database_url)
    path = database.url.database
    if database.url.get_backend_name() == "sqlite" and path and not Path(path).exists():
        shutil.copyfile(sqlite_template, path)
    yield database
    database.close()


def _migrate(url: str) -> None:
    database = Database(url)
    database.migrate()
    database.close()
