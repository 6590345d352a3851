"""Where a change stands, stage by stage, as the recorded facts tell it.

Pure; called by the demo, which reads the facts again and again while Airflow works.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from airmend.change.model import ChangeStatus, Verdict
from airmend.execution.model import ExecutionStatus, Phase
from airmend.records.model import Fact, FactKind
from airmend.review.model import ReportFacts
from airmend.review.spans import passed
from airmend.review.wording import word_share


class Stage(StrEnum):
    """The tasks of a remediation, as one reads them; all steps together are one stage."""

    GUARD = "guard"
    PREFLIGHT = "preflight"
    RISK = "risk"
    APPROVAL = "approval"
    STEPS = "steps"
    VERIFY = "verify"
    ROLLBACK = "rollback"
    REPORT = "report"


class StageStatus(StrEnum):
    """How a stage stands."""

    AHEAD = "ahead"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"  # the story went past it


@dataclass(frozen=True)
class StageProgress:
    """One stage of one change; it begins where the one before it ended."""

    stage: Stage
    status: StageStatus
    started_at: datetime | None = None
    ended_at: datetime | None = None
    note: str = ""

    def seconds(self, now: datetime) -> float | None:
        """How long it took, or takes by now; None when it has not begun or was skipped."""
        if self.started_at is None:
            return None
        return max(((self.ended_at or now) - self.started_at).total_seconds(), 0.0)


@dataclass(frozen=True)
class Progress:
    """One change as it stands, with the records that this was read from."""

    facts: ReportFacts
    stages: tuple[StageProgress, ...]

    @property
    def is_written_up(self) -> bool:
        """Whether the change has come to its end, the report included."""
        return self.stages[-1].status is StageStatus.PASSED

    @property
    def seconds(self) -> float | None:
        """From the alert to the report; None before that."""
        ended_at = self.stages[-1].ended_at
        return (ended_at - self.facts.incident.opened_at).total_seconds() if ended_at else None


@dataclass(frozen=True)
class _End:
    at: datetime
    ok: bool = True
    note: str = ""


def follow(facts: ReportFacts) -> Progress:
    """Lay the recorded facts of a change out as stages.

    A stage that failed is followed by what undoes it, if anything was executed, and by the
    report; what lies between is skipped.
    """
    ends = _find_ends(facts)
    stages: list[StageProgress] = []
    begun_at: datetime = facts.incident.opened_at
    skipped: frozenset[Stage] = frozenset()
    running = False
    for stage in Stage:
        end = ends.get(stage)
        if end is not None:
            status = StageStatus.PASSED if end.ok else StageStatus.FAILED
            stages.append(StageProgress(stage, status, begun_at, end.at, end.note))
            begun_at = end.at
            skipped = _skipped_after(stage, end.ok) or skipped
        elif stage in skipped or (_has_ended(facts) and stage is not Stage.REPORT):
            stages.append(StageProgress(stage, StageStatus.SKIPPED))
        elif running:
            stages.append(StageProgress(stage, StageStatus.AHEAD))
        else:
            running = True
            note = _note_of_running(stage, facts)
            stages.append(StageProgress(stage, StageStatus.RUNNING, begun_at, note=note))
    return Progress(facts, tuple(stages))


def _skipped_after(stage: Stage, ok: bool) -> frozenset[Stage] | None:
    if ok:
        return frozenset({Stage.ROLLBACK}) if stage is Stage.VERIFY else None
    if stage is Stage.STEPS:
        return frozenset({Stage.VERIFY})
    if stage in {Stage.GUARD, Stage.PREFLIGHT, Stage.RISK, Stage.APPROVAL}:
        return frozenset(Stage) - {Stage.REPORT}
    return None


def _has_ended(facts: ReportFacts) -> bool:
    return facts.change is not None and facts.change.status.is_final


def _find_ends(facts: ReportFacts) -> dict[Stage, _End]:
    found = {
        Stage.GUARD: _end_of_guard(facts),
        Stage.PREFLIGHT: _end_of_preflight(facts),
        Stage.RISK: _end_of_risk(facts),
        Stage.APPROVAL: _end_of_approval(facts),
        Stage.STEPS: _end_of_steps(facts),
        Stage.VERIFY: _end_of_verification(facts),
        Stage.ROLLBACK: _end_of_rollback(facts),
        Stage.REPORT: _end_at(facts, FactKind.REPORT_WRITTEN),
    }
    ends = {stage: end for stage, end in found.items() if end is not None}
    if cut := _end_at(facts, FactKind.ROLLBACK_STARTED, ok=False, note="stopped"):
        # a task that was killed says nothing of its end; the rollback that follows does
        for stage in (Stage.STEPS, Stage.VERIFY):
            if not ends.setdefault(stage, cut).ok:
                break
    return ends


def _facts_of(facts: ReportFacts, *kinds: FactKind) -> list[Fact]:
    change_id = facts.change.id if facts.change else None
    return [fact for fact in facts.story if fact.kind in kinds and fact.change_id == change_id]


def _end_at(facts: ReportFacts, kind: FactKind, *, ok: bool = True, note: str = "") -> _End | None:
    found = _facts_of(facts, kind)
    return _End(found[-1].at, ok, note) if found else None


def _step_count(facts: ReportFacts) -> int:
    return len(facts.runbook.runbook.steps) if facts.runbook else 1


def _end_of_guard(facts: ReportFacts) -> _End | None:
    waited = "had to wait" if _facts_of(facts, FactKind.TARGETS_WAITED) else ""
    return _end_at(facts, FactKind.GUARD_PASSED, note=waited) or _end_at(
        facts, FactKind.GUARD_REFUSED, ok=False, note="refused"
    )


def _end_of_preflight(facts: ReportFacts) -> _End | None:
    """One fact a step; the last one ends it, or the one after which the change was refused."""
    found = _facts_of(facts, FactKind.PREFLIGHT_FINISHED)
    runs = [each for each in facts.executions if each.phase is Phase.PREFLIGHT]
    failed = any(
        each.status not in {ExecutionStatus.SUCCEEDED, ExecutionStatus.RUNNING} for each in runs
    )
    if found and (failed or len(found) >= _step_count(facts)):
        return _End(found[-1].at, ok=not failed)
    return None


def _end_of_risk(facts: ReportFacts) -> _End | None:
    risk = facts.change.risk if facts.change else None
    note = f"{risk.band.value}, {word_share(risk.probability)}" if risk else ""
    return _end_at(facts, FactKind.RISK_ASSESSED, note=note)


def _end_of_approval(facts: ReportFacts) -> _End | None:
    decision = facts.decision
    if decision is None:
        return None
    ok = decision.verdict is Verdict.APPROVED
    note = f"by {decision.decided_by}" if ok else f"{decision.verdict} by {decision.decided_by}"
    return _End(decision.decided_at, ok, note)


def _end_of_steps(facts: ReportFacts) -> _End | None:
    """One fact a step; a step that failed is the last one."""
    found = _facts_of(facts, FactKind.STEP_FINISHED)
    executions = {each.id: each for each in facts.executions}
    succeeded = [
        (each := executions.get(fact.evidence.get("execution", 0))) is not None
        and each.status is ExecutionStatus.SUCCEEDED
        for fact in found
    ]
    if found and (not all(succeeded) or len(found) >= _step_count(facts)):
        return _End(found[-1].at, all(succeeded))
    return None


def _end_of_verification(facts: ReportFacts) -> _End | None:
    checks = [each for each in facts.executions if each.phase is Phase.VERIFY]
    ok = any(passed(each) for each in checks)
    return _end_at(facts, FactKind.VERIFICATION_FINISHED, ok=ok, note="" if ok else "unresolved")


def _end_of_rollback(facts: ReportFacts) -> _End | None:
    if locked := _end_at(facts, FactKind.RUNBOOK_LOCKED, ok=False, note="runbook locked"):
        return locked
    restored = facts.change is not None and facts.change.status is ChangeStatus.ROLLED_BACK
    return _end_at(facts, FactKind.ROLLBACK_FINISHED, ok=restored, note="restored")


def _note_of_running(stage: Stage, facts: ReportFacts) -> str:
    if stage is Stage.GUARD and _facts_of(facts, FactKind.TARGETS_WAITED):
        return "waits for a host"
    if stage is Stage.APPROVAL and _facts_of(facts, FactKind.APPROVAL_ASKED):
        return "waits for a person"
    if stage is Stage.STEPS and (count := _step_count(facts)) > 1:
        begun = len({f.evidence.get("task") for f in _facts_of(facts, FactKind.STEP_STARTED)})
        return f"{max(begun, 1)} of {count}"
    return ""
