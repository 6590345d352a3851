"""Records of an earlier release are brought to the next, and back, with what is in them.

Rows are written in SQL: the classes of this release know columns that came later.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from airmend.records import migrations
from airmend.records.database import Database
from tests.builders import AT

INSERT = text(
    "INSERT INTO incidents (id, source, fingerprint, name, status, severity, summary, description,"
    " labels, annotations, opened_at, alert_count, rejections) VALUES (:id, 'generic', 'fp',"
    " 'ServiceDown', :status, 'error', '', '', '{}', '{}', :at, 1, '[]')"
)


def _move(database: Database, to: str, how: Callable[[Config, str], Any]) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        how(config, to)


def _store(database: Database, number: int, status: str) -> None:
    with database.session() as session:
        session.execute(INSERT, {"id": f"inc-{number}", "status": status, "at": str(AT)})


def test_an_incident_that_is_held_back_counts_as_open_in_records_of_the_first_release(
    empty_database_url: str,
) -> None:
    database = Database(empty_database_url)
    _move(database, "0001", command.upgrade)
    _store(database, 1, "suppressed")  # as an incident of that release, it would be no open one
    _store(database, 2, "closed")
    _move(database, "0002", command.upgrade)
    for status in ("suppressed", "unmatched", "remediating", "escalated"):
        with pytest.raises(IntegrityError):
            _store(database, 3, status)
    _store(database, 3, "closed")
    database.close()


def test_going_back_leaves_incidents_that_the_first_release_can_read(
    empty_database_url: str,
) -> None:
    database = Database(empty_database_url)
    _move(database, "0002", command.upgrade)
    _store(database, 1, "suppressed")
    _move(database, "0001", command.downgrade)
    with database.session() as session:
        assert session.scalar(text("SELECT status FROM incidents")) == "escalated"
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == "0001"
        assert "suppressions" not in inspect(session.connection()).get_table_names()
    with pytest.raises(IntegrityError):
        _store(database, 2, "remediating")
    _store(database, 3, "suppressed")  # a word that this release does not know
    database.close()
