"""No clock, no change: asked before a change begins and before each of its steps.

Imports nothing of Airflow.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from airmend.change.clock import check_clock
from airmend.change.guard_rails import GuardRails
from airmend.errors import ConfigurationError
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.services import read_policy
from airmend.records.clock import latest_time


def refuse_wrong_clock(run: ChangeRun, session: Session) -> None:
    """Return when the clock of this process can be trusted.

    A policy that cannot be read counts as the default here; it starts no change anyway.

    Raises:
        ClockError: It does not agree with the clock of the records, or with what is in them.
    """
    try:
        rails = read_policy(run.settings).guard_rails
    except ConfigurationError:
        rails = GuardRails()
    check_clock(
        run.now(),
        database_at=run.database_clock(session) if run.database_clock else None,
        recorded_at=latest_time(session),
        tolerance=timedelta(seconds=rails.clock_tolerance_seconds),
    )
