"""Write a report up and keep it: made from the records, stored, and made again whenever asked.

Called by the end of a change, and by people who have added something since: a classification,
a text. Safe to repeat: the same records give the same report, and it replaces the one before.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from airmend.records.reports import load_report, store_report
from airmend.review.annexes import Prose
from airmend.review.context import gather_context
from airmend.review.document import PostIncidentReport
from airmend.review.facts import gather_facts
from airmend.review.model import DoraRules
from airmend.review.prose.grounding import keep_grounded
from airmend.review.report import build_report


def write_up(
    session: Session,
    change_id: str,
    *,
    made_at: datetime,
    base_url: str,
    dora: DoraRules,
    zone: ZoneInfo,
    problem: str = "",
    prose: Prose | None = None,
) -> PostIncidentReport:
    """Make the report of a change and store it.

    A text of a language model stays from one making to the next, as long as it still holds
    nothing that the facts do not.

    Args:
        session: A session of the records; the caller commits.
        change_id: Of a change on record.
        made_at: Now; aware.
        base_url: Where people reach Airflow.
        dora: The policy's word.
        zone: The policy's.
        problem: Why the policy could not be read, if so.
        prose: A new text; None keeps the one that there is.
    """
    facts = gather_facts(session, change_id)
    context = gather_context(session, facts, dora=dora, zone=zone, problem=problem)
    report = build_report(facts, made_at=made_at, base_url=base_url, context=context)
    report = keep_grounded(report, prose or _kept_prose(session, change_id))
    store_report(session, report.document(), change_id, facts.incident.id, made_at)
    return report


def _kept_prose(session: Session, change_id: str) -> Prose | None:
    document = load_report(session, change_id)
    found = document.get("prose") if document else None
    return Prose.model_validate(found) if found else None
