"""Valid models of this room, of which a test overrides one thing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airmend.change.evidence import PastOutcome, PreflightFacts, RiskEvidence
from airmend.change.model import (
    ChangeRequest,
    ChangeStatus,
    ChangeType,
    Decision,
    Requirement,
    RiskBand,
    RiskScore,
    Target,
    Verdict,
    Vote,
)
from airmend.change.policy import POLICY, Policy
from airmend.change.risk import score_change
from airmend.change.standard import Ground
from airmend.change.topology import Service, ServiceFacts
from airmend.execution.model import (
    ExecutionStatus,
    HostTotals,
    PlaybookEvidence,
    TaskEvidence,
    TaskOutcome,
)
from airmend.incident.model import Incident, IncidentStatus, Severity
from airmend.records.standard_model import Autonomy, RunRecord, Template
from airmend.runbook.model import Runbook

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)  # a Wednesday
DIGEST = "d1" * 32
OTHER_DIGEST = "d2" * 32


def make_targets(count: int) -> list[Target]:
    return [Target(name=f"web-{n}", address=f"10.0.0.{n}") for n in range(1, count + 1)]


def make_change(hosts: int = 1, **overrides: Any) -> ChangeRequest:
    values: dict[str, Any] = {
        "id": "CHG-1",
        "incident_id": "INC-1",
        "runbook_id": "service-down",
        "runbook_version": "1.0.0",
        "runbook_digest": DIGEST,
        "change_type": ChangeType.STANDARD,
        "status": ChangeStatus.ASSESSING,
        "reason": "",
        "dag_id": "service-down",
        "run_id": "CHG-1",
        "requested_by": "alertmanager",
        "requested_at": NOW,
        "ended_at": None,
        "inputs": {"host": "web-1"},
        "targets": make_targets(hosts),
    }
    return ChangeRequest(**{**values, **overrides})


def make_incident(**overrides: Any) -> Incident:
    values: dict[str, Any] = {
        "id": "INC-1",
        "source": "alertmanager",
        "fingerprint": "f1",
        "name": "NodeSystemdServiceFailed",
        "status": IncidentStatus.REMEDIATING,
        "severity": Severity.WARNING,
        "service": "shop",
        "host": "web-1",
        "summary": "The unit shop.service has failed.",
        "description": "",
        "labels": {},
        "annotations": {},
        "link": None,
        "started_at": NOW,
        "opened_at": NOW,
        "recovered_at": None,
        "closed_at": None,
        "alert_count": 1,
    }
    return Incident(**{**values, **overrides})


def make_service(name: str = "shop", tier: int = 3, **overrides: Any) -> Service:
    return Service(name=name, tier=tier, owner="web-team", **overrides)


def make_facts(tier: int = 3, dependants: int = 2, **service: Any) -> ServiceFacts:
    return ServiceFacts(
        service=make_service(tier=tier, **service),
        dependants=tuple(f"user-{n}" for n in range(dependants)),
    )


def make_preflight(**overrides: Any) -> PreflightFacts:
    values: dict[str, Any] = {
        "changed_hosts": 1,
        "diff_lines": 4,
        "tasks_total": 5,
        "tasks_skipped": 0,
        "failed": False,
    }
    return PreflightFacts(**{**values, **overrides})


def make_outcome(days_ago: float = 7, **overrides: Any) -> PastOutcome:
    values: dict[str, Any] = {
        "ended_at": NOW - timedelta(days=days_ago),
        "succeeded": True,
        "service": "shop",
        "digest": DIGEST,
    }
    return PastOutcome(**{**values, **overrides})


def make_evidence(**overrides: Any) -> RiskEvidence:
    """A first run in the window on a tier-3 service with two dependants."""
    values: dict[str, Any] = {
        "now_at": NOW,
        "service_name": "shop",
        "privileged": False,
        "irreversible": None,
        "topology_source": "topology.yaml",
        "service": make_facts(),
        "preflight": make_preflight(),
        "history": (),
        "earlier_diff_lines": (),
        "open_incidents": 0,
        "overlaps": (),
    }
    return RiskEvidence(**{**values, **overrides})


def make_score(band: RiskBand = RiskBand.LOW) -> RiskScore:
    return score_change(make_change(), make_evidence(), Policy()).model_copy(update={"band": band})


def make_decision(change: ChangeRequest, **overrides: Any) -> Decision:
    values: dict[str, Any] = {
        "change_id": change.id,
        "verdict": Verdict.APPROVED,
        "decided_by": "alice",
        "decided_at": NOW,
        "asked_at": NOW,
        "basis": "answered in Required Actions",
        "comment": "",
        "content_hash": change.content_hash(),
    } | overrides
    people = [name for name in [values["decided_by"]] if name.strip() and name != POLICY]
    values.setdefault("votes", [make_vote(change, name) for name in people])
    values.setdefault("required", [Requirement(rule="one person", count=1, people=None)])
    return Decision(**values)


def make_vote(change: ChangeRequest, person: str = "alice", **overrides: Any) -> Vote:
    values: dict[str, Any] = {
        "person": person,
        "approves": True,
        "at": NOW,
        "comment": "",
        "content_hash": change.content_hash(),
    }
    return Vote(**{**values, **overrides})


def make_template(**overrides: Any) -> Template:
    values: dict[str, Any] = {
        "id": 1,
        "runbook_id": "service-down",
        "digest": DIGEST,
        "approved_by": "olivia",
        "approved_at": NOW - timedelta(days=1),
        "reason": "it went well",
        "max_hosts": 1,
        "clean_runs": 28,
        "failed_runs": 0,
        "bound": 0.9018,
        "asked_bound": 0.90,
    }
    return Template(**{**values, **overrides})


def make_ground(**overrides: Any) -> Ground:
    """What lets the policy approve `make_change`, with exactly as many runs as that takes."""
    values: dict[str, Any] = {
        "template": make_template(),
        "autonomy": Autonomy.AUTO,
        "record": RunRecord(clean=28, failed=0),
    }
    return Ground(**{**values, **overrides})


def make_runbook(**overrides: Any) -> Runbook:
    values: dict[str, Any] = {
        "schema": "airmend/v1",
        "id": "service-down",
        "version": "1.0.0",
        "title": "Restart the shop",
        "owner": "web-team",
        "authors": ["robin"],
        "known_error": {
            "id": "KE-1",
            "symptom": "It does not answer.",
            "cause": "The process ended.",
            "workaround": "Restart it.",
        },
        "match": ["true"],
        "targets": {"pattern": "web"},
        "change": {"type": "standard", "service": "shop"},
        "steps": [{"id": "restart", "name": "Restart it", "playbook": "playbooks/restart.yml"}],
        "verify": [{"kind": "http", "name": "It answers", "url": "http://{host.address}/"}],
        "rollback": {
            "playbook": "playbooks/stop.yml",
            "verify": [{"kind": "ansible", "name": "It is off", "playbook": "playbooks/see.yml"}],
        },
        "report": {"impact": "The shop is slow."},
    }
    return Runbook(**{**values, **overrides})


def make_playbook(diff: str = "", **overrides: Any) -> PlaybookEvidence:
    task = TaskEvidence(
        event_id="e1",
        at=NOW,
        host="web-1",
        task="Write the file",
        outcome=TaskOutcome.CHANGED,
        diff=diff,
    )
    values: dict[str, Any] = {
        "playbook": "playbooks/restart.yml",
        "check_mode": True,
        "status": ExecutionStatus.SUCCEEDED,
        "return_code": 0,
        "started_at": NOW,
        "ended_at": NOW + timedelta(seconds=2),
        "hosts": [HostTotals(host="web-1", ok=3, changed=1)],
        "tasks": [task],
        "tasks_total": 4,
        "tasks_skipped": 1,
    }
    return PlaybookEvidence(**{**values, **overrides})
