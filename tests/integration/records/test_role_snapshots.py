"""Who has which role, as it was written down last; what is too old counts for nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from airmend.errors import RolesUnknownError
from airmend.records.clock import read_database_clock
from airmend.records.database import Database
from airmend.records.role_snapshots import read_snapshot, save_snapshot

IDS = {"olga": "3", "peter": "7"}
MINUTE = timedelta(minutes=1)


def save(database: Database, taken_at: datetime, **roles: list[str]) -> bool:
    with database.session() as session:
        return save_snapshot(session, taken_at=taken_at, ids=IDS, roles=roles)


def now(database: Database) -> datetime:
    with database.session() as session:
        return read_database_clock(session)


def test_what_was_written_a_moment_ago_is_read(database: Database) -> None:
    at = now(database)
    assert save(database, at, op=["olga"])
    with database.session() as session:
        snapshot = read_snapshot(session, max_age=MINUTE)
    assert snapshot.taken_at == at
    assert snapshot.ids == IDS
    assert snapshot.roles == {"op": ["olga"]}


def test_nothing_was_written_yet(database: Database) -> None:
    with database.session() as session, pytest.raises(RolesUnknownError, match="has not written"):
        read_snapshot(session, max_age=MINUTE)


@pytest.mark.parametrize("age", [timedelta(seconds=61), timedelta(seconds=-60)])
def test_what_is_too_old_or_of_the_future_is_refused(database: Database, age: timedelta) -> None:
    save(database, now(database) - age, op=["olga"])
    with database.session() as session, pytest.raises(RolesUnknownError, match="at most 60 s"):
        read_snapshot(session, max_age=MINUTE)


def test_a_server_that_read_earlier_does_not_bring_back_who_left(database: Database) -> None:
    at = now(database)
    assert save(database, at, op=[])
    assert not save(database, at - timedelta(seconds=1), op=["olga"])
    with database.session() as session:
        assert read_snapshot(session, max_age=MINUTE).roles == {"op": []}
