"""Reminders and escalations of a question, written down once each when their time has come.

Imports nothing of Airflow. What is written here people are told afterwards (`telling`): a process
that dies in between loses nothing, and one that begins again writes nothing twice.
"""

from __future__ import annotations

from airmend.change.quorum import describe_need
from airmend.change.reminding import Due, OpenQuestion, find_due
from airmend.orchestration.asking import Asked
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.services import read_policy
from airmend.records.changes import get_decision
from airmend.records.model import FactKind, Notice, Occasion
from airmend.records.notices import add_notice, list_notices, queue_for_notices


def note_due(run: ChangeRun, asked: Asked) -> bool:
    """Write down what people are to be told of now; whether there was anything.

    Raises:
        ConfigurationError: The policy cannot be read.
    """
    policy = read_policy(run.settings)
    missing = [requirement for requirement, _ in asked.standing.missing]
    question = OpenQuestion(asked.asked_at, missing, asked.notices)
    if not find_due(policy, question, now=run.now()):
        return False
    with run.database.session() as session:
        queue_for_notices(session)
        change = run.read_change(session)
        if change.status.is_final or get_decision(session, change.id) is not None:
            return False
        content = asked.content_hash
        notices = list_notices(session, change.id, content)  # another process may have been here
        due = find_due(policy, OpenQuestion(asked.asked_at, missing, notices), now=run.now())
        for each in due:
            notice = add_notice(
                session,
                change.id,
                content,
                each.occasion,
                due_at=each.due_at,
                at=run.now(),
                rule=each.rule,
            )
            notices.append(notice)
            kind, text = _tell(asked, each, notices)
            run.note(session, change, kind, text, content_hash=content)
    return True


def count_reminders(notices: list[Notice]) -> int:
    """How many of some notices are reminders; as the last one is called."""
    return sum(each.occasion is Occasion.REMINDER for each in notices)


def _tell(asked: Asked, due: Due, notices: list[Notice]) -> tuple[FactKind, str]:
    since = f"asked at {asked.asked_at:%Y-%m-%d %H:%M:%S} UTC"
    if due.occasion is Occasion.ESCALATION:
        rule = next(each for each in asked.standing.required if each.rule == due.rule)
        people = ", ".join(rule.people or ()) or "whoever may answer in Airflow"
        return (
            FactKind.APPROVAL_ESCALATED,
            f"Escalated: '{due.rule}' was not met in time, {since}; {people} are asked now",
        )
    missing = " and ".join(describe_need(each, count) for each, count in asked.standing.missing)
    return (
        FactKind.APPROVAL_REMINDED,
        f"Reminder {count_reminders(notices)}: still needs {missing}; {since}",
    )
