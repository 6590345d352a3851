"""Asking people: the question that an approval puts, and what an answer to it means.

Imports nothing of Airflow. The first decision of a change stands, whoever asks again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from airmend.change.approval import (
    decide_automatically,
    eligible_approvers,
    vote_refusal,
)
from airmend.change.approval_text import approval_text
from airmend.change.counterfactual import what_would_lower
from airmend.change.evidence import summarise_preflight
from airmend.change.model import ChangeRequest, ChangeStatus, Decision, Verdict
from airmend.change.policy import POLICY, Policy
from airmend.errors import ChangeRefusedError
from airmend.orchestration.assessment import preflight_playbooks
from airmend.orchestration.change_run import ChangeRun, refusing
from airmend.orchestration.services import read_policy
from airmend.orchestration.suppressing import refuse_suppressed
from airmend.records.changes import get_decision, record_decision
from airmend.records.ledger import read_story
from airmend.records.model import FactKind


@dataclass(frozen=True)
class Question:
    """What is put to people, and the decision as soon as there is one."""

    decision: Decision | None
    subject: str
    body: str
    approvers: list[str] | None  # None: whoever may answer in Airflow
    expires_at: datetime

    @property
    def approved(self) -> bool:
        """Whether the decision is a yes."""
        return self.decision is not None and self.decision.verdict is Verdict.APPROVED


@dataclass(frozen=True)
class Answer:
    """One answer as Airflow hands it over; an empty choice means that time ran out."""

    chosen: str
    user: str
    at: datetime | None
    comment: str


def open_question(run: ChangeRun) -> Question:
    """The question of this change as it stands, decided or not.

    A standard change that policy allows is decided here, by policy.

    Raises:
        ChangeRefusedError: The change ended before, nobody is left who may approve it, or
            something holds it back: nobody is asked about what may not be done.
    """
    with refusing(run):
        return _open(run)


def _open(run: ChangeRun) -> Question:
    policy = read_policy(run.settings)
    with run.database.session() as session:
        change = run.read_change(session)
        decision = get_decision(session, change.id)
        if decision is None and change.status.is_final:
            raise ChangeRefusedError(
                f"change {change.id} has ended ({change.status.value}): {change.reason}"
            )
        if not change.status.is_final:
            refuse_suppressed(run, session)
        asked_at = _asked_at(session, change) or run.now()
        playbooks = preflight_playbooks(session, change.id)
        incident = run.read_incident(session)
        if decision is None:
            preflight = summarise_preflight(playbooks)
            basis = decide_automatically(change, policy, preflight, incident.inferred)
            if basis is not None:
                decision = _decide(run, session, change, Verdict.APPROVED, POLICY, basis, asked_at)
        expires_at = asked_at + timedelta(seconds=run.runbook.change.approval_timeout_seconds)
        subject, body = approval_text(
            change,
            run.runbook,
            incident,
            playbooks,
            expires_at=expires_at,
            lowered_by=_lowered_by(change, policy),
        )
    approvers = (
        eligible_approvers(policy, change.requested_by, run.runbook.authors)
        if decision is None
        else None
    )
    return Question(decision, subject, body, approvers, expires_at)


def ask(run: ChangeRun, question: Question) -> None:
    """Record that people are asked; once, however often the task begins again."""
    with run.database.session() as session:
        change = run.read_change(session)
        if _asked_at(session, change) is None:
            run.move(session, ChangeStatus.AWAITING_APPROVAL)
            who = ", ".join(question.approvers or []) or "whoever may answer in Airflow"
            text = f"Approval asked of {who}, until {question.expires_at:%Y-%m-%d %H:%M:%S} UTC"
            run.note(
                session,
                change,
                FactKind.APPROVAL_ASKED,
                text,
                content_hash=change.content_hash(),
            )


def take_answer(run: ChangeRun, answer: Answer, *, approve: str, reject: str) -> None:
    """Make an answer the decision, if it counts; otherwise note why it does not."""
    policy = read_policy(run.settings)
    with run.database.session() as session:
        change = run.read_change(session)
        if get_decision(session, change.id) is not None or change.status.is_final:
            return
        asked_at = _asked_at(session, change) or run.now()
        deadline = asked_at + timedelta(seconds=run.runbook.change.approval_timeout_seconds)
        if answer.chosen not in {approve, reject}:
            if run.now() >= deadline:
                basis = "nobody answered in time"
                _decide(run, session, change, Verdict.EXPIRED, POLICY, basis, asked_at)
            return
        refusal = vote_refusal(answer.user, change.requested_by, run.runbook.authors, policy)
        if refusal is not None:
            who = answer.user or "nobody"
            text = f"The answer '{answer.chosen}' of {who} does not count: {refusal}"
            run.note(session, change, FactKind.APPROVAL_IGNORED, text)
            return
        verdict = Verdict.APPROVED if answer.chosen == approve else Verdict.REJECTED
        _decide(
            run,
            session,
            change,
            verdict,
            answer.user,
            "answered in Airflow's Required Actions",
            asked_at,
            answer=answer,
        )


def _decide(
    run: ChangeRun,
    session: Session,
    change: ChangeRequest,
    verdict: Verdict,
    by: str,
    basis: str,
    asked_at: datetime,
    answer: Answer | None = None,
) -> Decision:
    decision = record_decision(
        session,
        Decision(
            change_id=change.id,
            verdict=verdict,
            decided_by=by,
            decided_at=(answer.at if answer else None) or run.now(),
            asked_at=asked_at,
            basis=basis,
            comment=answer.comment if answer else "",
            content_hash=change.content_hash(),
        ),
    )
    text = f"{verdict.value.capitalize()} by {by}: {basis}"
    run.note(session, change, FactKind.APPROVAL_DECIDED, text, content_hash=decision.content_hash)
    if verdict is Verdict.APPROVED:
        run.move(session, ChangeStatus.APPROVED)
    elif verdict is Verdict.REJECTED:
        run.end(session, ChangeStatus.REJECTED, f"rejected by {by}")
    else:
        run.end(session, ChangeStatus.EXPIRED, basis)
    return decision


def _asked_at(session: Session, change: ChangeRequest) -> datetime | None:
    for fact in read_story(session, change.incident_id):
        if fact.kind is FactKind.APPROVAL_ASKED and fact.change_id == change.id:
            return fact.at
    return None


def _lowered_by(change: ChangeRequest, policy: Policy) -> str | None:
    if change.risk is None or not change.targets:
        return None
    return what_would_lower(change.risk, len(change.targets), policy)
