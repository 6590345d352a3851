"""Whoever watches sees what is committed, and never writes or waits."""

from __future__ import annotations

from pathlib import Path

import pytest

from airmend.cli.demo.following import Stage, StageStatus
from airmend.cli.demo.records_reader import RecordsReader
from airmend.errors import StoreUnavailableError
from airmend.records.changes import create_change
from airmend.records.database import Database
from airmend.records.incidents import create_incident
from airmend.records.ledger import append_fact
from airmend.records.model import FactKind
from tests.builders import make_change, make_incident
from tests.unit.cli.demo.test_following import statuses
from tests.unit.review.scenarios import later


def test_records_are_read_while_somebody_writes_and_are_never_written(tmp_path: Path) -> None:
    path = tmp_path / "a folder" / "airmend.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    incident, change = make_incident(), make_change()
    with database.session() as session:
        create_incident(session, incident)
        create_change(session, change)
    reader = RecordsReader(path)
    with database.session() as session:  # holds the write lock
        append_fact(
            session,
            FactKind.GUARD_PASSED,
            "may begin",
            at=later(1),
            incident_id=incident.id,
            change_id=change.id,
        )
        session.flush()
        assert statuses(reader.read(change.id))[Stage.GUARD] is StageStatus.RUNNING
    assert statuses(reader.read(change.id))[Stage.GUARD] is StageStatus.PASSED
    reader.close()
    database.close()


def test_records_that_are_not_there_are_not_made(tmp_path: Path) -> None:
    path = tmp_path / "airmend.db"
    reader = RecordsReader(path)
    with pytest.raises(StoreUnavailableError, match="the records cannot be read"):
        reader.read("chg-0001")
    assert not path.exists()
    reader.close()
