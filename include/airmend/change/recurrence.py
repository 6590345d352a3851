"""A success that did not last: it counts as a failure, and the cause is a problem for people.

Reads and writes the records in the caller's transaction. Called before a change begins, so that
the circuit it opens holds at once, and by upkeep once a minute.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from airmend.change.circuit import open_circuit
from airmend.change.policy import Policy
from airmend.records.problems import open_problem
from airmend.records.recurrences import find_recurrences
from airmend.records.starts import queue_for_start


def settle_recurrences(session: Session, policy: Policy, *, now: datetime) -> int:
    """Write down every success that did not last, and what that means; gives how many were new.

    Safe to repeat: a change is written down once, in the transaction that counts it. Of two at
    the same instant the second finds nothing left.
    """
    horizon = policy.standard.horizon
    if not find_recurrences(session, now=now, horizon=horizon):
        return 0
    queue_for_start(session)
    found = find_recurrences(session, now=now, horizon=horizon)
    for change, recurrence in found:
        open_problem(session, change, recurrence, at=now)
        session.flush()
        open_circuit(session, policy.guard_rails, change.id, at=now)
    return len(found)
