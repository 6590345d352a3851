"""The clock that Airflow's scheduler and ours share."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

from airmend.orchestration.services import passed_second


def test_a_run_may_begin_at_once_by_a_clock_of_whole_seconds() -> None:
    after = passed_second().replace(tzinfo=None).isoformat(" ", "microseconds")
    with closing(sqlite3.connect(":memory:")) as connection:
        (may_begin,) = connection.execute("SELECT ? <= CURRENT_TIMESTAMP", (after,)).fetchone()
    assert may_begin


def test_a_run_is_not_shown_as_older_than_a_second() -> None:
    assert datetime.now(UTC) - passed_second() <= timedelta(seconds=1.5)
