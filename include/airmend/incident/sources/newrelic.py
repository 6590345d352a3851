"""New Relic: the webhook of a workflow, and that of the notification channels before it.

Sources of the forms: https://docs.newrelic.com/docs/alerts/get-notified/notification-integrations/#webhook,
https://docs.newrelic.com/docs/alerts/get-notified/custom-variables-incident-workflows/ and, for the
older one,
https://docs.newrelic.com/docs/alerts-applied-intelligence/new-relic-alerts/advanced-alerts/advanced-techniques/customize-your-webhook-payload/.

What a workflow sends is a template; this is what the default one makes of an issue:

    {
      "id": "98441886-dfc8-4090-afc2-bfd7a1ac8e59",
      "issueUrl": "https://radar-api.service.newrelic.com/accounts/1/issues/98441886-...",
      "title": "shop query result is > 5.0 for 1 minutes on 'Shop errors'", "priority": "CRITICAL",
      "impactedEntities": ["shop"], "totalIncidents": 1, "state": "ACTIVATED",
      "trigger": "INCIDENT_ADDED", "isCorrelated": false, "createdAt": 1772442000151,
      "updatedAt": 1772442000151, "sources": ["newrelic"], "alertPolicyNames": ["Shop"],
      "alertConditionNames": ["Shop errors"], "workflowName": "To Airmend"
    }

A template may add `closedAt`, `issuePageUrl`, `entitiesData`, `accumulations` (with `tag`,
`runbookUrl`, `conditionName`), `violationChartUrl`, `host`, `service` and others by the names
of New Relic's variables. A channel sent an incident:

    {
      "account_id": 1, "account_name": "Acme", "condition_id": 17, "condition_name": "Shop errors",
      "current_state": "open", "details": "...", "event_type": "INCIDENT", "incident_id": 1234,
      "incident_url": "https://...", "policy_name": "Shop", "severity": "CRITICAL",
      "targets": [{"name": "web1", "type": "Server", "product": "INFRASTRUCTURE", "labels": {...}}],
      "timestamp": 1772442000151, "runbook_url": "https://...", "version": "1.0"
    }

CREATED, ACTIVATED and open fire; CLOSED and DEACTIVATED are over; that somebody acknowledged it
is no alert. Where nothing says what kind of thing an entity is, its name counts as service and
as host: it is a host only where the inventory has one of this name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from airmend.errors import PayloadError
from airmend.incident import fields, tags
from airmend.incident.document import Document, fingerprint_key
from airmend.incident.labels import first_machine, merge_labels, only_word
from airmend.incident.model import Alert, AlertStatus

NAME = "newrelic"
PROOFS = ("bearer", "basic", "standard_webhooks")

_STATES = {
    AlertStatus.FIRING: "created activated active open opened test",
    AlertStatus.RESOLVED: "closed deactivated resolved",
}
_STATUS_OF = {word: status for status, words in _STATES.items() for word in words.split()}
_ACKNOWLEDGED = "acknowledged"
_ISSUE_OF_A_TEST = "d1b1f3fd-995a-4066-88ab-8ce4f6960654"
"""The issue that New Relic makes up when somebody presses "Send test notification"."""

_ID_IN_URL = re.compile(r"/(?:issues|redirect)/([0-9A-Za-z-]{8,64})(?:[/?#]|$)")
_HOST_TAGS = ("hostname", "fullhostname", "host", "instancename")
_SERVICE_TAGS = ("service", "service.name", "servicename", "affectedservice", "appname")
_HOST_KINDS = re.compile(r"host|server|instance|\bvm\b|infra")
_SERVICE_KINDS = re.compile(r"app|service|apm|browser|mobile")


def parse(body: object, headers: Mapping[str, str]) -> list[Alert]:
    """Turn an issue or an incident into an alert; see `Source.parse`."""
    document = Document(body)
    key = _read_key(document)
    state = document.text("state", "current_state").lower()
    if state == _ACKNOWLEDGED:
        return []
    if state not in _STATUS_OF:
        raise PayloadError("state", "is none of CREATED, ACTIVATED, CLOSED, open and closed")
    status = _STATUS_OF[state]
    accumulations, target = document.part("accumulations"), _read_target(document)
    condition = _first(
        document.take("alertConditionNames")
        or accumulations.take("conditionName")
        or document.take("condition_name")
    )
    title = document.text("title", "issueTitle")
    details = document.text("details", "description") or _first(
        document.part("annotations").take("description")
    )
    kept = target.take("labels"), accumulations.take("tag")
    marks = merge_labels(*(part for part in kept if isinstance(part, dict)))
    entity, kind = _read_entity(document, target)
    policy = document.take("alertPolicyNames", "policy_name") or accumulations.take("policyName")
    is_test = _is_test(document, state)
    return [
        Alert(
            source=NAME,
            name=fields.cut(condition or title or _first(policy) or "issue", fields.NAME_LIMIT),
            status=status,
            severity=fields.read_severity(document.text("priority", "severity", "priorityText")),
            fingerprint=key,
            service=_read_service(document, marks, entity, kind),
            host=_read_host(document, marks, entity, kind),
            summary=fields.cut(title or details, fields.SUMMARY_LIMIT),
            description=fields.cut(details, fields.TEXT_LIMIT),
            labels=merge_labels(
                {
                    "policy": policy,
                    "condition": condition,
                    "entity": entity,
                    "entity_kind": kind,
                    "workflow": document.text("workflowName"),
                    "account": document.text("account_id", "nrAccountId"),
                    "muting_state": document.text("mutingState"),
                },
                marks,
            ),
            **_read_times(document, status),
            link=document.link("issuePageUrl", "issueUrl", "incident_url"),
            links=_read_links(document, accumulations),
            is_test=is_test,
            unmapped=document.rest(),
        )
    ]


def delivery_id(headers: Mapping[str, str], body: object) -> str | None:
    """The id that a signing proxy gave; New Relic itself gives none."""
    return headers.get("webhook-id")


def _read_key(document: Document) -> str:
    """The issue, which stays the same until it is closed; the incident of the older form."""
    url = fields.read_text(document.peek("issueUrl", "issuePageUrl"))
    in_url = _ID_IN_URL.search(url)
    if issue := document.word("issueId", "id") or (in_url[1] if in_url else ""):
        return fingerprint_key(NAME, issue)
    if incident := document.word("incident_id"):
        return fingerprint_key(NAME, "incident", incident)
    raise PayloadError(
        "issueId", "is missing, and so are 'id', 'issueUrl' and 'incident_id'; keep the issue's id"
    )


def _read_target(document: Document) -> Document:
    """The first target of the older form; an empty one where there is none."""
    targets = document.take("targets")
    first = targets[0] if isinstance(targets, list) and targets else targets
    return Document(first if isinstance(first, dict) else {}, "targets[0]")


def _read_entity(document: Document, target: Document) -> tuple[Any, str]:
    """What is concerned, one name or several, and of what kind it is."""
    data = document.part("entitiesData")
    names = document.take("impactedEntities", "entityNames") or data.take("names")
    kinds = only_word(data.take("types") or data.take("kinds") or document.take("entityTypes"))
    return names or target.word("name"), (kinds or target.word("type", "product")).lower()


def _read_host(
    document: Document, marks: Mapping[str, str], entity: object, kind: str
) -> str | None:
    known = {name.casefold(): value for name, value in marks.items()}
    stated = [document.word("host", "hostname"), *(known.get(name) for name in _HOST_TAGS)]
    may_be_one = not kind or _HOST_KINDS.search(kind)
    return first_machine([*stated, entity if may_be_one else None])


def _read_service(
    document: Document, marks: Mapping[str, str], entity: object, kind: str
) -> str | None:
    known = {name.casefold(): value for name, value in marks.items()}
    stated = [
        document.word("service", "service_name"),
        *(known.get(name) for name in _SERVICE_TAGS),
    ]
    may_be_one = not kind or _SERVICE_KINDS.search(kind)
    found = (only_word(value) for value in [*stated, entity if may_be_one else None])
    return fields.cut(next((word for word in found if word), ""), fields.NAME_LIMIT) or None


def _read_times(document: Document, status: AlertStatus) -> dict[str, Any]:
    """Start and end. A channel told the time of the message alone."""
    created, closed = document.moment("createdAt", "activatedAt"), document.moment("closedAt")
    if status is AlertStatus.FIRING:
        return {"starts_at": created or document.moment("timestamp"), "ends_at": None}
    return {"starts_at": created, "ends_at": closed or document.moment("updatedAt", "timestamp")}


def _read_links(document: Document, accumulations: Document) -> dict[str, str]:
    runbook = document.link("runbook_url", "runbookUrl") or fields.read_link(
        _first(accumulations.take("runbookUrl"))
    )
    found = {
        "runbook": runbook,
        "policy": document.link("policy_url"),
        "chart": document.link("violation_chart_url"),
    }
    return {name: link for name, link in found.items() if link}


def _is_test(document: Document, state: str) -> bool:
    of_a_channel = document.text("event_type") == "NOTIFICATION"
    return (
        state == "test"
        or fields.read_text(document.peek("id", "issueId")) == _ISSUE_OF_A_TEST
        or (of_a_channel and fields.read_text(document.peek("incident_id")) == "0")
    )


def _first(value: object) -> str:
    """The first name of a list, or the one that is there."""
    items = value if isinstance(value, list) else [value]
    return next((word for item in items if (word := tags.read_word(item))), "")
