"""Valid models of which a test overrides one thing, so that it shows only what it is about.

Each builder takes the fields of its model by name; `make_runbook(change={...})` replaces the
whole of that part, `runbook_document` gives the same runbook as the data of a YAML file.
"""

from __future__ import annotations

import copy
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from airmend.change.model import ChangeRequest, ChangeStatus, ChangeType, Target
from airmend.incident.model import (
    Alert,
    AlertStatus,
    Incident,
    IncidentStatus,
    KillSwitch,
    Member,
    Scope,
    ScopeKind,
    Severity,
    SuppressionKind,
    SuppressionRule,
    fingerprint_labels,
)
from airmend.runbook.model import Runbook, RunbookVersion

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning; the moment at which the builders' incident was opened."""

_DOCUMENT: dict[str, Any] = {
    "schema": "airmend/v1",
    "id": "service-down",
    "version": "1.0.0",
    "title": "Restart a service that stopped",
    "owner": "platform-team",
    "authors": ["rita"],
    "tags": ["service"],
    "known_error": {
        "id": "KE-0001",
        "symptom": "The web shop answers with an error page.",
        "cause": "The service's process ended and nothing started it again.",
        "workaround": "Start the service again.",
    },
    "match": [
        "incident.name == 'ServiceDown'",
        "incident.labels.job == 'shop'",
    ],
    "inputs": {
        "host": {"type": "host", "from": "incident.host"},
        "service": {"type": "name", "from": "incident.labels.job"},
    },
    "targets": {"pattern": "web", "host_input": "host", "max_hosts": 1},
    "change": {"type": "standard", "service": "shop", "timeout_seconds": 600},
    "steps": [
        {"id": "restart", "name": "Restart the service", "playbook": "playbooks/restart.yml"},
    ],
    "verify": [
        {
            "kind": "http",
            "name": "The shop answers",
            "url": "http://{host.address}:8080/{inputs.service}",
            "deadline_seconds": 30,
        },
    ],
    "rollback": {
        "playbook": "playbooks/rollback.yml",
        "verify": [
            {
                "kind": "http",
                "name": "The shop answers again",
                "url": "http://{host.address}:8080/",
            },
        ],
    },
    "report": {
        "impact": "Customers see an error page instead of the shop.",
        "follow_ups": ["Find out why the process ended."],
    },
}


def runbook_document(**override: Any) -> dict[str, Any]:
    """The data of a valid `runbook.yaml`; an override of None leaves that key out."""
    document = copy.deepcopy(_DOCUMENT) | override
    return {key: value for key, value in document.items() if value is not None}


def make_runbook(**override: Any) -> Runbook:
    """A standard change that restarts a service on one host and can be rolled back."""
    return Runbook.model_validate(runbook_document(**override))


def make_runbook_version(*, digest: str | None = None, **override: Any) -> RunbookVersion:
    """`make_runbook` with a digest; without one, the digest is made from the content."""
    runbook = make_runbook(**override)
    content = runbook.model_dump_json(by_alias=True).encode()
    return RunbookVersion(digest=digest or hashlib.sha256(content).hexdigest(), runbook=runbook)


def make_alert(**override: Any) -> Alert:
    """A firing alert that `make_runbook`'s runbook takes."""
    fields: dict[str, Any] = {
        "source": "alertmanager",
        "name": "ServiceDown",
        "status": AlertStatus.FIRING,
        "severity": Severity.CRITICAL,
        "service": "shop",
        "host": "web1",
        "summary": "The shop on web1 is down.",
        "labels": {"alertname": "ServiceDown", "job": "shop", "instance": "web1:9100"},
        "annotations": {"summary": "The shop on web1 is down."},
        "starts_at": AT,
        "link": "http://prometheus.example/graph",
    } | override
    fields.setdefault(
        "fingerprint", fingerprint_labels(fields["source"], fields["name"], fields["labels"])
    )
    return Alert(**fields)


def make_incident(**override: Any) -> Incident:
    """An open incident from `make_alert`'s alert, being remediated."""
    alert = make_alert()
    fields: dict[str, Any] = {
        "id": "inc-0001",
        "source": alert.source,
        "fingerprint": alert.fingerprint,
        "name": alert.name,
        "status": IncidentStatus.REMEDIATING,
        "severity": alert.severity,
        "service": alert.service,
        "host": alert.host,
        "summary": alert.summary,
        "description": alert.description,
        "labels": alert.labels,
        "annotations": alert.annotations,
        "link": alert.link,
        "started_at": AT,
        "opened_at": AT,
        "recovered_at": None,
        "closed_at": None,
        "alert_count": 1,
    }
    return Incident(**(fields | override))


def make_member(incident: Incident | None = None, **override: Any) -> Member:
    """The primary member of an incident; without one, of `make_incident`'s."""
    incident = incident or make_incident()
    fields: dict[str, Any] = {
        "incident_id": incident.id,
        "fingerprint": incident.fingerprint,
        "source": incident.source,
        "name": incident.name,
        "service": incident.service,
        "host": incident.host,
        "labels": incident.labels,
        "is_primary": True,
        "is_open": incident.status.is_open,
        "is_firing": incident.recovered_at is None,
        "started_at": incident.started_at,
        "fired_at": incident.opened_at,
        "resolved_at": incident.recovered_at,
        "alert_count": 1,
        "firings": [incident.opened_at],
        "evidence": [],
    }
    return Member(**(fields | override))


def make_target(name: str = "web1", **override: Any) -> Target:
    """A host of the inventory."""
    return Target(**({"name": name, "address": "127.0.0.11"} | override))


def make_change(**override: Any) -> ChangeRequest:
    """A change that was just requested for `make_incident` by `make_runbook`'s runbook."""
    version = make_runbook_version()
    fields: dict[str, Any] = {
        "id": "chg-0001",
        "incident_id": "inc-0001",
        "runbook_id": version.runbook.id,
        "runbook_version": version.runbook.version,
        "runbook_digest": version.digest,
        "change_type": ChangeType.STANDARD,
        "status": ChangeStatus.REQUESTED,
        "reason": "",
        "dag_id": version.runbook.id,
        "run_id": "airmend__chg-0001",
        "requested_by": "alertmanager",
        "requested_at": AT,
        "ended_at": None,
        "inputs": {"host": "web1", "service": "shop"},
        "targets": [make_target()],
    }
    return ChangeRequest(**(fields | override))


def make_rule(scope: str = "service shop", **override: Any) -> SuppressionRule:
    """A mute of an hour from `AT` on; the scope is written as calendars write it."""
    kind, _, value = scope.partition(" ")
    fields: dict[str, Any] = {
        "id": "MUT-20260302-00000001",
        "kind": SuppressionKind.MUTE,
        "scope": Scope(kind=ScopeKind(kind), value=value),
        "starts_at": AT,
        "ends_at": AT + timedelta(hours=1),
        "author": "olivia",
        "reason": "the disk is being replaced",
        "created_at": AT,
    }
    return SuppressionRule(**(fields | override))


def make_switch(is_on: bool = True, **override: Any) -> KillSwitch:
    """A stop by olivia at `AT`."""
    fields: dict[str, Any] = {"by": "olivia", "reason": "too many restarts", "at": AT}
    return KillSwitch(is_on=is_on, **(fields | override))
