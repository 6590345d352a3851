"""A recorded incident with its change, for the tests of what belongs to them."""

from __future__ import annotations

import pytest

from airmend.change.model import ChangeRequest
from airmend.records.changes import create_change
from airmend.records.database import Database
from airmend.records.incidents import create_incident
from tests.builders import make_change, make_incident


@pytest.fixture
def change(database: Database) -> ChangeRequest:
    """A change that was requested and whose run does not exist yet."""
    requested = make_change()
    with database.session() as session:
        create_incident(session, make_incident(id=requested.incident_id))
        create_change(session, requested)
    return requested
