"""Statements that go to the driver as they are run in the session's own transaction."""

from __future__ import annotations

from sqlalchemy.orm import Session

from airmend.records.database import Database
from airmend.records.prepared import connection_of, execute


def test_a_session_is_asked_for_its_connection_once_a_transaction(database: Database) -> None:
    with Session(database.engine) as session:
        first = connection_of(session)
        assert connection_of(session) is first
        session.commit()
        second = connection_of(session)
        assert second is not first
        assert second.in_transaction()
        assert execute(second, "SELECT 1") == [(1,)]
