"""The stretches of time that are drawn: detection, waiting, preflight, people, work, checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from airmend.execution.model import CheckOutcome, Execution, ExecutionStatus, Phase
from airmend.records.model import FactKind
from airmend.review.model import Lane, ReportFacts, Span, SpanResult
from airmend.review.timeline import PHASE_LANES

ROWS = {
    Phase.PREFLIGHT: "Preflight",
    Phase.VERIFY: "Verification",
    Phase.ROLLBACK: "Rollback",
    Phase.ROLLBACK_VERIFY: "Rollback check",
}


def collect_spans(facts: ReportFacts) -> list[Span]:
    """All stretches with a recorded beginning, from the top lane to the bottom one.

    A stretch whose end lies before its beginning (two clocks disagree) is left out; the
    response times say so in words.
    """
    spans = [*_detection(facts), *_waiting(facts), *_people(facts), *_executions(facts)]
    order = {lane: place for place, lane in enumerate(Lane)}
    forward = [span for span in spans if span.ended_at is None or span.ended_at >= span.started_at]
    return sorted(forward, key=lambda span: (order[span.lane], span.started_at))


def _detection(facts: ReportFacts) -> Iterator[Span]:
    incident = facts.incident
    if incident.started_at is not None:
        yield _span(Lane.DETECTION, "Detection", incident.started_at, incident.opened_at)
    begun = first_fact_at(facts, FactKind.RUN_CREATED)
    if begun is not None:
        yield _span(Lane.DETECTION, "Start of the run", incident.opened_at, begun)


def _waiting(facts: ReportFacts) -> Iterator[Span]:
    waited = first_fact_at(facts, FactKind.TARGETS_WAITED)
    if waited is None:
        return
    refused = first_fact_at(facts, FactKind.GUARD_REFUSED)
    ended = first_fact_at(facts, FactKind.GUARD_PASSED) or refused
    yield _span(Lane.TARGETS, "Waiting for a target", waited, ended, failed=ended == refused)


def _people(facts: ReportFacts) -> Iterator[Span]:
    label = "Approval"
    if facts.decision is not None:
        asked, decided = facts.decision.asked_at, facts.decision.decided_at
        failed = facts.decision.verdict.value != "approved"
        yield _span(Lane.PEOPLE, label, asked, decided, failed=failed)
    elif (asked_at := first_fact_at(facts, FactKind.APPROVAL_ASKED)) is not None:
        ended = facts.change.ended_at if facts.change else None
        yield _span(Lane.PEOPLE, label, asked_at, ended, failed=True)


def _executions(facts: ReportFacts) -> Iterator[Span]:
    titles = name_steps(facts)
    for execution in facts.executions:
        if execution.phase is Phase.CHECK:
            continue  # a part of the verification that is drawn already
        row = ROWS.get(execution.phase) or titles.get(execution.name, execution.name)
        yield _span(
            PHASE_LANES[execution.phase],
            row,
            execution.started_at,
            execution.ended_at,
            failed=not went_well(execution),
        )


def went_well(execution: Execution) -> bool:
    """Whether it did what it was for; a verification also has to have passed."""
    if execution.phase in (Phase.VERIFY, Phase.ROLLBACK_VERIFY):
        return passed(execution)
    return execution.status is ExecutionStatus.SUCCEEDED


def passed(execution: Execution) -> bool:
    """Whether a verification says that all is well; without a result it does not."""
    verification = execution.verification
    return verification is not None and verification.outcome is CheckOutcome.PASSED


def name_steps(facts: ReportFacts) -> dict[str, str]:
    """The names of the steps as operators read them, by step id."""
    return {step.id: step.name for step in facts.runbook.runbook.steps} if facts.runbook else {}


def first_fact_at(facts: ReportFacts, *kinds: FactKind) -> datetime | None:
    """When one of these kinds was recorded first; None when it never was."""
    return first(fact.at for fact in facts.story if fact.kind in kinds)


def first(times: Iterable[datetime]) -> datetime | None:
    """The earliest of some times, or None."""
    return min(times, default=None)


def _span(
    lane: Lane,
    label: str,
    started_at: datetime,
    ended_at: datetime | None,
    *,
    failed: bool = False,
) -> Span:
    if ended_at is None:
        result = SpanResult.OPEN
    else:
        result = SpanResult.FAILED if failed else SpanResult.DONE
    return Span(lane=lane, label=label, started_at=started_at, ended_at=ended_at, result=result)
