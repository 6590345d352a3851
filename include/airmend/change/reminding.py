"""When people are told of a question again: reminders while too few answer, and escalations.

Pure. Reminders come every interval after the question, counted from when the last one was due and
not from when it was noticed. What nobody was there to notice is made up for once and not in a
burst. Called by orchestration whenever it looks at a question.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from airmend.change.model import Requirement
from airmend.change.policy import Policy
from airmend.records.model import Notice, Occasion


@dataclass(frozen=True)
class Due:
    """Something that people are to be told of now."""

    occasion: Occasion
    due_at: datetime
    rule: str = ""


@dataclass(frozen=True)
class OpenQuestion:
    """A question that too few have answered.

    Args:
        asked_at: When it was asked.
        missing: The requirements that are not met.
        notices: What people were told of it.
    """

    asked_at: datetime
    missing: Sequence[Requirement]
    notices: Sequence[Notice]


def find_due(policy: Policy, question: OpenQuestion, *, now: datetime) -> list[Due]:
    """What people are to be told of now, once; nothing where nothing is due."""
    due = [each for each in _escalations(policy, question) if each.due_at <= now]
    interval = reminder_interval(policy, question.missing)
    if interval is not None:
        last = _last_reminder(question)
        passed = (now - last) // interval
        if passed >= 1:
            due.append(Due(Occasion.REMINDER, last + passed * interval))
    return due


def next_due_at(policy: Policy, question: OpenQuestion) -> datetime | None:
    """When people are to be told next; None where they are not."""
    moments = [each.due_at for each in _escalations(policy, question)]
    interval = reminder_interval(policy, question.missing)
    if interval is not None:
        moments.append(_last_reminder(question) + interval)
    return min(moments, default=None)


def reminder_interval(policy: Policy, missing: Iterable[Requirement]) -> timedelta | None:
    """The shortest of the rules that are not met; one without its own has the policy's."""
    rules = {rule.name: rule.remind_after_seconds for rule in policy.approval.rules}
    common = policy.approval.remind_after_seconds
    seconds = [rules.get(requirement.rule) or common for requirement in missing]
    known = [each for each in seconds if each is not None]
    return timedelta(seconds=min(known)) if known else None


def _last_reminder(question: OpenQuestion) -> datetime:
    due = [each.due_at for each in question.notices if each.occasion is Occasion.REMINDER]
    return max(due, default=question.asked_at)


def _escalations(policy: Policy, question: OpenQuestion) -> list[Due]:
    """Of the rules that are not met, those that nobody was told of yet."""
    told = {each.rule for each in question.notices if each.occasion is Occasion.ESCALATION}
    missing = {requirement.rule for requirement in question.missing}
    return [
        Due(
            Occasion.ESCALATION,
            question.asked_at + timedelta(seconds=rule.escalate_after_seconds),
            rule.name,
        )
        for rule in policy.approval.rules
        if rule.escalate_after_seconds is not None and rule.name in missing - told
    ]
