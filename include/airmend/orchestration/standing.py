"""Where a change stands with its runbook's rung and template, asked at each of its tasks.

Imports nothing of Airflow. What a rung or a template allowed when it was decided may be gone by
the time it is carried out, so that the steps ask again.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from airmend.change.circuit import open_circuit
from airmend.change.departures import asks_owner, find_departure
from airmend.change.model import ChangeRequest, ChangeStatus, ChangeType, Decision
from airmend.change.policy import POLICY, Policy
from airmend.change.recurrence import settle_recurrences
from airmend.change.standard import Ground, find_obstacles
from airmend.change.trust import (
    draw_conclusions,
    read_ground,
    rung_of,
    settle_caused,
)
from airmend.errors import ChangeRefusedError, ConfigurationError
from airmend.orchestration.assessment import service_facts
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.services import read_policy
from airmend.records.changes import get_decision
from airmend.records.database import Database
from airmend.records.standard_model import Autonomy
from airmend.settings import Settings


def refuse_observer(run: ChangeRun, session: Session) -> None:
    """Return unless the runbook only observes by now; asked by the guard.

    Raises:
        ChangeRefusedError: It does, and starts no runs.
    """
    change = run.read_change(session)
    if change.change_type is ChangeType.EMERGENCY:  # a person's own decision
        return
    if rung_of(session, change.runbook_id, read_policy(run.settings).autonomy) is Autonomy.OBSERVE:
        raise ChangeRefusedError(
            f"runbook {change.runbook_id} only observes: `airmend autonomy set` moves it up"
        )


def end_as_proposal(run: ChangeRun) -> None:
    """End the change where its runbook only proposes: nobody is asked, nothing is executed.

    Safe to repeat: an ended change stays as it ended.

    Raises:
        ChangeRefusedError: It was ended so, now or before.
        ConfigurationError: The policy cannot be used.
    """
    policy = read_policy(run.settings)
    with run.database.session() as session:
        change = run.read_change(session)
        decided = get_decision(session, change.id) is not None
        if decided or change.change_type is ChangeType.EMERGENCY:
            return
        rung = rung_of(session, change.runbook_id, policy.autonomy)
        if change.status.is_final and change.status is not ChangeStatus.PROPOSED:
            return
        if not change.status.is_final and rung.rung >= Autonomy.APPROVE.rung:
            return
        reason = (
            f"runbook {change.runbook_id} only proposes: this is what it would have done. "
            f"`airmend autonomy set {change.runbook_id} approve` lets people approve it next time"
        )
        run.end(session, ChangeStatus.PROPOSED, reason)
    raise ChangeRefusedError(reason)


def ground_of(
    run: ChangeRun, session: Session, change: ChangeRequest, policy: Policy
) -> Ground | None:
    """What a standard change stands on; None for others, which always ask people."""
    if change.change_type is not ChangeType.STANDARD:
        return None
    settle_caused(session, policy, now=run.now(), digest=change.runbook_digest)
    return read_ground(session, change, policy, now=run.now())


def find_withdrawal(
    run: ChangeRun, session: Session, change: ChangeRequest, decision: Decision | None
) -> str | None:
    """Why a step may not be done any more though it was decided; None where it may.

    Reads alone: what is found is written down by upkeep, since a refusal undoes the
    transaction. Without a policy that can be read, the word of people still holds, and that of
    the policy does not.

    Raises:
        RolesUnknownError: A rule asked a role, and who has it now is not known.
        ConfigurationError: A rule asked the service's owner, and the topology cannot be used.
    """
    by_policy = decision is not None and decision.decided_by == POLICY
    try:
        policy = read_policy(run.settings)
    except ConfigurationError as error:
        if by_policy:
            return f"the policy that decided it cannot be read: {error}"
        policy = Policy()
    rung = rung_of(session, change.runbook_id, policy.autonomy)
    if change.change_type is not ChangeType.EMERGENCY and rung.rung < Autonomy.APPROVE.rung:
        return f"runbook {change.runbook_id} stands at '{rung.value}', where nothing is executed"
    if not by_policy:
        return _find_departure(run, session, change, decision, policy)
    ground = read_ground(session, change, policy, now=run.now())
    return "; ".join(find_obstacles(change, ground, policy.standard)) or None


def _find_departure(
    run: ChangeRun,
    session: Session,
    change: ChangeRequest,
    decision: Decision | None,
    policy: Policy,
) -> str | None:
    if decision is None or not decision.required:
        return None
    facts = service_facts(run, change) if asks_owner(decision, policy) else None
    return find_departure(change, decision, policy, facts, run.find_roles(session))


def end_trust(session: Session, settings: Settings, change_id: str, *, at: datetime) -> None:
    """What the end of a change means for its runbook: the circuit, and `draw_conclusions`.

    A policy that cannot be read counts as the default; it stops every change anyway.
    """
    policy = _policy_or_default(settings)
    open_circuit(session, policy.guard_rails, change_id, at=at)
    draw_conclusions(session, policy, change_id, at=at)


def settle_all(database: Database, settings: Settings, *, at: datetime) -> int:
    """Write down what came back and what changes brought about, and what that costs.

    Safe to repeat: each is written down once.
    """
    policy = _policy_or_default(settings)
    with database.session() as session:
        settle_recurrences(session, policy, now=at)
        return settle_caused(session, policy, now=at)


def _policy_or_default(settings: Settings) -> Policy:
    try:
        return read_policy(settings)
    except ConfigurationError:
        return Policy()
