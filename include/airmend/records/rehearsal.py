"""What every task asks the records, asked once about nothing.

SQLAlchemy compiles a statement when it is first executed, which is most of the time of a short
task. The compiled form belongs to the engine, and so to every process that is forked afterwards.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from airmend.change.model import ChangeStatus
from airmend.execution.model import ExecutionStatus
from airmend.records.begun import list_begun
from airmend.records.changes import (
    change_of_run,
    find_change,
    get_decision,
    set_change_status,
)
from airmend.records.executions import finish_execution, list_executions
from airmend.records.history import count_open_incidents, past_changes, past_preflights
from airmend.records.incidents import find_incident
from airmend.records.leases import holds_leases, release_leases
from airmend.records.ledger import read_story
from airmend.records.runbooks import current_catalog_version, lock_reason
from airmend.records.suppressions import active_suppressions, kill_switch_state

NOBODY = ""
"""No id is empty, so that nothing is found and nothing is changed."""


def rehearse(session: Session, *, at: datetime) -> None:
    """Execute the statements of a task in vain."""
    change_of_run(session, NOBODY, NOBODY)
    find_change(session, NOBODY)
    find_incident(session, NOBODY)
    get_decision(session, NOBODY)
    holds_leases(session, NOBODY, [], now=at)
    list_executions(session, NOBODY)
    read_story(session, NOBODY)
    lock_reason(session, NOBODY)
    active_suppressions(session, at)
    kill_switch_state(session)
    current_catalog_version(session)
    past_changes(session, NOBODY, since=at)
    past_preflights(session, NOBODY, since=at, without=NOBODY)
    count_open_incidents(session, NOBODY, without=NOBODY)
    list_begun(session)
    set_change_status(session, NOBODY, ChangeStatus.EXECUTING, at=at)
    finish_execution(session, 0, NOBODY, ExecutionStatus.SUCCEEDED, at=at)
    release_leases(session, NOBODY)
