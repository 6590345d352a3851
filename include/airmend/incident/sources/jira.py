"""Jira and Jira Service Management: issue webhooks, and web requests of automation rules.

Sources of the forms: https://developer.atlassian.com/cloud/jira/platform/webhooks/ and
https://support.atlassian.com/cloud-automation/docs/issue-data-automation-format-payload-for-send-web-request/.

    {
      "timestamp": 1772442000716, "webhookEvent": "jira:issue_updated",
      "issue_event_type_name": "issue_generic", "user": {...},
      "issue": {
        "id": "10000", "key": "OPS-17", "self": "https://acme.atlassian.net/rest/api/2/issue/10000",
        "fields": {
          "summary": "The shop does not answer", "description": "...", "labels": ["host:web1"],
          "status": {"name": "In Progress", "statusCategory": {"key": "indeterminate", "id": 4}},
          "priority": {"name": "High", "id": "2"}, "issuetype": {"name": "[System] Incident"},
          "project": {"key": "OPS", "name": "Operations"}, "components": [{"name": "shop"}],
          "created": "2026-03-02T10:00:00.962+0100", "resolutiondate": null, "resolution": null,
          "customfield_10030": {"value": "Production"}
        }
      },
      "changelog": {"items": [{"field": "status", "fromString": "To Do", "toString": "Done"}]}
    }

An automation rule sends `{"issue": {...}}`, or the issue alone, as the rule's web request body is
chosen. A description is plain text or a document of nodes (`incident/rich_text.py`).

A status of the category "done" is over, any other fires; without a category (Jira Server) what
is resolved is over. A deleted issue is over too. Opened again, it starts when that happened.
Jira names no host: a label `host:web1` does, and `service:shop`; a single component is a service.
Custom fields are labels by their ids. Comments, worklogs and the like are no alerts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from airmend.errors import PayloadError
from airmend.incident import fields, tags
from airmend.incident.document import Document, fingerprint_key, first_host, first_word
from airmend.incident.labels import merge_labels
from airmend.incident.model import Alert, AlertStatus, Severity
from airmend.incident.rich_text import read_rich_text

NAME = "jira"
PROOFS = ("hub", "bearer", "basic", "standard_webhooks")
IS_TICKET_SYSTEM = True

_ISSUE_EVENTS = "jira:issue_"
_DELETED = "jira:issue_deleted"
_DONE, _DONE_ID = "done", "3"
_UNDEFINED = {"", "undefined"}
_DONE_WORDS = frozenset(
    {"done", "closed", "resolved", "completed", "complete", "canceled", "cancelled", "declined"}
)
_PRIORITIES = {
    Severity.CRITICAL: "highest blocker critical urgent",
    Severity.ERROR: "high major",
    Severity.WARNING: "medium normal",
    Severity.INFO: "low minor lowest trivial",
}
_PRIORITY_OF = {word: level for level, words in _PRIORITIES.items() for word in words.split()}
_PRIORITY_IDS = "12345"
"""Jira's own priorities, of which the names may be translated; made ones have longer ids."""

_HOST_LABELS = ("host", "hostname", "server", "node")
_SERVICE_LABELS = ("service", "service_name", "app")
_CUSTOM = "customfield_"
_SAID_BY = ("value", "name", "displayName", "key", "title")


def parse(body: object, headers: Mapping[str, str]) -> list[Alert]:
    """Turn an issue into an alert; see `Source.parse`."""
    document = Document(body)
    event = document.text("webhookEvent")
    if event and not event.startswith(_ISSUE_EVENTS):
        return []
    issue = document
    if "issue" in document or "key" not in document:
        issue = Document(document.take("issue"), "issue")
    columns = Document(issue.take("fields"), issue.place_of("fields"))
    key = issue.require("key", "id", remedy="it names the issue")
    status = AlertStatus.RESOLVED if event == _DELETED else _read_status(columns)
    summary = columns.text("summary")
    custom, more = _read_custom(issue.peek("fields"), columns)
    marks = tags.read_tags(columns.take("labels"))
    known = {name.casefold(): value for name, value in marks.items()}
    components = _names(columns.take("components"))
    labels = {
        "issue_key": key,
        "project": columns.part("project").word("key", "name"),
        "issue_type": columns.part("issuetype").word("name"),
        "status": columns.part("status").word("name"),
        "priority": columns.part("priority").word("name"),
        "component": components,
    }
    started_at, ended_at = _read_times(document, columns, status)
    site = issue.text("self")
    return [
        Alert(
            source=NAME,
            name=fields.cut(summary or key, fields.NAME_LIMIT),
            status=status,
            severity=_read_severity(columns.part("priority"), known),
            fingerprint=fingerprint_key(NAME, _host_of(site), issue.word("id") or key),
            service=first_word(known, *_SERVICE_LABELS)
            or (fields.cut(components[0], fields.NAME_LIMIT) if len(components) == 1 else None),
            host=first_host(known, *_HOST_LABELS),
            summary=fields.cut(summary or key, fields.SUMMARY_LIMIT),
            description=fields.cut(read_rich_text(columns.take("description")), fields.TEXT_LIMIT),
            labels=merge_labels(labels, marks, custom),
            annotations=merge_labels({"environment": read_rich_text(columns.take("environment"))}),
            starts_at=started_at,
            ends_at=ended_at,
            link=_link(site, key),
            links=_read_links(more),
            unmapped=_rest(document, issue, columns, more),
        )
    ]


def delivery_id(headers: Mapping[str, str], body: object) -> str | None:
    """Jira's id of the delivery, which stays the same when it tries again."""
    return headers.get("x-atlassian-webhook-identifier") or headers.get("webhook-id")


def _read_status(columns: Document) -> AlertStatus:
    status = columns.part("status")
    category = status.part("statusCategory")
    key = category.text("key").lower()
    if key not in _UNDEFINED:
        over = key == _DONE
    elif category_id := category.text("id"):
        over = category_id == _DONE_ID
    else:
        name = fields.read_text(status.peek("name")).strip().lower()
        if not name:
            raise PayloadError(columns.place_of("status"), "is missing; send the issue's status")
        over = name in _DONE_WORDS or columns.peek("resolution") is not None
    return AlertStatus.RESOLVED if over else AlertStatus.FIRING


def _read_times(
    document: Document, columns: Document, status: AlertStatus
) -> tuple[datetime | None, datetime | None]:
    created = columns.moment("created")
    if status is AlertStatus.RESOLVED:
        return created, columns.moment("resolutiondate", "statuscategorychangedate", "updated")
    return (document.moment("timestamp") if _is_reopened(document) else None) or created, None


def _is_reopened(document: Document) -> bool:
    """Whether this very change took the resolution away."""
    if document.text("issue_event_type_name") == "issue_reopened":
        return True
    items = document.part("changelog").peek("items")
    return any(
        isinstance(item, dict)
        and item.get("field") == "resolution"
        and item.get("from") is not None
        and item.get("to") is None
        for item in (items if isinstance(items, list) else ())
    )


def _read_severity(priority: Document, labels: Mapping[str, str]) -> Severity:
    name = fields.read_text(priority.peek("name")).strip()
    known = _PRIORITY_OF.get(name.lower()) or fields.read_priority(name)
    if known is not Severity.UNKNOWN:
        return known
    number = priority.text("id")
    if len(number) == 1 and number in _PRIORITY_IDS:
        return fields.read_priority(number)
    return fields.read_priority(first_word(labels, "severity", "priority"))


def _read_custom(
    raw: Mapping[str, object], columns: Document
) -> tuple[dict[str, object], dict[str, object]]:
    """Custom fields that say a word or several, and the others."""
    said: dict[str, object] = {}
    more: dict[str, object] = {}
    for name, value in raw.items():
        if name.startswith(_CUSTOM):
            words = _names(columns.take(name))
            (said if words else more)[name] = words or value
    return said, more


def _names(value: object) -> list[str]:
    """What a field says: text, an option, a person, or a list of such."""
    listed = value if isinstance(value, list) else [value]
    found = []
    for item in listed:
        text = fields.read_text(item)
        if isinstance(item, dict):
            text = next((word for key in _SAID_BY if (word := fields.read_text(item.get(key)))), "")
        if text.strip() and not tags.is_placeholder(text):
            found.append(fields.cut(text.strip(), fields.LABEL_LIMIT))
    return found


def _host_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _link(site: str, key: str) -> str | None:
    """The page of the issue; the webhook has the address for programs alone."""
    base, rest, _ = site.partition("/rest/")
    return fields.read_link(f"{base}/browse/{quote(key, safe='')}") if rest else None


def _read_links(custom: Mapping[str, object]) -> dict[str, str]:
    """The page of the request in the portal, which a custom field of Service Management has."""
    for value in custom.values():
        links = value.get("_links") if isinstance(value, dict) else None
        if isinstance(links, dict) and (portal := fields.read_link(links.get("web"))):
            return {"portal": portal}
    return {}


def _rest(
    document: Document, issue: Document, columns: Document, more: Mapping[str, object]
) -> dict[str, Any]:
    """What has no place; the fields that people fill in come before Jira's own."""
    outer = document.rest() if document is not issue else {}
    return fields.without_empty(outer | issue.rest() | dict(more) | columns.rest())
