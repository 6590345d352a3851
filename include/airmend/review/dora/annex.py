"""The annex for the authority: deadlines and fields of a major incident, from recorded facts.

Nobody but a person says that an incident is major, and nobody but a person sends a report:
both are recorded as statements (`records/statements.py`), and until then the annex says what
they would start. Source: docs/adr/0020-reports-deepened.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from airmend.review.annexes import (
    DoraAnnex,
    DoraDeadline,
    DoraField,
    DoraReport,
    DoraSource,
    Recurrence,
)
from airmend.review.dora.deadlines import (
    AFTER_AWARENESS,
    final_due_at,
    initial_due_at,
    intermediate_due_at,
    relieve,
)
from airmend.review.dora.fields import FIELDS
from airmend.review.dora.statements import find_first_submissions
from airmend.review.dora.values import Sources, find_value
from airmend.review.model import DoraRules, ReportFacts
from airmend.review.wording import word_time


def build_annex(
    facts: ReportFacts,
    rules: DoraRules,
    *,
    zone: ZoneInfo,
    as_of: datetime,
    recurrence: Sequence[Recurrence] = (),
) -> DoraAnnex:
    """Fill what can be filled, and compute what can be computed.

    Args:
        facts: The records, in the order of time.
        rules: The entity's own.
        zone: Whose calendar counts for months, weekends and noon.
        as_of: When it is asked for; aware.
        recurrence: How often the like came before.
    """
    sources = Sources(facts, rules.entity, recurrence)
    told = sources.classification
    aware_at = facts.incident.opened_at
    if told and told.aware_at:
        aware_at = min(aware_at, told.aware_at)
    deadlines: list[DoraDeadline] = []
    if told is None or told.is_major:
        deadlines = list(_set_deadlines(sources, aware_at, rules, zone))
    return DoraAnnex(
        as_of=as_of.astimezone(UTC),
        incident_id=facts.incident.id,
        aware_at=aware_at,
        is_major=told.is_major if told else None,
        classified_at=told.at if told else None,
        classification=told.text if told else None,
        deadlines=deadlines,
        fields=list(_fill(sources)),
        notes=list(_note(sources, rules)),
    )


def _fill(sources: Sources) -> Iterator[DoraField]:
    for spec in FIELDS:
        value = find_value(spec.number, sources)
        yield DoraField(
            number=spec.number,
            name=spec.name,
            needed_from=spec.needed_from,
            source=value.source if value else DoraSource.PERSON,
            value=value.text if value else None,
            citations=value.citations if value else [],
            ask=spec.ask,
        )


def _set_deadlines(
    sources: Sources, aware_at: datetime, rules: DoraRules, zone: ZoneInfo
) -> Iterator[DoraDeadline]:
    told, sent = sources.classification, sources.submissions
    first = find_first_submissions(sources.facts.story)
    initial, intermediate = sent.get(DoraReport.INITIAL), sent.get(DoraReport.INTERMEDIATE)
    day_after = aware_at + AFTER_AWARENESS
    dues = {
        DoraReport.INITIAL: initial_due_at(aware_at, told.at) if told else None,
        DoraReport.INTERMEDIATE: intermediate_due_at(initial.at) if initial else None,
        DoraReport.FINAL: final_due_at(intermediate.at, zone) if intermediate else None,
    }
    for report, due_at in dues.items():
        relief_at = None
        if due_at and rules.weekend_relief in ("all", report.value):
            relief_at = relieve(due_at, zone, rules.bank_holidays)
        done = initial if report is DoraReport.INITIAL else first.get(report)
        yield DoraDeadline(
            report=report,
            due_at=due_at,
            latest_at=day_after if report is DoraReport.INITIAL and told is None else None,
            relief_at=relief_at,
            rule=RULES[report][0],
            article=RULES[report][1],
            submitted_at=done.at if done else None,
            submission=done.text if done else None,
            is_late=done.at > (relief_at or due_at) if done and due_at else None,
        )


def _note(sources: Sources, rules: DoraRules) -> Iterator[str]:
    told = sources.classification
    if told is None:
        yield (
            "Nobody has classified this incident. A person does, by the criteria of Regulation "
            "(EU) 2024/1772; only a major incident is reported."
        )
    elif not told.is_major:
        if sources.submissions:
            yield "Reports were sent before it was called not major: tell the authority so."
        yield "It is classified as not major, so no report is due."
        return
    if rules.weekend_relief == "none":
        yield "Weekends and bank holidays move no deadline, by the policy."
    elif rules.bank_holidays:
        last = max(rules.bank_holidays).isoformat()
        yield f"Days off: Saturdays, Sundays and the bank holidays of the policy, up to {last}."
    else:
        yield "Days off: Saturdays and Sundays. The policy names no bank holidays."
    yield (
        "Who cannot meet a deadline tells the authority before it ends, and why "
        "(Article 5(3) of Regulation (EU) 2025/301)."
    )
    recovered = find_value("3.3", sources)
    if recovered and DoraReport.INITIAL in sources.submissions:
        yield (
            f"Services were back at {recovered.text}, as far as is recorded: an updated "
            f"intermediate report is due without undue delay (Article 5(1)(b))."
        )


RULES = {
    DoraReport.INITIAL: (
        "4 hours after it is classified as major, and 24 hours after becoming aware at most",
        "Article 5(1)(a) and (2)",
    ),
    DoraReport.INTERMEDIATE: (
        "72 hours after the initial notification was sent, and again when services are back",
        "Article 5(1)(b)",
    ),
    DoraReport.FINAL: (
        "one month after the latest intermediate report was sent",
        "Article 5(1)(c)",
    ),
}


def word_due(deadline: DoraDeadline) -> str:
    """A deadline in words, also where it cannot be computed yet."""
    if deadline.due_at is None and deadline.latest_at is not None:
        return (
            f"4 hours after somebody classifies it as major; {word_time(deadline.latest_at)} "
            f"at the latest, unless that is later"
        )
    if deadline.due_at is None:
        return "not known before the report before it is recorded as sent"
    text = word_time(deadline.due_at)
    if deadline.relief_at is not None:
        text += f"; a day off, so {word_time(deadline.relief_at)} is enough"
    return text
