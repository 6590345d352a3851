"""The trust in a runbook: what it stands on now, and what is taken away when it disappoints.

Reads and writes the records in the caller's transaction. Called by orchestration before people
are asked, before each step, at the end of a change and by upkeep, and by the command line.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from airmend.change.autonomy import (
    AutonomyPolicy,
    Evidence,
    how_to_promote,
    lowered,
    tell_evidence,
    top_rung,
)
from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.change.policy import POLICY, Policy
from airmend.change.standard import Ground
from airmend.records.changes import get_change
from airmend.records.ledger import append_fact
from airmend.records.model import FactKind
from airmend.records.standard import (
    add_step,
    has_cost_a_rung,
    latest_step,
    latest_template,
    queue_for_ladder,
    suspend_template,
)
from airmend.records.standard_model import Autonomy, AutonomyStep, Trouble
from airmend.records.tables import ChangeRow, LedgerRow
from airmend.records.troubles import (
    count_ends,
    count_runs,
    find_caused,
    find_troubles,
    record_caused,
    trouble_of,
)


def rung_of(session: Session, runbook_id: str, policy: AutonomyPolicy) -> Autonomy:
    """Where a runbook stands on the ladder."""
    step = latest_step(session, runbook_id)
    return policy.default if step is None else step.level


def read_ground(
    session: Session, change: ChangeRequest, policy: Policy, *, now: datetime
) -> Ground:
    """What the records say for and against letting the policy approve a change; writes nothing.

    A trouble counts as soon as it is there, whether or not anybody has written it down and
    suspended the template.
    """
    template = latest_template(session, change.runbook_id)
    troubles: list[Trouble] = []
    if template is not None and template.is_active:
        troubles = find_troubles(
            session,
            change.runbook_digest,
            since=template.approved_at,
            now=now,
            horizon=policy.standard.horizon,
        )
    return Ground(
        template=template,
        autonomy=rung_of(session, change.runbook_id, policy.autonomy),
        record=count_runs(session, change.runbook_digest),
        trouble=troubles[0] if troubles else None,
    )


def settle_caused(
    session: Session, policy: Policy, *, now: datetime, digest: str | None = None
) -> int:
    """Write down the incidents that changes brought about, and what that costs their runbooks.

    Safe to repeat: a change is written down once, in the transaction that takes the trust away.

    Args:
        session: The transaction.
        policy: How long a change answers for incidents.
        now: The time; aware.
        digest: Changes of this runbook content alone.

    Returns:
        How many were new.
    """
    troubles = find_caused(session, now=now, horizon=policy.standard.horizon, digest=digest)
    if troubles:
        queue_for_ladder(session)
    return sum(_settle(session, trouble, policy, now=now) for trouble in troubles)


def _settle(session: Session, trouble: Trouble, policy: Policy, *, now: datetime) -> bool:
    if not record_caused(session, trouble):
        return False
    change = get_change(session, trouble.change_id)
    text = f"Change {change.id} does not count as clean: {trouble.why}"
    for incident_id in dict.fromkeys([change.incident_id, trouble.incident_id]):
        if incident_id:
            append_fact(
                session,
                FactKind.INCIDENT_CAUSED,
                text,
                at=now,
                incident_id=incident_id,
                change_id=change.id,
                digest=change.runbook_digest,
            )
    _take_away(session, change, trouble, policy, at=now)
    return True


def draw_conclusions(session: Session, policy: Policy, change_id: str, *, at: datetime) -> None:
    """What the end of a change means: trust is taken away, or one rung more is earned.

    Safe to repeat.
    """
    withdraw_trust(session, policy, change_id, at=at)
    change = get_change(session, change_id)
    if change.status in {ChangeStatus.SUCCEEDED, ChangeStatus.PROPOSED}:
        notice_evidence(session, policy, change, at=at)


def withdraw_trust(session: Session, policy: Policy, change_id: str, *, at: datetime) -> None:
    """What a failed or rolled-back change costs its runbook: the template, and a rung.

    Safe to repeat: a template is suspended once, and a change costs one rung.
    """
    change = get_change(session, change_id)
    trouble = trouble_of(change)
    if trouble is not None:
        queue_for_ladder(session)
        _take_away(session, change, trouble, policy, at=at)


def _take_away(
    session: Session, change: ChangeRequest, trouble: Trouble, policy: Policy, *, at: datetime
) -> None:
    why = f"change {change.id}: {trouble.why}"

    def tell(kind: FactKind, text: str) -> None:
        append_fact(
            session,
            kind,
            text,
            at=at,
            incident_id=change.incident_id,
            change_id=change.id,
            digest=change.runbook_digest,
        )

    template = latest_template(session, change.runbook_id)
    if (
        template is not None
        and template.digest == change.runbook_digest
        and template.approved_at <= trouble.at
        and suspend_template(session, template.id, by=POLICY, reason=why, at=at)
    ):
        tell(
            FactKind.TEMPLATE_SUSPENDED,
            f"The template of {change.runbook_id} that {template.approved_by} approved is "
            f"suspended: {why}",
        )
    now = rung_of(session, change.runbook_id, policy.autonomy)
    below = lowered(now, policy.autonomy)
    if below is now or has_cost_a_rung(session, change.id) or _was_moved_since(session, trouble):
        return
    add_step(
        session,
        AutonomyStep(
            runbook_id=change.runbook_id,
            before=now,
            level=below,
            by=POLICY,
            reason=why,
            at=at,
            change_id=change.id,
        ),
    )
    tell(
        FactKind.AUTONOMY_LOWERED,
        f"Runbook {change.runbook_id} falls from '{now.value}' to '{below.value}': {why}",
    )


def _was_moved_since(session: Session, trouble: Trouble) -> bool:
    """Whether a person has moved the runbook after the trouble, and so has seen it."""
    step = latest_step(session, trouble.runbook_id)
    return step is not None and step.by != POLICY and step.at > trouble.at


def find_evidence(session: Session, digest: str) -> Evidence:
    """What speaks for one rung more: of what the runbook holds now."""
    matches = session.scalar(
        select(func.count(func.distinct(LedgerRow.incident_id))).where(
            LedgerRow.kind == FactKind.RUNBOOK_MATCHED.value,
            LedgerRow.change_id.is_(None),
            LedgerRow.evidence["digest"].as_string() == digest,
        )
    )
    return Evidence(
        matches=matches or 0,
        proposals=count_ends(session, digest, ChangeStatus.PROPOSED),
        record=count_runs(session, digest),
    )


def notice_evidence(
    session: Session, policy: Policy, change: ChangeRequest, *, at: datetime
) -> None:
    """Say in the story of a change that the evidence suffices for one rung more; once a rung."""
    now = rung_of(session, change.runbook_id, policy.autonomy)
    if now.rung >= top_rung(change.change_type).rung:
        return
    digest = change.runbook_digest
    evidence = find_evidence(session, digest)
    enough, words = tell_evidence(now, evidence, policy.autonomy, policy.standard)
    if not enough or _was_noticed(session, change):
        return
    above = now.above or now
    append_fact(
        session,
        FactKind.AUTONOMY_EARNED,
        f"The evidence suffices for '{above.value}' of runbook {change.runbook_id}: {words}. "
        f"A person may decide it: {how_to_promote(change.runbook_id, now)}",
        at=at,
        incident_id=change.incident_id,
        change_id=change.id,
        digest=digest,
    )


def _was_noticed(session: Session, change: ChangeRequest) -> bool:
    step = latest_step(session, change.runbook_id)
    query = (
        select(LedgerRow.id)
        .join(ChangeRow, ChangeRow.id == LedgerRow.change_id)
        .where(
            LedgerRow.kind == FactKind.AUTONOMY_EARNED.value,
            ChangeRow.runbook_digest == change.runbook_digest,
        )
        .limit(1)
    )
    if step is not None:
        query = query.where(LedgerRow.at > step.at)
    return session.scalar(query) is not None
