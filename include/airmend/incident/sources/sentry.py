"""Sentry: the webhooks of an internal integration, and those of the older plugin.

Sources of the forms:
https://docs.sentry.io/organization/integrations/integration-platform/webhooks/ (issue alerts,
metric alerts, issues, errors), and `sentry_plugins/webhooks` of https://github.com/getsentry/sentry.

An integration sends `{"action": ..., "data": {...}, "installation": ..., "actor": ...}`; what it is
about is said by the header `Sentry-Hook-Resource`, and by the key in `data`:

    event_alert   {"action": "triggered", "data": {"triggered_rule": "Shop errors", "event": {
                    "issue_id": "1170820242", "title": "ReferenceError: x", "level": "error",
                    "culprit": "...", "datetime": "2026-03-02T09:00:00.391000Z",
                    "tags": [["server_name", "web1"], ["environment", "prod"]],
                    "url": ".../api/0/projects/ORG/PROJECT/events/...", "web_url": "https://..."}}}
    error         the same, with `data.error`
    metric_alert  {"action": "critical" | "warning" | "resolved", "data": {
                    "description_title": "Critical: Too many errors", "description_text": "...",
                    "web_url": "https://...", "metric_alert": {"id": "4", "projects": ["shop"],
                    "date_started": "...", "date_closed": null, "alert_rule": {"name": "..."}}}}
    issue         {"action": "created" | "resolved" | "unresolved" | "assigned" | "archived",
                    "data": {"issue": {"id": "1170820242", "title": "...", "status": "...",
                    "firstSeen": "...", "project": {"slug": "shop"}, "web_url": "https://..."}}}

The plugin sends `{"id": "<issue>", "project_slug": ..., "level": ..., "message": ..., "url": ...,
"event": {...}}`. An issue is one alert, whether an event of it or its state is told, so that the
issue's end closes what a rule has reported. That somebody took an issue or archived it is no
alert, and neither are installations and comments.

What a visitor sent or is (`request`, `user`, `extra`, the stack with its variables) is not taken
over; the delivery's body has it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from airmend.errors import PayloadError
from airmend.incident import fields, tags
from airmend.incident.document import Document, fingerprint_key, first_host, first_word
from airmend.incident.labels import merge_labels, only_word, read_pairs
from airmend.incident.model import Alert, AlertStatus, Severity

NAME = "sentry"
PROOFS = ("sentry", "basic", "bearer", "standard_webhooks")

_NO_ALERTS = {"installation", "comment", "seer", "preprod_artifact"}
_LEVELS = {"debug": Severity.INFO, "sample": Severity.INFO}
_METRIC_STATES = {
    "critical": (AlertStatus.FIRING, Severity.CRITICAL),
    "warning": (AlertStatus.FIRING, Severity.WARNING),
    "resolved": (AlertStatus.RESOLVED, Severity.UNKNOWN),
}
_ISSUE_STATES = {
    "created": AlertStatus.FIRING,
    "unresolved": AlertStatus.FIRING,
    "resolved": AlertStatus.RESOLVED,
}
_SILENT_STATES = {"assigned", "archived", "ignored"}
_PERSONAL = (
    *("request", "user", "extra", "breadcrumbs", "exception", "stacktrace", "threads"),
    *("sdk", "modules", "_meta", "contexts", "debug_meta", "hashes", "grouping_config"),
)
_PERSONAL_TAG = "user"
_HOST_TAGS = ("server_name", "host", "hostname", "node")
_SERVICE_TAGS = ("service", "service_name", "app")
_ISSUE_IN_URL = re.compile(r"/issues/(\d{1,20})(?:[/?#]|$)")
_PROJECT_IN_URL = re.compile(r"/api/0/projects/(?P<organization>[^/]+)/(?P<project>[^/]+)/events/")
_EXAMPLE = re.compile(r"This is an example \S{1,40} exception")


def parse(body: object, headers: Mapping[str, str]) -> list[Alert]:
    """Turn a webhook into an alert; see `Source.parse`."""
    document = Document(body)
    if "data" not in document and "event" in document:
        return [_read_plugin(document)]
    data = Document(document.take("data"), "data")
    for kind, read in _READERS.items():
        if kind in data:
            return read(document, data, Document(data.take(kind), f"data.{kind}"))
    resource = headers.get("sentry-hook-resource", "")
    if resource in _NO_ALERTS or any(kind in data for kind in _NO_ALERTS):
        return []
    raise PayloadError("data", f"holds none of {', '.join(_READERS)}; Sentry sends one of them")


def delivery_id(headers: Mapping[str, str], body: object) -> str | None:
    """The id of the request; the plugin gives none."""
    return headers.get("request-id") or headers.get("webhook-id")


def _read_event_alert(document: Document, data: Document, event: Document) -> list[Alert]:
    place = _PROJECT_IN_URL.search(event.text("url"))
    found = place.groupdict() if place else {}
    issue = event.word("issue_id", "groupID") or _issue_in(event, "issue_url", "web_url")
    if not issue:
        raise PayloadError(event.place_of("issue_id"), "is missing; it names the issue")
    labels = {
        "project": found.get("project"),
        "organization": found.get("organization"),
        "rule": data.word("triggered_rule") or data.part("issue_alert").word("title"),
    }
    return [_read_event(document, event, issue, labels, event.link("web_url"))]


def _read_plugin(document: Document) -> Alert:
    event = Document(document.take("event"), "event")
    issue = document.word("id") or _issue_in(document, "url")
    if not issue:
        raise PayloadError("id", "is missing; it names the issue")
    labels = {
        "project": document.word("project_slug", "project", "project_name"),
        "rule": document.take("triggering_rules"),
    }
    return _read_event(document, event, issue, labels, document.link("url"))


def _read_event(
    document: Document, event: Document, issue: str, labels: dict[str, object], link: str | None
) -> Alert:
    """An event of an issue: told by a rule, or by the plugin, which has some fields outside."""
    marks = read_pairs(event.take("tags")) or tags.read_tags(event.take("tags"))
    visitor = marks.pop(_PERSONAL_TAG, "")
    known = {name.casefold(): value for name, value in marks.items()}
    metadata = event.part("metadata")
    error, value = metadata.word("type"), metadata.text("value", "title")
    message = event.text("message") or event.part("logentry").text("formatted")
    message = document.text("message") or message
    name = event.text("title") or message or value or document.text("culprit")
    culprit = event.text("culprit") or document.text("culprit")
    labels |= {
        "error_type": error,
        "environment": event.word("environment"),
        "platform": event.word("platform"),
        "level": event.word("level") or document.word("level"),
    }
    merged = merge_labels(labels, marks)
    at = event.moment("datetime", "timestamp")
    return Alert(
        source=NAME,
        name=fields.cut(name or f"issue {issue}", fields.NAME_LIMIT),
        status=AlertStatus.FIRING,
        severity=_read_level(merged.get("level")),
        fingerprint=fingerprint_key(NAME, "issue", issue),
        service=first_word(known, *_SERVICE_TAGS) or merged.get("project"),
        host=first_host(known, *_HOST_TAGS),
        summary=fields.cut(name, fields.SUMMARY_LIMIT),
        description=fields.cut(message or value, fields.TEXT_LIMIT),
        labels=merged,
        annotations=merge_labels({"culprit": culprit, "location": event.text("location")}),
        starts_at=at,
        link=link,
        is_test=known.get("sample_event") == "yes" or _EXAMPLE.fullmatch(message) is not None,
        unmapped=_rest(document, event, [f"tags.{_PERSONAL_TAG}"] if visitor else []),
    )


def _read_metric_alert(document: Document, data: Document, metric: Document) -> list[Alert]:
    action = document.text("action").lower()
    if action not in _METRIC_STATES:
        raise PayloadError("action", "is none of critical, warning and resolved")
    status, severity = _METRIC_STATES[action]
    rule = metric.part("alert_rule")
    identity = metric.require("id", "identifier", remedy="it names the metric alert")
    title = data.text("description_title")
    projects = metric.take("projects") or rule.take("projects")
    name = rule.word("name") or metric.word("title") or title or f"metric alert {identity}"
    return [
        Alert(
            source=NAME,
            name=fields.cut(name, fields.NAME_LIMIT),
            status=status,
            severity=severity,
            fingerprint=fingerprint_key(NAME, "metric", identity),
            service=fields.cut(only_word(projects), fields.NAME_LIMIT) or None,
            summary=fields.cut(title or name, fields.SUMMARY_LIMIT),
            description=fields.cut(data.text("description_text"), fields.TEXT_LIMIT),
            labels=merge_labels(
                {
                    "project": projects,
                    "rule": rule.word("name"),
                    "environment": rule.take("environment"),
                    "aggregate": rule.text("aggregate"),
                    "query": rule.text("query"),
                }
            ),
            starts_at=metric.moment("date_started", "date_detected"),
            ends_at=metric.moment("date_closed") if status is AlertStatus.RESOLVED else None,
            link=data.link("web_url"),
            unmapped=fields.without_empty(document.rest() | data.rest() | metric.rest()),
        )
    ]


def _read_issue(document: Document, data: Document, issue: Document) -> list[Alert]:
    action, state = document.text("action").lower(), issue.text("status").lower()
    word = action if action in _ISSUE_STATES or action in _SILENT_STATES else state
    if word in _SILENT_STATES:
        return []
    if word not in _ISSUE_STATES:
        raise PayloadError("action", "is none of created, unresolved, resolved, assigned, archived")
    status = _ISSUE_STATES[word]
    identity = issue.require("id", remedy="it names the issue")
    project = issue.part("project")
    name = issue.text("title") or issue.text("culprit") or f"issue {identity}"
    first, last = issue.moment("firstSeen"), issue.moment("lastSeen")
    return [
        Alert(
            source=NAME,
            name=fields.cut(name, fields.NAME_LIMIT),
            status=status,
            severity=_read_level(issue.peek("level")),
            fingerprint=fingerprint_key(NAME, "issue", identity),
            service=fields.cut(project.word("slug", "name"), fields.NAME_LIMIT) or None,
            summary=fields.cut(name, fields.SUMMARY_LIMIT),
            description=fields.cut(issue.part("metadata").text("value"), fields.TEXT_LIMIT),
            labels=merge_labels(
                {
                    "project": project.word("slug", "name"),
                    "issue": issue.word("shortId"),
                    "error_type": issue.part("metadata").word("type"),
                    "platform": issue.word("platform"),
                    "level": issue.word("level"),
                }
            ),
            annotations=merge_labels({"culprit": issue.text("culprit")}),
            # what comes again began again when it was seen last
            starts_at=(last if word == "unresolved" else None) or first,
            link=issue.link("web_url", "permalink"),
            unmapped=fields.without_empty(document.rest() | data.rest() | issue.rest()),
        )
    ]


_READERS = {
    "event": _read_event_alert,
    "error": _read_event_alert,
    "metric_alert": _read_metric_alert,
    "issue": _read_issue,
}


def _issue_in(document: Document, *names: str) -> str:
    """The issue that one of these addresses leads to; "" where none does."""
    urls = (fields.read_text(document.peek(name)) for name in names)
    return next((found[1] for url in urls if (found := _ISSUE_IN_URL.search(url))), "")


def _read_level(value: object) -> Severity:
    word = fields.read_text(value).strip().lower()
    return _LEVELS.get(word) or fields.read_severity(word)


def _rest(document: Document, event: Document, left_out: list[str]) -> dict[str, Any]:
    """What has no place, without what is personal: of that, the names alone."""
    left = event.rest()
    left_out += [key for key in _PERSONAL if left.pop(key, None) is not None]
    return fields.without_empty(document.rest() | left | {"left_out": left_out})
