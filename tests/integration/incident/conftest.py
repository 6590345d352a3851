"""Fixtures of the intake."""

from __future__ import annotations

import pytest

from airmend.records.database import Database
from tests.integration.incident.desk import Desk


@pytest.fixture
def desk(database: Database) -> Desk:
    """An intake on fresh records."""
    return Desk(database)
