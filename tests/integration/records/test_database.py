"""The records migrate and hold times, on SQLite and on PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from airmend.errors import StoreUnavailableError
from airmend.records.database import Database
from airmend.records.tables import RejectionCountRow, Table


def test_migrations_give_exactly_the_tables_that_the_code_names(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Table.metadata) == []


def test_several_processes_may_migrate_at_once(empty_database_url: str) -> None:
    databases = [Database(empty_database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(Database.migrate, databases))
    with databases[0].session() as session:
        assert session.query(RejectionCountRow).count() == 0
    for each in databases:
        each.close()


def test_times_come_back_as_aware_utc(database: Database) -> None:
    moment = datetime(2026, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=5)))
    with database.session() as session:
        session.add(RejectionCountRow(source="s", reason="r", count=1, last_at=moment))
    with database.session() as session:
        row = session.get_one(RejectionCountRow, ("s", "r"))
    assert row.last_at == moment
    assert row.last_at.tzinfo is UTC


def test_a_failed_block_leaves_nothing_behind(database: Database) -> None:
    def write_and_fail() -> None:
        row = RejectionCountRow(source="s", reason="r", count=1, last_at=datetime.now(UTC))
        with database.session() as session:
            session.add(row)
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    with database.session() as session:
        assert session.get(RejectionCountRow, ("s", "r")) is None


def test_a_second_transaction_in_the_same_thread_is_refused_at_once(database: Database) -> None:
    with database.session(), pytest.raises(RuntimeError, match="pass it on"), database.session():
        pass
    with database.session() as session:
        assert session.query(RejectionCountRow).count() == 0


def test_a_database_that_is_down_is_unavailable_not_a_crash() -> None:
    database = Database("postgresql://airmend@127.0.0.1:1/none")
    with pytest.raises(StoreUnavailableError), database.session() as session:
        session.get(RejectionCountRow, ("s", "r"))


def test_a_sqlite_folder_is_made(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new' / 'records.db'}")
    database.migrate()
    assert (tmp_path / "new" / "records.db").exists()
    database.close()


def test_a_forked_process_does_not_use_the_connections_of_its_parent(database: Database) -> None:
    with database.session() as session:
        before = session.connection().connection.dbapi_connection
    database.forget_connections()  # as the fork does
    with database.session() as session:
        assert session.connection().connection.dbapi_connection is not before
    assert before is not None
    before.close()
