"""The calendar's gate: a change waits for its window and for the end of a freeze, or is refused.

Asked by the guard, when the approval is settled, and before every step, each time anew, since
hours pass in between. A change that waits holds no worker slot and none of its targets; it is
looked at every half minute whether something ended it meanwhile. What it waits for is a fact of the
story, so that a task which died goes on waiting where it was. Imports nothing of Airflow.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from airmend.change.calendar_gate import Hold, find_hold, tell_slot, tell_time
from airmend.change.emergency import passes
from airmend.change.emergency_policy import Gate
from airmend.change.guard import check_may_start
from airmend.change.model import ChangeRequest
from airmend.change.policy import Policy
from airmend.errors import CalendarClosedError
from airmend.execution.model import Phase
from airmend.incident.model import SuppressionRule
from airmend.orchestration.change_run import ChangeRun, refusing
from airmend.orchestration.overlapping import (
    find_other_changes,
    length_of_run,
    offer_to,
    subject_of_run,
)
from airmend.orchestration.services import read_policy
from airmend.orchestration.signatures import find_unsigned
from airmend.orchestration.suppressing import find_suppression_of, list_coming_of
from airmend.records.begun import list_begun
from airmend.records.executions import list_executions
from airmend.records.leases import acquire_leases, release_leases
from airmend.records.ledger import read_story
from airmend.records.model import Fact, FactKind
from airmend.records.runbooks import lock_reason

LOOK_EVERY = timedelta(seconds=30)
"""So often a change that waits looks whether its incident or the calendar is another one."""

BUSY_AGAIN = timedelta(seconds=5)


class NotYet(Exception):  # noqa: N818 -- a way out of the task, not an error
    """The change waits; its task is to begin again at a time.

    Args:
        looks_at: When.
    """

    def __init__(self, looks_at: datetime) -> None:
        self.looks_at = looks_at
        super().__init__(f"waits until {looks_at:%Y-%m-%d %H:%M:%S} UTC")


def await_start(run: ChangeRun, change: ChangeRequest) -> None:
    """Return when a change may be prepared: no freeze is in force, and its slot is not too far.

    A window that is closed holds nothing up here: people are asked while they are awake.

    Raises:
        NotYet: It is in a freeze, and waits.
        CalendarClosedError: It is not to wait, or for too long.
    """
    policy = read_policy(run.settings)
    hold = _find_hold(run, change, policy)
    if hold is not None:
        with run.database.session() as session:
            waits = _waits_of(session, change)
        _refuse_what_waits_too_long(run, change, policy, hold, waits)
        if hold.frozen is not None:
            _wait(run, change, policy, hold, waits)


def await_opening(run: ChangeRun) -> None:
    """Return when an approved change may begin, with its targets in its hands again.

    While it waits its targets are free for others. When its time has come and another change
    works on them, it waits for that one too, inside the window.

    Raises:
        NotYet: It waits.
        ChangeRefusedError: It is not to wait, or for too long, or something ended it meanwhile.
    """
    with refusing(run):
        policy = read_policy(run.settings)
        with run.database.session() as session:
            change = run.read_change(session)
            waits = _waits_of(session, change)
        hold = _find_hold(run, change, policy)
        if hold is None and not waits:
            return
        _refuse_what_is_over(run)
        if hold is not None:
            _refuse_what_waits_too_long(run, change, policy, hold, waits)
            _wait(run, change, policy, hold, waits)
        _take_back(run, change)


def tell_what_it_passes(run: ChangeRun, change: ChangeRequest) -> str:
    """What of the calendar would hold any other change now, where this one may pass it; or nothing.

    For the story: whoever reviews an emergency change reads that it broke a freeze.
    """
    policy = read_policy(run.settings)
    if not policy.times.is_gate or not passes(change, policy, Gate.CALENDAR):
        return ""
    subject = subject_of_run(run, change)
    hold = find_hold(policy.times_for_all, run.now(), length_of_run(run), subject)
    return f"; as an emergency change it does not wait, though {hold.reason}" if hold else ""


def waits_for_opening(run: ChangeRun, session: Session, change: ChangeRequest) -> bool:
    """Whether the policy may not decide yet: the change has to wait, or has and was not looked at.

    What was assessed before a wait is old; the assessment after it is what counts.
    """
    policy = read_policy(run.settings)
    if _find_hold(run, change, policy) is not None:
        return True
    told = [
        fact.kind
        for fact in read_story(session, change.incident_id)
        if fact.change_id == change.id
        and fact.kind in {FactKind.CALENDAR_WAITED, FactKind.RISK_ASSESSED}
    ]
    return bool(told) and told[-1] is FactKind.CALENDAR_WAITED


def refuse_closed(run: ChangeRun, session: Session, change: ChangeRequest) -> None:
    """Return when a step may begin now: in no freeze, and the first of them inside a window.

    What has begun inside its window goes on to its end; a freeze lets nothing further begin.

    Raises:
        CalendarClosedError: It may not.
    """
    policy = read_policy(run.settings)
    if not policy.times.is_gate:
        return
    calendar, subject, now = policy.times, subject_of_run(run, change), run.now()
    frozen = calendar.frozen(now, subject)
    if frozen is not None:
        raise CalendarClosedError(
            f"the freeze '{frozen.freeze.name}' lasts until {tell_time(frozen.until, calendar)}, "
            "and no step begins in it"
        )
    begun = any(each.phase is Phase.STEP for each in list_executions(session, change.id))
    if not begun and not calendar.is_open(now, subject):
        hold = _find_hold(run, change, policy)
        why = hold.reason if hold is not None else "its window is closed"
        raise CalendarClosedError(f"{why}. Send the alert again")


def describe_opening(run: ChangeRun, session: Session, change: ChangeRequest) -> list[str]:
    """What an approver should know about the time: whether it waits, and what it overlaps with."""
    policy, told = read_policy(run.settings), []
    calendar = policy.times
    hold, others = _find_hold(run, change, policy), list_begun(session, without=change.id)
    overlaps = find_other_changes(run, change, others)
    held = list_coming_of(run, session) if hold is not None or overlaps else []
    if hold is not None:
        told.append(
            f"Once approved it waits, since {hold.reason}; {tell_slot(hold.slot, calendar)}."
        )
        told += _tell_held(hold, held)
    told += [f"It overlaps with {overlap}." for overlap in overlaps]
    if overlaps:
        slot = offer_to(run, change, policy, others, held)
        told.append(f"Beside these, {tell_slot(slot, calendar)}.")
    return told


def _tell_held(hold: Hold, held: Sequence[SuppressionRule]) -> list[str]:
    """That a mute or a maintenance window will end the change when its time has come."""
    if hold.slot is None:
        return []
    return [
        f"Then it would be held back by {rule.id} of {rule.author}, and end: {rule.reason}."
        for rule in held
        if rule.is_active(hold.slot.start_at)
    ]


def _find_hold(run: ChangeRun, change: ChangeRequest, policy: Policy) -> Hold | None:
    if not policy.times.is_gate:
        return None  # and the topology need not be read
    return find_hold(policy.times, run.now(), length_of_run(run), subject_of_run(run, change))


def _waits_of(session: Session, change: ChangeRequest) -> list[Fact]:
    return [
        fact
        for fact in read_story(session, change.incident_id)
        if fact.kind is FactKind.CALENDAR_WAITED and fact.change_id == change.id
    ]


def _refuse_what_waits_too_long(
    run: ChangeRun, change: ChangeRequest, policy: Policy, hold: Hold, waits: Sequence[Fact]
) -> None:
    calendar = policy.times
    last_at = (waits[0].at if waits else run.now()) + policy.calendar.longest_wait
    if not hold.refuses and hold.slot is not None and hold.slot.start_at <= last_at:
        return
    with run.database.session() as session:
        others, held = list_begun(session, without=change.id), list_coming_of(run, session)
    slot = offer_to(run, change, policy, others, held)
    remedy = "Send the alert again then"
    if slot is None:
        remedy = "Lower 'timeout_seconds' of the runbook's change, or correct the policy's calendar"
    raise CalendarClosedError(f"{hold.reason}; {tell_slot(slot, calendar)}. {remedy}")


def _refuse_what_is_over(run: ChangeRun) -> None:
    """Whatever would have kept the change from starting ends its wait."""
    with run.database.session() as session:
        check_may_start(
            run.read_change(session),
            run.read_incident(session),
            lock_reason=lock_reason(session, run.runbook.id),
            refused_reason=None,  # a runbook that is edited meanwhile is no reason: it was begun
            unsigned=find_unsigned(run, session),
            suppression=find_suppression_of(run, session),
            dag_digest=run.digest,
        )


def _wait(
    run: ChangeRun, change: ChangeRequest, policy: Policy, hold: Hold, waits: Sequence[Fact]
) -> None:
    """Say what is waited for, once for each answer, give the targets back, and leave.

    Raises:
        NotYet: Always.
    """
    text = f"Waits, since {hold.reason}; {tell_slot(hold.slot, policy.times)}"
    with run.database.session() as session:
        release_leases(session, change.id)
        if not waits or waits[-1].text != text:
            run.note(session, change, FactKind.CALENDAR_WAITED, text)
        else:
            run.log.info("%s", text)
    looks_at = run.now() + LOOK_EVERY
    raise NotYet(min(looks_at, hold.slot.start_at) if hold.slot is not None else looks_at)


def _take_back(run: ChangeRun, change: ChangeRequest) -> None:
    """Take the targets again; none of them while another change works on one."""
    names = [target.name for target in change.targets]
    now = run.now()
    with run.database.session() as session:
        holders = acquire_leases(session, change.id, names, now=now, until=now + LOOK_EVERY)
        if holders:
            told = "; ".join(f"{it.target} is held by {it.change_id}" for it in holders)
            run.log.info("its time has come, and it waits for a target: %s", told)
            raise NotYet(now + BUSY_AGAIN)  # which undoes what was taken
