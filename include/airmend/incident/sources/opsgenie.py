"""Opsgenie: the document of a webhook integration; Jira Service Management's is the same.

Source of the form: https://support.atlassian.com/opsgenie/docs/opsgenie-edge-connector-alert-action-data/
and https://support.atlassian.com/jira-service-management-cloud/docs/alert-action-data-for-jira-edge-connector/.

One action on one alert a delivery:

    {
      "action": "Create",
      "alert": {
        "alertId": "052652ac-...", "alias": "shop-web1-down", "tinyId": "23",
        "message": "The shop on web1 is down", "description": "...", "entity": "web1",
        "priority": "P1", "tags": ["env:prod", "vip"], "details": {"service": "shop"},
        "source": "Zabbix", "username": "...", "userId": "...", "teams": ["..."],
        "responders": [{"id": "...", "type": "team", "name": "Web"}],
        "createdAt": 1772442000288, "updatedAt": 1772442000288000110
      },
      "source": {"name": "web", "type": "API"},
      "integrationId": "...", "integrationName": "Airmend", "integrationType": "Webhook"
    }

Create, Acknowledge and UnAcknowledge say that it fires; Close and Delete that it is over. The
others (notes, tags, owners, teams, escalation, snoozing, priority, actions of one's own) say
neither, so they give no alert. The description and the details come with Create alone, and only
where the integration is told to send them. Times are milliseconds or nanoseconds, numbers or text.

The alias identifies: it stays when the same trouble makes a new alert after the last one was
closed, which the `alertId` does not. The entity is the host unless a detail or a tag names one.
"""

from __future__ import annotations

from collections.abc import Mapping

from airmend.incident import fields, tags
from airmend.incident.document import Document, fingerprint_key, first_host, first_word
from airmend.incident.model import Alert, AlertStatus, Severity

NAME = "opsgenie"
PROOFS = ("bearer", "basic", "standard_webhooks")

_STATUSES = {
    "create": AlertStatus.FIRING,
    "acknowledge": AlertStatus.FIRING,
    "unacknowledge": AlertStatus.FIRING,
    "close": AlertStatus.RESOLVED,
    "delete": AlertStatus.RESOLVED,
}
_HOSTS = ("host", "hostname", "instance", "node", "server")
_LINKS = ("url", "link", "alert_url", "incident_url")


def parse(body: object, headers: Mapping[str, str]) -> list[Alert]:
    """Turn an action into the alert that it tells of; see `Source.parse`."""
    delivery = Document(body)
    action = delivery.require("action", remedy="Opsgenie says there what was done to the alert")
    alert = Document(delivery.take("alert"), "alert")
    identity = alert.require("alertId", remedy="it identifies the alert")
    status = _STATUSES.get(action.replace(" ", "").lower())
    if status is None:
        return []
    return [_read_alert(alert, identity, status, delivery)]


def delivery_id(headers: Mapping[str, str], body: object) -> str | None:
    """The id that a signing proxy gave; Opsgenie itself gives none."""
    return headers.get("webhook-id")


def _read_alert(alert: Document, identity: str, status: AlertStatus, delivery: Document) -> Alert:
    alias = alert.word("alias") or identity
    tiny_id = alert.word("tinyId")
    title = alert.text("message") or f"alert {tiny_id or identity}"
    tagged = tags.read_tags(alert.take("tags"))
    details, other_details = _read_details(alert)
    named = details | tagged
    own = {
        "alias": alias,
        "entity": alert.word("entity"),
        "alert_source": alert.word("source"),
        "priority": alert.word("priority"),
        "tiny_id": tiny_id,
        "team": ",".join(_teams_of(alert)),
    }
    links = {key: link for key, text in details.items() if (link := fields.read_link(text))}
    updated_at = alert.moment("closedAt", "updatedAt")
    return Alert(
        source=NAME,
        name=fields.cut(title, fields.NAME_LIMIT),
        status=status,
        severity=_read_severity(own["priority"], named),
        fingerprint=fingerprint_key(NAME, alias),
        service=first_word(named, "service", "service_name") or None,
        host=first_host(named, *_HOSTS) or first_host(own, "entity"),
        summary=fields.cut(title, fields.SUMMARY_LIMIT),
        description=fields.cut(alert.text("description"), fields.TEXT_LIMIT),
        labels=named
        | {key: fields.cut(text, fields.LABEL_LIMIT) for key, text in own.items() if text},
        starts_at=alert.moment("createdAt", "insertedAt"),
        ends_at=updated_at if status is AlertStatus.RESOLVED else None,
        link=next((links[name] for name in _LINKS if name in links), None),
        links=links,
        unmapped=fields.without_empty(
            {"details": other_details} | {"delivery": delivery.rest()} | alert.rest()
        ),
    )


def _read_details(alert: Document) -> tuple[dict[str, str], object]:
    """The alert's extra properties; and what of them is no text."""
    value = alert.take("details")
    if not isinstance(value, Mapping):
        return {}, value
    details, rest = fields.read_labels(value, alert.place_of("details"))
    return {key: text for key, text in details.items() if not tags.is_placeholder(text)}, rest


def _read_severity(priority: str, named: Mapping[str, str]) -> Severity:
    """From the priority, P1 or 1; from a tag or a detail `severity` where there is none."""
    if priority:
        return fields.read_priority(priority)
    return fields.read_priority(first_word(named, "severity"))


def _teams_of(alert: Document) -> list[str]:
    """The teams by name: `teams` has their ids alone."""
    named = alert.word("team")
    responders = alert.take("responders")
    several = responders if isinstance(responders, list) else []
    parts = [Document(each) for each in several if isinstance(each, dict)]
    found = [named, *(part.word("name") for part in parts if part.word("type") == "team")]
    return list(dict.fromkeys(name for name in found if name))
