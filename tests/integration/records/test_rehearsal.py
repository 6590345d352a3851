"""A rehearsal finds nothing, changes nothing, and leaves its statements compiled."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, select

from airmend.records.changes import change_of_run
from airmend.records.database import Database
from airmend.records.rehearsal import rehearse
from airmend.records.tables import Table

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def test_a_rehearsal_changes_nothing(database: Database) -> None:
    with database.session() as session:
        rehearse(session, name="rehearsal", at=NOW)
    with database.session() as session:
        for table in Table.metadata.sorted_tables:
            assert session.scalar(select(func.count()).select_from(table)) == 0


def test_after_a_rehearsal_nothing_is_compiled_again(database: Database) -> None:
    with database.session() as session:
        rehearse(session, name="rehearsal", at=NOW)
    cache = database.engine._compiled_cache
    assert cache is not None
    compiled = len(cache)
    database.close()  # as before the forks
    with database.session() as session:
        rehearse(session, name="rehearsal", at=NOW)
        change_of_run(session, "service-down", "airmend__INC-1")
    assert len(cache) == compiled
