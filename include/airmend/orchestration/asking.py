"""Asking people: the question that an approval puts, and how it stands.

Imports nothing of Airflow. What people are asked about is one content (`ChangeContent`); where
that is another one by the time they have answered, they are asked again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from airmend.change.approval import decide_automatically, why_a_person
from airmend.change.approval_text import approval_text
from airmend.change.counterfactual import what_would_lower
from airmend.change.drift import describe_drift
from airmend.change.evidence import PreflightFacts, summarise_preflight
from airmend.change.model import ChangeRequest, ChangeStatus, ChangeType, Decision, Verdict
from airmend.change.policy import POLICY, Policy
from airmend.change.quorum import Standing, count_votes, describe_need, find_requirements
from airmend.change.reminding import OpenQuestion, next_due_at
from airmend.errors import ChangeRefusedError
from airmend.orchestration.assessment import preflight_playbooks, service_facts
from airmend.orchestration.authorship import excluded_authors
from airmend.orchestration.change_run import ChangeRun, refusing
from airmend.orchestration.deciding import decide
from airmend.orchestration.emergencies import break_glass
from airmend.orchestration.opening import describe_opening, waits_for_opening
from airmend.orchestration.services import read_policy
from airmend.orchestration.signatures import look_at_signatures, refuse_unsigned
from airmend.orchestration.standing import end_as_proposal, ground_of
from airmend.orchestration.suppressing import refuse_suppressed
from airmend.records.changes import get_decision
from airmend.records.hand_requests import get_request
from airmend.records.model import FactKind, Notice, Occasion, Question
from airmend.records.notices import add_notice, list_notices, queue_for_notices
from airmend.records.votes import list_questions, list_votes, record_question

Roles = Mapping[str, Sequence[str]]
"""People by role of Airflow's auth manager, as far as they can be known."""


@dataclass(frozen=True)
class Asked:
    """A question as it stands: its text, the votes, and the decision as soon as there is one."""

    decision: Decision | None
    standing: Standing  # nobody is required once there is a decision
    content_hash: str
    subject: str
    body: str
    asked_at: datetime
    expires_at: datetime
    looks_at: datetime  # when it is looked at again, where nobody answers before
    notices: Sequence[Notice] = ()  # what people were told of it
    passes: bool = False  # the policy will decide, once the change may begin

    @property
    def approved(self) -> bool:
        """Whether the decision is a yes."""
        return self.decision is not None and self.decision.verdict is Verdict.APPROVED

    @property
    def people(self) -> list[str] | None:
        """Whose answer is still wanted; None where whoever may answer in Airflow is asked."""
        return people_asked(self.standing)


def people_asked(standing: Standing) -> list[str] | None:
    """Whose answer is still wanted, without those who have answered."""
    done = {vote.person for vote in standing.counted}
    open_lists = [requirement.people for requirement, _ in standing.missing]
    if any(people is None for people in open_lists):
        return None
    named = dict.fromkeys(name for people in open_lists for name in people or ())
    return [name for name in named if name not in done]


def open_question(run: ChangeRun, roles: Roles) -> Asked:
    """The question of this change as it stands, decided or not.

    A standard change that policy allows is decided here, by policy; an emergency change by
    whoever broke the glass.

    Raises:
        ChangeRefusedError: The change ended before, too few are left who may approve it, or
            something holds it back: nobody is asked about what may not be done.
    """
    with refusing(run):
        end_as_proposal(run)
        return _open(run, roles)


def _open(run: ChangeRun, roles: Roles) -> Asked:
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
            refuse_unsigned(run, session)
        questions = list_questions(session, change.id)
        asked_at = when_asked(change, questions) or run.now()
        playbooks = list(preflight_playbooks(session, change.id).values())
        incident = run.read_incident(session)
        ruling = _Ruling(decision)
        if decision is None:
            preflight = summarise_preflight(playbooks)
            if change.change_type is ChangeType.EMERGENCY:
                glass = break_glass(run, session, policy, preflight, roles, asked_at=asked_at)
                ruling = _Ruling(glass)
            else:
                ruling = _ask_policy(run, session, change, policy, preflight, asked_at=asked_at)
        decision = ruling.decision
        standing, authors = Standing((), ()), None
        if decision is None and not ruling.passes:
            authors = excluded_authors(run, session, policy)
            standing = _count(run, session, change, policy, roles, asked_at, authors.names)
        expires_at = deadline(run, asked_at)
        notices = list_notices(session, change.id, change.content_hash())
        subject, body = approval_text(
            change,
            run.runbook,
            incident,
            playbooks,
            expires_at=expires_at,
            lowered_by=_lowered_by(change, policy),
            standing=standing,
            reminders=[each.at for each in notices if each.occasion is Occasion.REMINDER],
            drift=_drift_since(change, questions),
            reasons=ruling.reasons,
            authors=authors,
            timing=describe_opening(run, session, change) if decision is None else (),
            request=get_request(session, change.id),
            signatures=look_at_signatures(run, session),
        )
    return Asked(
        decision=decision,
        standing=standing,
        content_hash=change.content_hash(),
        subject=subject,
        body=body,
        asked_at=asked_at,
        expires_at=expires_at,
        looks_at=_looks_at(policy, standing, asked_at, expires_at, notices),
        notices=notices,
        passes=ruling.passes,
    )


@dataclass(frozen=True)
class _Ruling:
    """What stands without asking anybody: decided before, by the policy, or by a broken glass."""

    decision: Decision | None
    passes: bool = False  # the policy will decide, once the change may begin
    reasons: Sequence[str] = ()  # why it does not, and people are asked


def _ask_policy(
    run: ChangeRun,
    session: Session,
    change: ChangeRequest,
    policy: Policy,
    preflight: PreflightFacts | None,
    *,
    asked_at: datetime,
) -> _Ruling:
    ground = ground_of(run, session, change, policy)
    facts = (preflight, ground, run.read_incident(session).inferred)
    basis = decide_automatically(change, policy, *facts)
    if basis is None:
        return _Ruling(None, reasons=why_a_person(change, policy, *facts))
    if waits_for_opening(run, session, change):
        return _Ruling(None, passes=True)
    return _Ruling(
        decide(run, session, Verdict.APPROVED, by=POLICY, basis=basis, asked_at=asked_at)
    )


def _count(
    run: ChangeRun,
    session: Session,
    change: ChangeRequest,
    policy: Policy,
    roles: Roles,
    asked_at: datetime,
    authors: Sequence[str],
) -> Standing:
    required = find_requirements(
        change,
        policy,
        service_facts(run, change),
        authors=authors,
        roles=roles,
        waited=run.now() - asked_at,
    )
    return count_votes(
        required,
        list_votes(session, change.id),
        content_hash=change.content_hash(),
        requester=change.requested_by,
        authors=authors,
        policy=policy,
    )


def ask(run: ChangeRun, asked: Asked) -> None:
    """Record that people are asked; once a content, however often the task begins again."""
    with run.database.session() as session:
        change = run.read_change(session)
        if not record_question(session, change, run.now()):
            return
        run.move(session, ChangeStatus.AWAITING_APPROVAL)
        who = " and ".join(describe_need(each, each.count) for each in asked.standing.required)
        text = f"Approval asked: {who}; until {asked.expires_at:%Y-%m-%d %H:%M:%S} UTC"
        queue_for_notices(session)
        content, now = change.content_hash(), run.now()
        add_notice(session, change.id, content, Occasion.ASKED, due_at=now, at=now)
        run.note(session, change, FactKind.APPROVAL_ASKED, text, content_hash=content)


def when_asked(change: ChangeRequest, questions: Sequence[Question]) -> datetime | None:
    """When people were asked about the change as it stands; None where they were not."""
    now = change.content_hash()
    return next((each.asked_at for each in questions if each.content_hash == now), None)


def deadline(run: ChangeRun, asked_at: datetime) -> datetime:
    """When no answer becomes a no."""
    return asked_at + timedelta(seconds=run.runbook.change.approval_timeout_seconds)


def _looks_at(
    policy: Policy,
    standing: Standing,
    asked_at: datetime,
    expires_at: datetime,
    notices: Sequence[Notice],
) -> datetime:
    missing = [requirement for requirement, _ in standing.missing]
    due_at = next_due_at(policy, OpenQuestion(asked_at, missing, notices))
    return expires_at if due_at is None else min(expires_at, due_at)


def _drift_since(change: ChangeRequest, questions: Sequence[Question]) -> list[str]:
    """What is different since people were asked the last time; nothing where they were not."""
    earlier = [each for each in questions if each.content_hash != change.content_hash()]
    return describe_drift(earlier[-1].content, change.content()) if earlier else []


def _lowered_by(change: ChangeRequest, policy: Policy) -> str | None:
    if change.risk is None or not change.targets:
        return None
    return what_would_lower(change.risk, len(change.targets), policy)
