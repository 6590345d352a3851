"""Fixtures that several rooms share."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from airmend.records.database import Database
from tests.postgres import PostgresServer, running_postgres


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A private PostgreSQL server; skipped where there is none."""
    with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


_numbers = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh, empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'records.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.create_database(f"test_{next(_numbers)}")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Migrated records, on SQLite and on PostgreSQL."""
    database = Database(database_url)
    database.migrate()
    yield database
    database.close()
