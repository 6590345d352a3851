"""The circuit breaker: a runbook whose changes fail in a row is locked until a person looks.

Reads and writes the records in the caller's transaction.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from airmend.change.guard_rails import GuardRails, is_circuit_open
from airmend.change.model import ChangeRequest
from airmend.records.changes import get_change
from airmend.records.history import has_failed, latest_outcomes
from airmend.records.ledger import append_fact, read_story
from airmend.records.model import FactKind
from airmend.records.runbooks import lock_runbook


def open_circuit(session: Session, rails: GuardRails, change_id: str, *, at: datetime) -> None:
    """Lock the runbook of an ended change, if this was one failure too many in a row.

    A success whose incident came back is a failure too. Safe to repeat: a change locks its
    runbook once, so that a person's unlocking stands. After that the next failure locks it
    again: nothing has succeeded since.
    """
    change = get_change(session, change_id)
    if not has_failed(session, change):
        return
    if any(
        fact.kind is FactKind.RUNBOOK_LOCKED and fact.change_id == change_id
        for fact in read_story(session, change.incident_id)
    ):
        return
    outcomes = latest_outcomes(session, change.runbook_id, rails.failures_in_a_row)
    if not is_circuit_open(outcomes, rails):
        return
    reason = f"its last {rails.failures_in_a_row} changes did not help, the latest is {change_id}"
    lock_and_tell(session, change, reason, at=at, dag_run=change.run_id)


def lock_and_tell(
    session: Session, change: ChangeRequest, reason: str, *, at: datetime, **evidence: Any
) -> None:
    """Lock the runbook of a change, and say so in the story with where it can be looked up."""
    lock_runbook(session, change.runbook_id, reason=reason, change_id=change.id, at=at)
    append_fact(
        session,
        FactKind.RUNBOOK_LOCKED,
        f"Runbook {change.runbook_id} is locked until a person has looked: {reason}",
        at=at,
        incident_id=change.incident_id,
        change_id=change.id,
        **evidence,
    )
