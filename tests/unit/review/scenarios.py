"""Whole stories as recorded facts: what the records hold after each way a change can end."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from airmend.change.model import (
    ChangeStatus,
    ChangeType,
    Decision,
    RiskBand,
    RiskFactor,
    RiskScore,
    Verdict,
)
from airmend.execution.model import (
    CheckOutcome,
    CheckResult,
    Execution,
    ExecutionStatus,
    HostTotals,
    Phase,
    PlaybookEvidence,
    TaskEvidence,
    TaskOutcome,
    VerificationResult,
)
from airmend.incident.model import IncidentStatus, MatchRejection
from airmend.records.model import Fact, FactKind
from airmend.review.model import ReportFacts
from tests.builders import AT, make_change, make_incident, make_runbook_version, make_target

BASE_URL = "https://airflow.example:8080"
RUN = "airmend__inc-0001"

RESTART_DIFF = """--- before: /etc/shop/shop.conf
+++ after: /etc/shop/shop.conf
@@ -1,4 +1,4 @@
 listen = 8080
-workers = 0
+workers = 4
 -- old note
 log = /var/log/shop.log
"""


def later(seconds: float) -> datetime:
    """A moment after the incident was opened."""
    return AT + timedelta(seconds=seconds)


class Story:
    """Collects facts in the order in which they are told."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def tell(self, seconds: float, kind: FactKind, text: str, **evidence: Any) -> None:
        """Add one fact of the change."""
        own = kind not in (FactKind.INCIDENT_OPENED, FactKind.ALERT_REPEATED, FactKind.NO_RUNBOOK)
        self.facts.append(
            Fact(
                id=len(self.facts) + 1,
                at=later(seconds),
                incident_id="inc-0001",
                change_id="chg-0001" if own else None,
                kind=kind,
                text=text,
                evidence={"dag_run": RUN, **evidence} if own else evidence,
            )
        )


def make_risk(*, band: RiskBand = RiskBand.LOW, probability: float = 0.04) -> RiskScore:
    """A score with a raising, a lowering and a missing factor."""
    return RiskScore(
        probability=probability,
        impact=2,
        impact_reasons=["the service 'shop' is of tier 2", "1 service depends on it"],
        band=band,
        base_log_odds=-3.0,
        factors=[
            RiskFactor(
                name="no earlier run on this service",
                input="no run recorded",
                source="records",
                contribution=0.8,
                missing=True,
            ),
            RiskFactor(name="hosts touched", input="1 host", source="inventory", contribution=0.1),
            RiskFactor(
                name="history of the runbook",
                input="12 of 12 went well",
                source="records",
                contribution=-1.1,
            ),
        ],
    )


def make_execution(
    number: int,
    phase: Phase,
    name: str,
    start: float,
    end: float | None,
    *,
    status: ExecutionStatus = ExecutionStatus.SUCCEEDED,
    hosts: tuple[str, ...] = ("web1",),
    tasks: list[TaskEvidence] | None = None,
    message: str = "",
    attempt: int = 1,
) -> Execution:
    """A run of a playbook that changed one file on every host."""
    done = tasks if tasks is not None else [make_task(host, start + 0.4) for host in hosts]
    evidence = None
    if end is not None:
        evidence = PlaybookEvidence(
            playbook=f"playbooks/{name}.yml",
            check_mode=phase is Phase.PREFLIGHT,
            status=status,
            return_code=0 if status is ExecutionStatus.SUCCEEDED else 2,
            started_at=later(start),
            ended_at=later(end),
            hosts=[
                HostTotals(
                    host=host,
                    ok=4,
                    changed=sum(t.host == host and t.outcome is TaskOutcome.CHANGED for t in done),
                    failed=sum(t.host == host and t.outcome is TaskOutcome.FAILED for t in done),
                    skipped=1 if phase is Phase.PREFLIGHT else 0,
                )
                for host in hosts
            ],
            tasks=done,
            tasks_total=5 * len(hosts),
            tasks_skipped=len(hosts) if phase is Phase.PREFLIGHT else 0,
            message=message,
        )
    return Execution(
        id=number,
        change_id="chg-0001",
        phase=phase,
        name=name,
        attempt=attempt,
        status=status,
        task_id=name,
        started_at=later(start),
        ended_at=None if end is None else later(end),
        playbook=evidence,
    )


def make_task(host: str = "web1", at: float = 4, **override: Any) -> TaskEvidence:
    """A task that changed a file."""
    fields: dict[str, Any] = {
        "event_id": f"5f0c1e7a-{host}-{int(at * 10):04d}",
        "at": later(at),
        "host": host,
        "task": "Write the configuration of the shop",
        "outcome": TaskOutcome.CHANGED,
        "diff": RESTART_DIFF,
    }
    return TaskEvidence(**(fields | override))


def make_verification(
    number: int,
    phase: Phase,
    start: float,
    end: float,
    *outcomes: tuple[str, CheckOutcome, str],
) -> Execution:
    """A round of checks, one for each (host, outcome, observed)."""
    checks = [
        CheckResult(
            name="The shop answers",
            kind="http",
            target=host,
            outcome=outcome,
            observed=observed,
            attempts=1 if outcome is CheckOutcome.PASSED else 15,
            started_at=later(start),
            ended_at=later(end),
        )
        for host, outcome, observed in outcomes
    ]
    good = all(check.outcome is CheckOutcome.PASSED for check in checks)
    overall = CheckOutcome.PASSED if good else CheckOutcome.FAILED
    name = "verify" if phase is Phase.VERIFY else "rollback_verify"
    return Execution(
        id=number,
        change_id="chg-0001",
        phase=phase,
        name=name,
        attempt=1,
        status=ExecutionStatus.SUCCEEDED if good else ExecutionStatus.FAILED,
        task_id="verify" if phase is Phase.VERIFY else "rollback",
        started_at=later(start),
        ended_at=later(end),
        verification=VerificationResult(outcome=overall, checks=checks),
    )


def resolved_standard() -> ReportFacts:
    """A standard change that the policy approved and that helped within seconds."""
    version = make_runbook_version()
    change = make_change(
        status=ChangeStatus.SUCCEEDED,
        reason="verified: the incident is resolved",
        run_id=RUN,
        risk=make_risk(),
        ended_at=later(9.1),
    )
    story = Story()
    story.tell(0, FactKind.INCIDENT_OPENED, "alertmanager reports ServiceDown on web1", delivery=17)
    story.tell(
        0.1,
        FactKind.RUNBOOK_MATCHED,
        "the runbook service-down 1.0.0 takes it",
        delivery=17,
        digest=version.digest,
    )
    story.tell(0.16, FactKind.RUN_CREATED, f"Airflow has the run {RUN} of service-down")
    story.tell(0.9, FactKind.GUARD_PASSED, "Guard: may begin on web1", task="guard", try_number=1)
    story.tell(
        2.9, FactKind.PREFLIGHT_FINISHED, "Preflight of 'Restart': would change web1", execution=1
    )
    story.tell(3.1, FactKind.RISK_ASSESSED, "Risk low: 4% chance to fail", task="assess_risk")
    story.tell(
        3.3,
        FactKind.APPROVAL_DECIDED,
        "Approved by policy: standard change of low risk",
        content_hash=change.content_hash(),
    )
    story.tell(3.6, FactKind.STEP_STARTED, "Step 'Restart the service' begins", task="restart")
    story.tell(5.9, FactKind.STEP_FINISHED, "Step 'Restart the service' succeeded", execution=2)
    story.tell(8.7, FactKind.VERIFICATION_FINISHED, "Verification passed: 1 of 1", execution=3)
    story.tell(9.1, FactKind.CHANGE_ENDED, "Change chg-0001 ended as succeeded")
    story.tell(9.1, FactKind.INCIDENT_ENDED, "The incident is resolved, and verified")
    step = version.runbook.steps[0].id
    return ReportFacts(
        incident=make_incident(
            status=IncidentStatus.REMEDIATED, started_at=later(-12.4), closed_at=later(9.1)
        ),
        change=change,
        decision=Decision(
            change_id=change.id,
            verdict=Verdict.APPROVED,
            decided_by="policy",
            decided_at=later(3.3),
            asked_at=later(3.3),
            basis="standard change of low risk",
            comment="",
            content_hash=change.content_hash(),
        ),
        executions=[
            make_execution(1, Phase.PREFLIGHT, step, 1.0, 2.9),
            make_execution(2, Phase.STEP, step, 3.6, 5.9),
            make_verification(
                3, Phase.VERIFY, 6.1, 8.7, ("web1", CheckOutcome.PASSED, "status 200")
            ),
        ],
        story=story.facts,
        runbook=version,
    )


def approved_on_three_hosts() -> ReportFacts:
    """A normal change that waited three hours for a person and a minute for a target."""
    base, hosts = resolved_standard(), ("web1", "web2", "web3")
    assert base.change
    assert base.decision
    assert base.runbook
    change = base.change.model_copy(
        update={
            "change_type": ChangeType.NORMAL,
            "targets": [make_target(host, address=f"{host}.example") for host in hosts],
            "risk": make_risk(band=RiskBand.MODERATE, probability=0.18),
            "ended_at": later(3 * 3600 + 12 * 60 + 30),
        }
    )
    wait = 3 * 3600 + 12 * 60
    story = Story()
    story.tell(0, FactKind.INCIDENT_OPENED, "alertmanager reports ServiceDown on web1", delivery=21)
    story.tell(0.2, FactKind.RUN_CREATED, f"Airflow has the run {RUN} of service-down")
    story.tell(1.0, FactKind.TARGETS_WAITED, "Guard: waits for a target: web2 is held by chg-0000")
    story.tell(64, FactKind.GUARD_PASSED, "Guard: may begin on web1, web2, web3")
    story.tell(70, FactKind.PREFLIGHT_FINISHED, "Preflight: would change 3 hosts", execution=1)
    story.tell(71, FactKind.APPROVAL_ASKED, "Approval asked of sam, until 13:00:00 UTC")
    for minutes in range(5, 120, 5):
        story.tell(60 * minutes, FactKind.ALERT_REPEATED, "alertmanager sent it again", delivery=30)
    story.tell(
        7000,
        FactKind.APPROVAL_IGNORED,
        "The answer 'Approve' of rita does not count: rita is an author of the runbook",
    )
    story.tell(
        wait, FactKind.APPROVAL_DECIDED, "Approved by sam", content_hash=change.content_hash()
    )
    step = base.runbook.runbook.steps[0].id
    end = wait + 30
    return replace(
        base,
        change=change,
        incident=base.incident.model_copy(update={"alert_count": 24, "closed_at": later(end)}),
        decision=base.decision.model_copy(
            update={
                "decided_by": "sam",
                "asked_at": later(71),
                "decided_at": later(wait),
                "basis": "answered in Airflow's Required Actions",
                "comment": "Looked at the diff with the shop team; go ahead.",
                "content_hash": change.content_hash(),
            }
        ),
        executions=[
            make_execution(1, Phase.PREFLIGHT, step, 65, 70, hosts=hosts),
            make_execution(2, Phase.STEP, step, wait + 1, wait + 14, hosts=hosts),
            make_verification(
                3,
                Phase.VERIFY,
                wait + 15,
                wait + 22,
                *[(host, CheckOutcome.PASSED, "status 200, 'Welcome' found") for host in hosts],
            ),
        ],
        story=story.facts,
    )


def rolled_back() -> ReportFacts:
    """A repair that did not help, after a retry; the state before is back."""
    base = resolved_standard()
    assert base.change
    assert base.runbook
    step = base.runbook.runbook.steps[0].id
    broken = make_task(
        at=4.2,
        outcome=TaskOutcome.FAILED,
        message="Unable to restart service shop: Job for shop.service failed.",
        diff="",
    )
    return replace(
        base,
        incident=base.incident.model_copy(
            update={"status": IncidentStatus.ESCALATED, "closed_at": None}
        ),
        change=base.change.model_copy(
            update={
                "status": ChangeStatus.ROLLED_BACK,
                "reason": "the change did not resolve the incident; the state before is back",
                "ended_at": later(58),
            }
        ),
        executions=[
            make_execution(1, Phase.PREFLIGHT, step, 1.0, 2.9),
            make_execution(
                2,
                Phase.STEP,
                step,
                3.6,
                5.0,
                status=ExecutionStatus.FAILED,
                tasks=[broken],
                message=broken.message,
            ),
            make_execution(3, Phase.STEP, step, 8, 10.5, attempt=2),
            make_verification(
                4,
                Phase.VERIFY,
                11,
                41,
                ("web1", CheckOutcome.FAILED, "status 503 instead of 200"),
            ),
            make_execution(5, Phase.ROLLBACK, "rollback", 43, 46),
            make_verification(
                6, Phase.ROLLBACK_VERIFY, 47, 57, ("web1", CheckOutcome.PASSED, "status 503")
            ),
        ],
        story=[fact for fact in base.story if fact.kind in EARLY],
    )


def rollback_failed() -> ReportFacts:
    """The state before could not be brought back; the runbook is locked."""
    base = rolled_back()
    assert base.change
    story = Story()
    story.facts = list(base.story)
    story.tell(58, FactKind.RUNBOOK_LOCKED, "Runbook service-down is locked: the rollback failed")
    return replace(
        base,
        change=base.change.model_copy(
            update={"status": ChangeStatus.FAILED, "reason": "the rollback failed: web1 is gone"}
        ),
        executions=[
            *base.executions[:-2],
            make_execution(
                5,
                Phase.ROLLBACK,
                "rollback",
                43,
                46,
                status=ExecutionStatus.FAILED,
                tasks=[
                    make_task(at=44, outcome=TaskOutcome.UNREACHABLE, message="timed out", diff="")
                ],
                message="web1: timed out",
            ),
        ],
        story=story.facts,
    )


EARLY = (
    FactKind.INCIDENT_OPENED,
    FactKind.RUNBOOK_MATCHED,
    FactKind.RUN_CREATED,
    FactKind.GUARD_PASSED,
    FactKind.RISK_ASSESSED,
    FactKind.APPROVAL_DECIDED,
)


def rejected() -> ReportFacts:
    """A person said no; nothing ran."""
    base = approved_on_three_hosts()
    assert base.change
    assert base.decision
    return replace(
        base,
        incident=base.incident.model_copy(
            update={"status": IncidentStatus.ESCALATED, "closed_at": None}
        ),
        change=base.change.model_copy(
            update={"status": ChangeStatus.REJECTED, "reason": "rejected by sam"}
        ),
        decision=base.decision.model_copy(
            update={"verdict": Verdict.REJECTED, "comment": "Not during the sale."}
        ),
        executions=base.executions[:1],
    )


def refused_with_nothing_known() -> ReportFacts:
    """A change that was refused before anything was looked at, and little is on record."""
    return ReportFacts(
        incident=make_incident(
            status=IncidentStatus.ESCALATED,
            started_at=None,
            service=None,
            host=None,
            summary="",
            link=None,
        ),
        change=make_change(
            status=ChangeStatus.REFUSED, reason="no targets", targets=[], inputs={}, run_id=""
        ),
        decision=None,
        executions=[],
        story=[],
        runbook=None,
    )


def unmatched() -> ReportFacts:
    """No runbook took the incident."""
    story = Story()
    story.tell(0, FactKind.INCIDENT_OPENED, "alertmanager reports ServiceDown", delivery=3)
    story.tell(0, FactKind.NO_RUNBOOK, "none of 2 runbooks takes it", delivery=3)
    return ReportFacts(
        incident=make_incident(
            status=IncidentStatus.UNMATCHED,
            rejections=[
                MatchRejection(runbook_id="disk-full", reason="the name is not 'DiskFull'"),
                MatchRejection(runbook_id="service-down", reason="label 'job' is not there"),
            ],
        ),
        change=None,
        decision=None,
        executions=[],
        story=story.facts,
        runbook=None,
    )


SCENARIOS = {
    story.__name__: story
    for story in (
        resolved_standard,
        approved_on_three_hosts,
        rolled_back,
        rollback_failed,
        rejected,
        refused_with_nothing_known,
        unmatched,
    )
}
