"""Response times: durations between recorded moments, and what is missing where one is not."""

from __future__ import annotations

from datetime import datetime

from airmend.execution.model import Phase
from airmend.records.model import FactKind
from airmend.review.document import Impact
from airmend.review.model import ReportFacts, ResponseTime
from airmend.review.spans import first, first_fact_at, passed
from airmend.review.wording import word_duration


def measure_responses(facts: ReportFacts) -> list[ResponseTime]:
    """How fast it went, from the alert to the end, always the same seven lines."""
    incident, change, decision = facts.incident, facts.change, facts.decision
    received_at = incident.opened_at
    asked_at = decision.asked_at if decision else first_fact_at(facts, FactKind.APPROVAL_ASKED)
    step_at = first(run.started_at for run in facts.executions if run.phase is Phase.STEP)
    return [
        _between(
            "detection",
            "Detection: alert raised to received",
            ("the alert's start by the sender's clock", incident.started_at),
            ("the reception", received_at),
        ),
        _between(
            "run_start",
            "Received to DAG run created",
            ("the reception", received_at),
            ("a DAG run", first_fact_at(facts, FactKind.RUN_CREATED)),
        ),
        _between(
            "decision_wait",
            "Approval asked to answered",
            ("a request for approval", asked_at),
            ("an answer", decision.decided_at if decision else None),
        ),
        _between(
            "first_step",
            "Received to first step",
            ("the reception", received_at),
            ("a step", step_at),
        ),
        _between(
            "verified",
            "Received to verified",
            ("the reception", received_at),
            ("a passed verification", find_verified_at(facts)),
        ),
        _between(
            "change",
            "Change requested to ended",
            ("a change", change.requested_at if change else None),
            ("the end of the change", change.ended_at if change else None),
        ),
        _between(
            "total",
            "Total: alert raised to recovered",
            ("the alert's start by the sender's clock", incident.started_at),
            ("a recovery", find_recovered_at(facts)),
        ),
    ]


def measure_impact(facts: ReportFacts) -> Impact:
    """From when to when the trouble lasted, and what users noticed by the runbook's words."""
    began_at, ended_at = facts.incident.started_at, find_recovered_at(facts)
    known = began_at is not None and ended_at is not None and ended_at >= began_at
    return Impact(
        noticed=facts.runbook.runbook.report.impact if facts.runbook else None,
        began_at=began_at,
        ended_at=ended_at,
        seconds=(ended_at - began_at).total_seconds() if known and began_at and ended_at else None,
    )


def find_verified_at(facts: ReportFacts) -> datetime | None:
    """When a verification of the repair passed for the first time."""
    return first(
        run.ended_at
        for run in facts.executions
        if run.phase is Phase.VERIFY and run.ended_at is not None and passed(run)
    )


def find_recovered_at(facts: ReportFacts) -> datetime | None:
    """When the trouble was over: verified by us, or reported by the sender, what came first."""
    times = (find_verified_at(facts), facts.incident.recovered_at)
    return first(at for at in times if at is not None)


def _between(
    key: str,
    label: str,
    start: tuple[str, datetime | None],
    end: tuple[str, datetime | None],
) -> ResponseTime:
    """One duration; each end is its name and its time."""
    started_at, ended_at = start[1], end[1]
    seconds: float | None = None
    if started_at is None or ended_at is None:
        missing = [name for name, at in (start, end) if at is None]
        note = f"There is no record of {' and of '.join(missing)}."
    else:
        seconds = (ended_at - started_at).total_seconds()
        note = ""
        if seconds < 0:
            note = f"The two clocks disagree by {word_duration(-seconds)} or more."
            seconds = None
    return ResponseTime(
        key=key,
        label=label,
        seconds=seconds,
        started_at=started_at,
        ended_at=ended_at,
        note=note,
    )
