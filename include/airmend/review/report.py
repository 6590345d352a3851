"""One report from recorded facts: same facts, same report, and nothing that no record holds."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

from airmend.execution.model import Phase
from airmend.records.model import FactKind
from airmend.review.annexes import DoraAnnex
from airmend.review.context import ReportContext
from airmend.review.controls.mapping import map_controls
from airmend.review.document import PostIncidentReport, Provenance
from airmend.review.dora.annex import build_annex
from airmend.review.follow_ups import collect_follow_ups
from airmend.review.model import Outcome, ReportFacts
from airmend.review.responses import measure_impact, measure_responses
from airmend.review.sections import (
    describe_approval,
    describe_change,
    describe_incident,
    describe_preflight,
    describe_runbook,
    describe_verifications,
    describe_work,
)
from airmend.review.spans import collect_spans
from airmend.review.summary import judge_outcome, name_outcome, summarise
from airmend.review.timeline import tell_timeline


def build_report(
    facts: ReportFacts,
    *,
    made_at: datetime,
    base_url: str,
    context: ReportContext | None = None,
) -> PostIncidentReport:
    """Write up an incident and the change for it.

    Args:
        facts: The records. Their order does not matter; facts about other changes of the same
            incident are left out, and so is the note that a report was written, so that
            writing one again gives the same.
        made_at: When the report is made; aware.
        base_url: Where people reach Airflow, for links.
        context: What else is known; without it, annexes say what they could not look at.

    Returns:
        The canonical report. What is not on record is None.
    """
    facts, context = settle(facts), context or ReportContext()
    outcome = judge_outcome(facts)
    report = PostIncidentReport(
        outcome=outcome,
        headline=name_outcome(facts, outcome),
        summary=[],
        incident=describe_incident(facts),
        impact=measure_impact(facts),
        response_times=measure_responses(facts),
        change=describe_change(facts, base_url),
        request=facts.request,
        review=facts.review,
        runbook=describe_runbook(facts),
        timeline=tell_timeline(facts, base_url=base_url),
        spans=collect_spans(facts),
        risk=facts.change.risk if facts.change else None,
        approval=describe_approval(facts),
        preflight=describe_preflight(facts, base_url),
        steps=describe_work(facts, Phase.STEP, base_url),
        verification=describe_verifications(facts, Phase.VERIFY, base_url),
        rollback=describe_work(facts, Phase.ROLLBACK, base_url),
        rollback_verification=describe_verifications(facts, Phase.ROLLBACK_VERIFY, base_url),
        follow_ups=[],
        recurrence=context.recurrence,
        controls=map_controls(facts, context),
        dora=_annex(facts, context, made_at),
        provenance=_name_sources(facts, outcome, made_at),
    )
    follow_ups = collect_follow_ups(facts, report, context)
    return report.model_copy(update={"summary": summarise(report), "follow_ups": follow_ups})


def _annex(facts: ReportFacts, context: ReportContext, made_at: datetime) -> DoraAnnex | None:
    if not context.dora.applies:
        return None
    return build_annex(
        facts, context.dora, zone=context.zone, as_of=made_at, recurrence=context.recurrence
    )


def settle(facts: ReportFacts) -> ReportFacts:
    """The same records in one order, without what is not about this change."""
    change_id = facts.change.id if facts.change else None
    story = [
        fact
        for fact in facts.story
        if fact.change_id in (None, change_id) and fact.kind is not FactKind.REPORT_WRITTEN
    ]
    return replace(
        facts,
        story=sorted(story, key=lambda fact: (fact.at, fact.id)),
        executions=sorted(facts.executions, key=lambda run: (run.started_at, run.id)),
    )


def _name_sources(facts: ReportFacts, outcome: Outcome, made_at: datetime) -> Provenance:
    change = facts.change
    phases = {run.phase for run in facts.executions}
    expected = {
        "change": change is not None or outcome is Outcome.NO_CHANGE,
        "runbook version": change is None or facts.runbook is not None,
        "risk score": change is None or change.risk is not None,
        "decision": change is None or facts.decision is not None,
        "preflight": change is None or Phase.PREFLIGHT in phases,
        "steps": change is None or Phase.STEP in phases,
        "verification": change is None or Phase.VERIFY in phases,
    }
    return Provenance(
        made_at=made_at.astimezone(UTC),
        incident_id=facts.incident.id,
        change_id=change.id if change else None,
        facts=[fact.id for fact in facts.story],
        executions=[run.id for run in facts.executions],
        decision=facts.decision is not None,
        digest=_digest(facts),
        missing=[name for name, there in expected.items() if not there],
    )


def _digest(facts: ReportFacts) -> str:
    """SHA-256 over the records, to show later that a report was made from these and no others."""
    records = {
        "incident": facts.incident.model_dump(mode="json"),
        "change": facts.change.model_dump(mode="json") if facts.change else None,
        "decision": facts.decision.model_dump(mode="json") if facts.decision else None,
        "executions": [run.model_dump(mode="json") for run in facts.executions],
        "story": [fact.model_dump(mode="json") for fact in facts.story],
        "runbook": facts.runbook.digest if facts.runbook else None,
    }
    for name, record in (("request", facts.request), ("review", facts.review)):
        if record is not None:
            records[name] = record.model_dump(mode="json")
    text = json.dumps(records, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
