"""What an answer means: a vote that is kept, and the decision once the votes suffice.

Imports nothing of Airflow. A yes is not carried out as it stands: when enough people have said
it, targets, check mode and risk are looked at once more, and where anything is different the
votes are void and people are asked again, shown what changed. Safe to kill and to repeat: votes
are kept before anything else is done, and the first decision stands.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from airmend.change.model import ChangeStatus, Verdict, Vote
from airmend.change.policy import POLICY
from airmend.change.quorum import refuse_vote
from airmend.orchestration.asking import Asked, Roles, ask, open_question, when_asked
from airmend.orchestration.assessment import assess_again
from airmend.orchestration.authorship import excluded_authors
from airmend.orchestration.change_run import ChangeRun, refusing
from airmend.orchestration.deciding import decide
from airmend.orchestration.guarding import hold_targets
from airmend.orchestration.opening import await_opening
from airmend.orchestration.preflight import run_preflight
from airmend.orchestration.reminding import note_due
from airmend.orchestration.sealing_check import refuse_unsealed
from airmend.orchestration.services import read_policy
from airmend.records.changes import get_decision
from airmend.records.model import FactKind
from airmend.records.votes import list_questions, record_vote


@dataclass(frozen=True)
class Answer:
    """One answer as Airflow hands it over; an empty choice means that time ran out."""

    chosen: str
    user: str
    at: datetime | None
    comment: str


def take_answer(run: ChangeRun, answer: Answer, roles: Roles, *, approve: str, reject: str) -> None:
    """Keep an answer as a vote, if it counts; otherwise note why it does not."""
    if answer.chosen not in {approve, reject}:
        return  # time ran out; `settle` looks how the question stands
    asked = open_question(run, roles)
    if asked.decision is not None:
        return
    policy = read_policy(run.settings)
    with run.database.session() as session:
        change = run.read_change(session)
        if get_decision(session, change.id) is not None or change.status.is_final:
            return
        refusal = refuse_vote(
            answer.user,
            asked.standing.required,
            change.requested_by,
            excluded_authors(run, session, policy).names,
            policy,
        )
        if refusal is not None:
            who = answer.user or "nobody"
            text = f"The answer '{answer.chosen}' of {who} does not count: {refusal}"
            run.note(session, change, FactKind.APPROVAL_IGNORED, text)
            return
        vote = Vote(
            person=answer.user,
            approves=answer.chosen == approve,
            at=answer.at or run.now(),
            comment=answer.comment,
            content_hash=change.content_hash(),
        )
        if record_vote(session, change.id, vote):
            said = "yes" if vote.approves else "no"
            reason = f": {vote.comment}" if vote.comment else ""
            run.note(
                session,
                change,
                FactKind.APPROVAL_VOTED,
                f"{vote.person} says {said}{reason}",
                content_hash=vote.content_hash,
            )


def settle(run: ChangeRun, roles: Roles, look_again: Callable[[ChangeRun], None]) -> Asked:
    """Decide where the votes suffice or time is over; otherwise see that people are asked.

    Args:
        run: The change.
        roles: People by role of the auth manager.
        look_again: Writes down with the change how things are now, before a yes is final.

    Returns:
        The question as it stands then, with the decision where there is one.

    Raises:
        NotYet: It is approved, and waits for its change window, the end of a freeze, or a seal of
            the audit log.
        ChangeRefusedError: As `open_question` and `look_again`.
    """
    asked = open_question(run, roles)
    if asked.decision is None and asked.standing.rejection is not None:
        vote = asked.standing.rejection
        _decide(run, asked, Verdict.REJECTED, by=vote.person)
    elif asked.decision is None and (asked.standing.approved or asked.passes):
        await_opening(run)
        with refusing(run):
            refuse_unsealed(run)
            look_again(run)
        if asked.passes:
            return settle(run, roles, look_again)  # as it is now, the policy may not allow it
        _approve_unless_changed(run, asked)
    elif asked.decision is None and run.now() >= asked.expires_at:
        _decide(run, asked, Verdict.EXPIRED, by=POLICY)
    else:
        return _ask(run, asked, roles)
    return _ask(run, open_question(run, roles), roles)


def _ask(run: ChangeRun, asked: Asked, roles: Roles) -> Asked:
    if asked.decision is not None:
        return asked
    ask(run, asked)
    return open_question(run, roles) if note_due(run, asked) else asked


def look_again(run: ChangeRun, cancelled: threading.Event) -> None:
    """Targets, check mode and risk as they are now, written down with the change.

    Raises:
        ChangeRefusedError: Check mode fails now, a target is not in the inventory any more, or
            another change took it.
    """
    hold_targets(run)
    run_preflight(run, cancelled, anew=True)
    assess_again(run)


def _approve_unless_changed(run: ChangeRun, asked: Asked) -> None:
    with run.database.session() as session:
        change = run.read_change(session)
        same = change.content_hash() == asked.content_hash
        if not same:
            text = (
                "The votes are void, since what would be done is not what was asked about: "
                f"content {change.content_hash()[:12]}, was {asked.content_hash[:12]}"
            )
            run.note(session, change, FactKind.APPROVAL_VOID, text, content_hash=asked.content_hash)
            run.move(session, ChangeStatus.AWAITING_APPROVAL)
    if same:
        people = ", ".join(sorted(vote.person for vote in asked.standing.counted))
        _decide(run, asked, Verdict.APPROVED, by=people)


def _decide(run: ChangeRun, asked: Asked, verdict: Verdict, *, by: str) -> None:
    votes = asked.standing.counted
    with run.database.session() as session:
        change = run.read_change(session)
        if get_decision(session, change.id) is not None or change.status.is_final:
            return
        if verdict is Verdict.EXPIRED:
            basis = "nobody answered in time"
            if votes:
                gaps = sum(count for _, count in asked.standing.missing)
                basis = f"{len(votes)} answered in time, {gaps} more were needed"
        else:
            basis = "answered in Airflow's Required Actions"
        asked_at = when_asked(change, list_questions(session, change.id)) or run.now()
        decide(
            run,
            session,
            verdict,
            by=by,
            basis=basis,
            asked_at=asked_at,
            votes=[] if verdict is Verdict.EXPIRED else votes,
            required=asked.standing.required,
        )
