"""PagerDuty: the document of a v3 webhook subscription, and the one of a v2 webhook extension.

Sources of the form: https://developer.pagerduty.com/docs/webhooks-overview, and for version 2,
which is no longer supported there and still sent, https://developer.pagerduty.com/docs/v2-overview.

One event a delivery; `data` is the incident as it was then:

    {"event": {
      "id": "01DEFX...", "event_type": "incident.triggered", "resource_type": "incident",
      "occurred_at": "2026-03-02T09:00:00.169Z", "agent": {...}, "client": {...},
      "data": {
        "id": "PGR0VU2", "type": "incident", "number": 2, "status": "triggered",
        "title": "...", "html_url": "https://...", "incident_key": "...", "urgency": "high",
        "created_at": "2026-03-02T09:00:00Z", "reopened_at": "...",
        "service": {"id": "PF9KMXH", "summary": "shop", "html_url": "https://...", ...},
        "priority": {"summary": "P1", ...}, "teams": [...], "assignees": [...],
        "conference_bridge": {...}, "resolve_reason": null
      }}}

An event gives an alert when it says in what state an incident is, or how urgent: triggered,
acknowledged and unacknowledged (it goes on firing), reopened, resolved, priority_updated. What
people do beside that gives none: notes, reassignment, escalation, responders, status updates,
workflows, changes of services, and whatever PagerDuty adds. `pagey.ping` is the test.

The incident's id identifies it. It starts when it was created, or reopened: with the old start,
a reopened incident would count as a repeat of the one that has ended. An incident that was merged
into another is resolved, since nothing more is said about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from airmend.errors import PayloadError
from airmend.incident import fields
from airmend.incident.document import Document, fingerprint_key
from airmend.incident.model import Alert, AlertStatus, Severity

NAME = "pagerduty"
PROOFS = ("pagerduty", "bearer", "basic", "standard_webhooks")

_TELLING = {
    "triggered": "trigger",
    "acknowledged": "acknowledge",
    "unacknowledged": "unacknowledge",
    "reopened": "reopen",
    "resolved": "resolve",
    "priority_updated": "priority_update",
}
"""The events that give an alert, with the words of version 2."""

_WORDS_OF_V2 = {old: new for new, old in _TELLING.items()}
_STATUSES = {
    "triggered": AlertStatus.FIRING,
    "acknowledged": AlertStatus.FIRING,
    "resolved": AlertStatus.RESOLVED,
}
_URGENCIES = {"high": Severity.ERROR, "low": Severity.WARNING}
"""PagerDuty makes high urgency of critical and error, and low urgency of warning and info."""


def parse(body: object, headers: Mapping[str, str]) -> list[Alert]:
    """Turn an event, or the messages of version 2, into alerts; see `Source.parse`."""
    delivery = Document(body)
    if "event" not in delivery and "messages" in delivery:
        messages = delivery.items("messages")
        found = [_read_message(each, f"messages[{at}]") for at, each in enumerate(messages)]
        return [alert for alert in found if alert is not None]
    event = Document(delivery.take("event"), "event")
    kind = event.require("event_type", remedy="every event of a v3 webhook has one")
    resource, _, word = kind.partition(".")
    if resource != "incident" or word not in _TELLING:
        return []
    incident = Document(event.take("data"), "event.data")
    return [_read_incident(incident, word, event.moment("occurred_at"), event)]


def delivery_id(headers: Mapping[str, str], body: object) -> str | None:
    """The event's id, which a repeated delivery has too; in version 2 the first message's."""
    document = body if isinstance(body, Mapping) else {}
    event, messages = document.get("event"), document.get("messages")
    if isinstance(messages, list) and messages:
        event = messages[0]
    given = fields.read_text(event.get("id")) if isinstance(event, Mapping) else ""
    return given or headers.get("webhook-id")


def _read_message(value: object, place: str) -> Alert | None:
    message = Document(value, place)
    kind = message.require("event", remedy="version 1 has ended; use a v3 webhook subscription")
    word = _WORDS_OF_V2.get(kind.removeprefix("incident."))
    if word is None:
        return None
    incident = Document(message.take("incident"), f"{place}.incident")
    return _read_incident(incident, word, message.moment("created_on"), message)


def _read_incident(
    incident: Document, word: str, occurred_at: datetime | None, event: Document
) -> Alert:
    kind = incident.word("type") or "incident"
    if kind != "incident":
        raise PayloadError(incident.place_of("type"), f"is '{kind[:40]}'; it must be 'incident'")
    identity = incident.require("id", remedy="it identifies the incident")
    number = incident.word("number", "incident_number")
    title = incident.text("title", "description", "summary") or f"incident {number or identity}"
    service, priority = incident.part("service"), incident.part("priority")
    labels = {
        "incident_number": number,
        "incident_key": incident.word("incident_key"),
        "service_id": service.word("id"),
        "priority": priority.word("summary", "name"),
        "urgency": incident.word("urgency"),
        "team": ",".join(_names_of(incident.take("teams"))),
        "incident_type": incident.part("incident_type").word("name"),
    }
    status = _read_status(incident, word)
    links = {
        "service": service.link("html_url"),
        "conference": incident.part("conference_bridge").link("conference_url"),
    }
    return Alert(
        source=NAME,
        name=fields.cut(title, fields.NAME_LIMIT),
        status=status,
        severity=_read_severity(labels["priority"], labels["urgency"]),
        fingerprint=fingerprint_key(NAME, identity),
        service=fields.cut(_name_of(incident, "service"), fields.NAME_LIMIT) or None,
        summary=fields.cut(title, fields.SUMMARY_LIMIT),
        labels={key: fields.cut(text, fields.LABEL_LIMIT) for key, text in labels.items() if text},
        starts_at=_read_start(incident, word, occurred_at),
        ends_at=_read_end(incident, occurred_at) if status is AlertStatus.RESOLVED else None,
        link=incident.link("html_url"),
        links={key: link for key, link in links.items() if link},
        unmapped=fields.without_empty({"event": event.rest(), "incident": incident.rest()}),
    )


def _read_status(incident: Document, word: str) -> AlertStatus:
    """The incident's status; one that is over by now is over, whatever the event was about."""
    status = incident.word("status").lower()
    if status and status not in _STATUSES:
        raise PayloadError(
            incident.place_of("status"), "is none of triggered, acknowledged and resolved"
        )
    return AlertStatus.RESOLVED if word == "resolved" else _STATUSES[status or "triggered"]


def _read_severity(priority: str, urgency: str) -> Severity:
    """From the priority; from the urgency where it has none, or a name that says no rank."""
    severity = fields.read_priority(priority)
    if severity is Severity.UNKNOWN:
        return _URGENCIES.get(urgency.lower(), Severity.UNKNOWN)
    return severity


def _read_start(incident: Document, word: str, occurred_at: datetime | None) -> datetime | None:
    created_at, reopened_at = incident.moment("created_at"), incident.moment("reopened_at")
    if word == "reopened":
        return reopened_at or occurred_at or created_at
    return reopened_at or created_at or (occurred_at if word == "triggered" else None)


def _read_end(incident: Document, occurred_at: datetime | None) -> datetime | None:
    return incident.moment("resolved_at") or occurred_at


def _name_of(incident: Document, field: str) -> str:
    """The name of what an incident refers to: an object with a summary, or a text."""
    return incident.part(field).word("summary", "name") or incident.word(field)


def _names_of(value: Any) -> list[str]:
    several = value if isinstance(value, list) else []
    found = [Document(each).word("summary", "name") for each in several if isinstance(each, dict)]
    return [name for name in found if name]
