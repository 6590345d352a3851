"""The timeline: recorded facts in the order of time, each line with its evidence.

The ledger tells the story. Where it is silent about an execution or a decision that the
records hold, the line is made from that record, so that nothing that happened is left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from airmend.change.model import Decision
from airmend.execution.model import Execution, ExecutionStatus, Phase
from airmend.records.model import Fact, FactKind
from airmend.review.citations import cite_evidence
from airmend.review.model import Citation, Lane, ReportFacts, TimelineEntry

LANES = {
    FactKind.INCIDENT_OPENED: Lane.DETECTION,
    FactKind.ALERT_REPEATED: Lane.DETECTION,
    FactKind.ALERT_JOINED: Lane.DETECTION,
    FactKind.ALERT_RESOLVED: Lane.DETECTION,
    FactKind.INCIDENT_REOPENED: Lane.DETECTION,
    FactKind.INCIDENT_SUPPRESSED: Lane.DETECTION,
    FactKind.INCIDENT_ESCALATED: Lane.DETECTION,
    FactKind.RUNBOOK_MATCHED: Lane.DETECTION,
    FactKind.NO_RUNBOOK: Lane.DETECTION,
    FactKind.RUN_CREATED: Lane.DETECTION,
    FactKind.CHANGE_REQUESTED: Lane.PEOPLE,
    FactKind.REQUEST_REFUSED: Lane.PEOPLE,
    FactKind.TARGETS_WAITED: Lane.TARGETS,
    FactKind.CALENDAR_WAITED: Lane.PEOPLE,
    FactKind.SEAL_WAITED: Lane.TARGETS,
    FactKind.GUARD_PASSED: Lane.TARGETS,
    FactKind.GUARD_REFUSED: Lane.TARGETS,
    FactKind.SIGNATURE_CHECKED: Lane.TARGETS,
    FactKind.PREFLIGHT_FINISHED: Lane.PREFLIGHT,
    FactKind.RISK_ASSESSED: Lane.PREFLIGHT,
    FactKind.APPROVAL_ASKED: Lane.PEOPLE,
    FactKind.APPROVAL_REMINDED: Lane.PEOPLE,
    FactKind.APPROVAL_ESCALATED: Lane.PEOPLE,
    FactKind.APPROVAL_UNTOLD: Lane.PEOPLE,
    FactKind.APPROVAL_IGNORED: Lane.PEOPLE,
    FactKind.APPROVAL_VOTED: Lane.PEOPLE,
    FactKind.APPROVAL_VOID: Lane.PEOPLE,
    FactKind.APPROVAL_DECIDED: Lane.PEOPLE,
    FactKind.STEP_STARTED: Lane.STEPS,
    FactKind.STEP_FINISHED: Lane.STEPS,
    FactKind.EXECUTION_REFUSED: Lane.STEPS,
    FactKind.VERIFICATION_FINISHED: Lane.VERIFICATION,
    FactKind.ROLLBACK_STARTED: Lane.ROLLBACK,
    FactKind.ROLLBACK_FINISHED: Lane.ROLLBACK,
    FactKind.INCIDENT_CLASSIFIED: Lane.PEOPLE,
    FactKind.AUTHORITY_INFORMED: Lane.PEOPLE,
    FactKind.RUNBOOK_LOCKED: Lane.CLOSING,
    FactKind.RUNBOOK_UNLOCKED: Lane.CLOSING,
    FactKind.CHANGE_ENDED: Lane.CLOSING,
    FactKind.INCIDENT_CAUSED: Lane.CLOSING,
    FactKind.PROBLEM_OPENED: Lane.CLOSING,
    FactKind.PROBLEM_SEEN: Lane.CLOSING,
    FactKind.PROBLEM_CLOSED: Lane.CLOSING,
    FactKind.TEMPLATE_SUSPENDED: Lane.CLOSING,
    FactKind.AUTONOMY_LOWERED: Lane.CLOSING,
    FactKind.AUTONOMY_EARNED: Lane.CLOSING,
    FactKind.INCIDENT_ENDED: Lane.CLOSING,
    FactKind.REVIEW_OPENED: Lane.CLOSING,
    FactKind.REVIEW_OVERDUE: Lane.CLOSING,
    FactKind.REVIEW_COMPLETED: Lane.CLOSING,
    FactKind.REPORT_WRITTEN: Lane.CLOSING,
    FactKind.TICKET_LINKED: Lane.CLOSING,
    FactKind.TICKET_REFUSED: Lane.CLOSING,
}

PHASE_LANES = {
    Phase.PREFLIGHT: Lane.PREFLIGHT,
    Phase.STEP: Lane.STEPS,
    Phase.VERIFY: Lane.VERIFICATION,
    Phase.ROLLBACK: Lane.ROLLBACK,
    Phase.ROLLBACK_VERIFY: Lane.ROLLBACK,
    Phase.CHECK: Lane.VERIFICATION,
}

PHASE_NAMES = {
    Phase.PREFLIGHT: "Preflight",
    Phase.STEP: "Step",
    Phase.VERIFY: "Verification",
    Phase.ROLLBACK: "Rollback",
    Phase.ROLLBACK_VERIFY: "Check of the rollback",
    Phase.CHECK: "Check",
}

ENDINGS = {
    ExecutionStatus.RUNNING: "is running",
    ExecutionStatus.SUCCEEDED: "succeeded",
    ExecutionStatus.FAILED: "failed",
    ExecutionStatus.TIMED_OUT: "took longer than allowed and was stopped",
    ExecutionStatus.CANCELLED: "was cancelled",
    ExecutionStatus.INTERRUPTED: "was interrupted: its process died",
}


def tell_timeline(facts: ReportFacts, *, base_url: str) -> list[TimelineEntry]:
    """Every recorded moment, oldest first.

    Args:
        facts: The records; `facts.story` already holds only what belongs to this change.
        base_url: Where people reach Airflow, for the links.
    """
    entries = [*_from_story(facts, base_url), *_from_executions(facts, base_url)]
    if facts.decision and not _tells(facts.story, FactKind.APPROVAL_DECIDED):
        entries.append(_from_decision(facts.decision))
    return list(_join_repeats(sorted(entries, key=lambda entry: entry.at)))


def name_execution(execution: Execution) -> str:
    """How an execution is called in a sentence: "Step 'restart'", "Verification, attempt 2"."""
    name = PHASE_NAMES[execution.phase]
    if execution.phase in (Phase.STEP, Phase.CHECK):
        name = f"{name} '{execution.name}'"
    return name if execution.attempt == 1 else f"{name}, attempt {execution.attempt}"


def cite_execution(facts: ReportFacts, execution: Execution, base_url: str) -> list[Citation]:
    """The evidence of an execution itself: its run, task and number."""
    evidence: dict[str, object] = {"execution": execution.id}
    if facts.change and facts.change.run_id:
        evidence["dag_run"] = facts.change.run_id
    if execution.task_id:
        evidence["task"] = execution.task_id
    return cite_evidence(evidence, base_url=base_url, dag_id=_dag_id(facts))


def _from_story(facts: ReportFacts, base_url: str) -> Iterator[TimelineEntry]:
    phases = {execution.id: execution.phase for execution in facts.executions}
    for fact in facts.story:
        lane = LANES[fact.kind]
        phase = phases.get(fact.evidence.get("execution", 0))
        if lane is Lane.VERIFICATION and phase is Phase.ROLLBACK_VERIFY:
            lane = Lane.ROLLBACK
        citations = cite_evidence(fact.evidence, base_url=base_url, dag_id=_dag_id(facts))
        citations.append(Citation(label="fact", value=str(fact.id)))
        yield TimelineEntry(at=fact.at, lane=lane, text=fact.text, citations=citations)


def _from_executions(facts: ReportFacts, base_url: str) -> Iterator[TimelineEntry]:
    told = {fact.evidence.get("execution") for fact in facts.story}
    for execution in facts.executions:
        if execution.id in told:
            continue
        lane, name = PHASE_LANES[execution.phase], name_execution(execution)
        citations = cite_execution(facts, execution, base_url)
        yield TimelineEntry(
            at=execution.started_at, lane=lane, text=f"{name} started.", citations=citations
        )
        if execution.ended_at is not None:
            yield TimelineEntry(
                at=execution.ended_at,
                lane=lane,
                text=f"{name} {ENDINGS[execution.status]}.",
                citations=citations,
            )


def _from_decision(decision: Decision) -> TimelineEntry:
    return TimelineEntry(
        at=decision.decided_at,
        lane=Lane.PEOPLE,
        text=f"The change was {decision.verdict.value} by {decision.decided_by}.",
        citations=[Citation(label="content hash", value=decision.content_hash)],
    )


def _join_repeats(entries: list[TimelineEntry]) -> Iterator[TimelineEntry]:
    """Tell a row of equal sentences once, with their number: alerts repeat by the hundred."""
    current: TimelineEntry | None = None
    for entry in entries:
        if current and (entry.lane, entry.text) == (current.lane, current.text):
            current = current.model_copy(update={"repeats": current.repeats + 1, "until": entry.at})
            continue
        if current:
            yield current
        current = entry
    if current:
        yield current


def _tells(story: list[Fact], kind: FactKind) -> bool:
    return any(fact.kind is kind for fact in story)


def _dag_id(facts: ReportFacts) -> str:
    return facts.change.dag_id if facts.change else ""
