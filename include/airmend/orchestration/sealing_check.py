"""No record that can be proven, no change: asked by the guard, and when the approval is settled.

Imports nothing of Airflow. After an outage the first run may come before the first seal, so a
change waits for a few rounds of sealing before it is refused for one that is late.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from airmend.change.emergency import passes
from airmend.change.emergency_policy import Gate
from airmend.change.model import ChangeRequest
from airmend.change.sealing_gate import find_sealing_fault
from airmend.errors import UnsealedError
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.opening import NotYet
from airmend.orchestration.services import read_policy
from airmend.records.ledger import read_story
from airmend.records.model import FactKind
from airmend.records.sealed import sealing_state

PATIENCE = timedelta(minutes=3)
"""So long a change waits for a late seal; one is due every minute."""

LOOK_EVERY = timedelta(seconds=15)


def refuse_unsealed(run: ChangeRun) -> None:
    """Return when the audit log is sealed in time, or the change may pass this gate.

    Raises:
        NotYet: The seal is late, and the change waits a little for it.
        UnsealedError: It did not come, or the log does not verify.
    """
    policy = read_policy(run.settings)
    with run.database.session() as session:
        change, state = run.read_change(session), sealing_state(session)
        fault = find_sealing_fault(
            run.now(),
            unsealed_since=state.unsealed_since,
            refusal=state.refusal,
            rails=policy.guard_rails,
        )
        if fault is None or passes(change, policy, Gate.SEALING):
            return
        waits = fault.is_late and _waits(run, session, change, fault.reason)
    if waits:
        raise NotYet(run.now() + LOOK_EVERY)
    raise UnsealedError(fault.reason)


def _waits(run: ChangeRun, session: Session, change: ChangeRequest, reason: str) -> bool:
    """Whether the change may wait on; the first time, its story says for what.

    A wait that nobody looked at for as long again is over: hours lie between guard and approval.
    """
    told = [
        fact
        for fact in read_story(session, change.incident_id)
        if fact.kind is FactKind.SEAL_WAITED and fact.change_id == change.id
    ]
    waited = run.now() - told[-1].at if told else 2 * PATIENCE
    if waited < 2 * PATIENCE:
        return waited < PATIENCE
    run.note(session, change, FactKind.SEAL_WAITED, f"Waits for the audit log: {reason}")
    return True
