"""Writes what notifiers are given of a question.

Imports nothing of Airflow. The text is short, since it leaves the house: whose answer is wanted,
until when, and where. What came with the alert stays in Airflow, behind the link.
"""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from airmend.change.markdown import one_line
from airmend.change.notice_text import NoticeText
from airmend.change.quorum import describe_need
from airmend.orchestration.asking import Asked
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.reminding import count_reminders
from airmend.records.model import Notice, Occasion


def write_notice(run: ChangeRun, asked: Asked, notice: Notice, *, incident_id: str) -> NoticeText:
    """What is told of one notice of a question.

    Args:
        run: The change, in the task that asks.
        asked: The question as it stands.
        notice: Why people are told.
        incident_id: Of the change's incident.
    """
    earlier = [each for each in asked.notices if each.number <= notice.number]
    number = count_reminders(earlier) if notice.occasion is Occasion.REMINDER else 0
    lead = {
        Occasion.ASKED: "Approval asked",
        Occasion.REMINDER: f"Reminder {number}",
        Occasion.ESCALATION: "Approval escalated",
    }[notice.occasion]
    needs = " and ".join(describe_need(each, count) for each, count in asked.standing.missing)
    link = _link(run)
    until = f"{asked.expires_at:%Y-%m-%d %H:%M} UTC"
    subject = one_line(f"{lead}: {asked.subject}")
    sentences = [
        f"{asked.subject}.",
        f"Needs a yes of {needs}.",
        f"Asked at {asked.asked_at:%Y-%m-%d %H:%M} UTC; no answer until {until} means no.",
        f"Change {run.change_id}, incident {incident_id}.",
    ]
    html = "".join(f"<p>{escape(each)}</p>" for each in sentences)
    return NoticeText(
        occasion=notice.occasion.value,
        number=number,
        subject=subject,
        text="\n".join([*sentences, link]),
        html=f'{html}<p><a href="{escape(link)}">Answer in Airflow</a></p>',
        link=link,
        people=tuple(asked.people or ()),
        needs=needs,
        asked_at=asked.asked_at,
        expires_at=asked.expires_at,
        change=run.change_id,
        incident=incident_id,
        runbook=run.runbook.id,
        service=run.runbook.change.service,
    )


def _link(run: ChangeRun) -> str:
    parts = ("dags", run.runbook.id, "runs", run.run_id, "tasks", run.task_id, "required_actions")
    path = "/".join(quote(part, safe="") for part in parts)
    return f"{run.settings.base_url.rstrip('/')}/{path}"
