"""Changes as the demo follows them: a story cut at a moment, and cases that hold it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from airmend.change.model import ChangeStatus, Decision, Verdict
from airmend.cli.demo.cases import Case
from airmend.cli.demo.following import follow
from airmend.cli.demo.scenarios import SCENARIOS, Scenario
from airmend.execution.model import CheckOutcome, ExecutionStatus, Phase
from airmend.incident.model import IncidentStatus
from airmend.records.model import FactKind
from airmend.review.model import ReportFacts
from tests.builders import make_change, make_incident, make_runbook_version, make_target
from tests.unit.review.scenarios import (
    Story,
    later,
    make_execution,
    make_risk,
    make_verification,
)

STEPS = [
    {"id": "set_limit", "name": "Set the limit", "playbook": "playbooks/restart.yml"},
    {"id": "apply_limit", "name": "Apply the limit", "playbook": "playbooks/restart.yml"},
]


def rolled_back() -> ReportFacts:
    """Two steps that a person approved after a wait, and that did not help."""
    version = make_runbook_version(steps=STEPS)
    change = make_change(
        status=ChangeStatus.ROLLED_BACK,
        risk=make_risk(),
        targets=[make_target("web-3")],
        ended_at=later(34),
    )
    story = Story()
    story.tell(0, FactKind.INCIDENT_OPENED, "opened")
    story.tell(0.1, FactKind.RUN_CREATED, "run")
    story.tell(1, FactKind.TARGETS_WAITED, "web-3 is held")
    story.tell(3, FactKind.GUARD_PASSED, "may begin")
    story.tell(4, FactKind.PREFLIGHT_FINISHED, "first", execution=1)
    story.tell(5, FactKind.PREFLIGHT_FINISHED, "second", execution=2)
    story.tell(6, FactKind.RISK_ASSESSED, "low")
    story.tell(6.5, FactKind.APPROVAL_ASKED, "asked")
    story.tell(10, FactKind.APPROVAL_DECIDED, "approved")
    story.tell(10.5, FactKind.STEP_STARTED, "begins", task="set_limit")
    story.tell(12, FactKind.STEP_FINISHED, "succeeded", execution=3)
    story.tell(12.5, FactKind.STEP_STARTED, "begins", task="apply_limit")
    story.tell(14, FactKind.STEP_FINISHED, "succeeded", execution=4)
    story.tell(29, FactKind.VERIFICATION_FINISHED, "failed", execution=5)
    story.tell(29.5, FactKind.ROLLBACK_STARTED, "begins")
    story.tell(34, FactKind.ROLLBACK_FINISHED, "passed", execution=7)
    story.tell(34, FactKind.CHANGE_ENDED, "rolled back")
    story.tell(35, FactKind.REPORT_WRITTEN, "written")
    return ReportFacts(
        incident=make_incident(status=IncidentStatus.ESCALATED, opened_at=later(0)),
        change=change,
        decision=Decision(
            change_id=change.id,
            verdict=Verdict.APPROVED,
            decided_by="olivia",
            decided_at=later(10),
            asked_at=later(6.5),
            basis="answered",
            comment="",
            content_hash=change.content_hash(),
        ),
        executions=[
            make_execution(1, Phase.PREFLIGHT, "set_limit", 3.2, 4),
            make_execution(2, Phase.PREFLIGHT, "apply_limit", 4.2, 5),
            make_execution(3, Phase.STEP, "set_limit", 10.5, 12),
            make_execution(4, Phase.STEP, "apply_limit", 12.5, 14),
            make_verification(5, Phase.VERIFY, 14.5, 29, ("web-3", CheckOutcome.FAILED, "503")),
            make_execution(6, Phase.ROLLBACK, "rollback", 30, 32),
            make_verification(
                7, Phase.ROLLBACK_VERIFY, 32, 34, ("web-3", CheckOutcome.PASSED, "200")
            ),
        ],
        story=story.facts,
        runbook=version,
    )


def cut(facts: ReportFacts, seconds: float, status: ChangeStatus) -> ReportFacts:
    """What was on record so many seconds after the incident was opened."""
    moment = later(seconds)
    assert facts.change
    executions = [
        each
        if each.ended_at and each.ended_at <= moment
        else each.model_copy(
            update={"ended_at": None, "status": ExecutionStatus.RUNNING, "verification": None}
        )
        for each in facts.executions
        if each.started_at <= moment
    ]
    decided = facts.decision is not None and facts.decision.decided_at <= moment
    assessed = any(f.kind is FactKind.RISK_ASSESSED and f.at <= moment for f in facts.story)
    return replace(
        facts,
        story=[fact for fact in facts.story if fact.at <= moment],
        executions=executions,
        decision=facts.decision if decided else None,
        change=facts.change.model_copy(
            update={"status": status, "risk": facts.change.risk if assessed else None}
        ),
    )


def scenario(runbook_id: str) -> Scenario:
    """One of the demo's own scenarios."""
    return next(each for each in SCENARIOS if each.runbook_id == runbook_id)


def make_case(facts: ReportFacts | None, runbook_id: str = "file-descriptor-limit") -> Case:
    """A case that was sent and stands as the records say; without records it is not sent yet."""
    if facts is None:
        return Case(scenario(runbook_id))
    progress = follow(facts)
    return Case(
        scenario(runbook_id),
        sent_at=later(0) - timedelta(seconds=0.1),
        answered_seconds=0.12,
        incident_id="INC-20261123-AAAABBBB",
        change_id="CHG-20261123-AAAABBBB",
        progress=progress,
        run_state="failed" if progress.is_written_up else "",
    )
