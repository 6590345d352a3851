"""Azure Monitor: the common alert schema, as the webhook of an action group sends it.

Sources of the form: https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-common-schema and
https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-payload-samples.

    {
      "schemaId": "azureMonitorCommonAlertSchema",
      "data": {
        "essentials": {
          "alertId": "/subscriptions/.../providers/Microsoft.AlertsManagement/alerts/b9569717-...",
          "alertRule": "ShopErrors", "severity": "Sev1", "signalType": "Metric",
          "monitorCondition": "Fired", "monitoringService": "Platform",
          "alertTargetIDs": ["/subscriptions/.../microsoft.compute/virtualmachines/web1"],
          "configurationItems": ["web1"], "originAlertId": "...", "description": "...",
          "firedDateTime": "2026-03-02T09:00:00.3713213Z", "resolvedDateTime": null
        },
        "alertContext": {...}, "customProperties": {"team": "web"}
      }
    }

`alertContext` is as the monitoring service has it: a condition with metrics, query and dimensions
(metric and log alerts), a search with its results (log alerts before), an event (activity log,
service health, resource health, where `level` and `channels` may be numbers), labels and
annotations (Prometheus), a budget. Any part of it may be null. Times have seven digits.

Fired and Activated fire; Resolved and Deactivated are over. Sev0 is critical, Sev1 an error, Sev2
a warning, Sev3 and Sev4 inform. The two health services call each message "Fired", also the one
that says that it is over: there the event's own state counts, and what was hit is the alert.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from airmend.errors import PayloadError
from airmend.incident import fields
from airmend.incident.azure_context import (
    Resource,
    is_synthetic,
    read_health,
    read_resource,
    read_signal,
)
from airmend.incident.document import Document, fingerprint_key, first_word
from airmend.incident.labels import first_machine, last_segment, merge_labels
from airmend.incident.model import Alert, AlertStatus, Severity

NAME = "azure"
PROOFS = ("basic", "query_token", "bearer", "standard_webhooks")

_SCHEMA = "azureMonitorCommonAlertSchema"
_STATUS = {
    "fired": AlertStatus.FIRING,
    "activated": AlertStatus.FIRING,
    "resolved": AlertStatus.RESOLVED,
    "deactivated": AlertStatus.RESOLVED,
}
_SEVERITIES = dict(
    zip(
        "01234",
        (Severity.CRITICAL, Severity.ERROR, Severity.WARNING, Severity.INFO, Severity.INFO),
        strict=True,
    )
)
_SEVERITY = re.compile(r"(?:sev(?:erity)?[ _-]?)?([0-4])(?:\.0)?")
_ALERT_ID = re.compile(
    r"/subscriptions/.+/microsoft\.alertsmanagement/alerts/([0-9a-z-]{20,100})", re.DOTALL
)
_HOST_LABELS = ("computer", "host", "hostname", "instance", "node")
_SERVICE_LABELS = ("service", "service_name", "application", "job")
_RULES_OF_TESTS = re.compile(
    r"test-(?:activityLogAlertRule|metricAlertRule|dynamicMetricAlertRule|logAlertRule-v\S+"
    r"|availabilityTest-\S+|ResourceHealthAlertRule|ServiceHealthAlertRule|SmartAlertRule)",
    re.IGNORECASE,
)
_GROUP_OF_TESTS = "test-rg"
_PERSONAL = ("claims", "httpRequest")
_PORTAL = "https://portal.azure.com/#blade/Microsoft_Azure_Monitoring/AlertDetailsTemplateBlade"


def parse(body: object, headers: Mapping[str, str]) -> list[Alert]:
    """Turn an alert of any monitoring service into one of ours; see `Source.parse`."""
    document = Document(body)
    schema = document.text("schemaId")
    if schema.lower() != _SCHEMA.lower():
        raise PayloadError(
            "schemaId",
            f"is '{schema[:60]}'; enable the common alert schema in the action group ({_SCHEMA})",
        )
    data = Document(document.take("data"), "data")
    essentials = Document(data.take("essentials"), "data.essentials")
    context = _read_part(data, "alertContext")
    custom, _ = fields.read_labels(_as_object(data.take("customProperties")), "customProperties")
    condition = essentials.text("monitorCondition").lower()
    if condition not in _STATUS:
        raise PayloadError(
            essentials.place_of("monitorCondition"),
            "is none of Fired, Activated, Resolved, Deactivated",
        )
    targets = _read_targets(essentials)
    target = targets[0] if len(targets) == 1 else Resource("")
    monitor = essentials.text("monitoringService")
    health = read_health(_fold(monitor), context, target)
    status = health.status if health else _STATUS[condition]
    fired_at = essentials.moment("firedDateTime")
    resolved_at = essentials.moment("resolvedDateTime")
    if health:
        firing = health.status is AlertStatus.FIRING
        fired_at, resolved_at = (health.at or fired_at, None) if firing else (None, health.at)
    alert_id = essentials.word("alertId")
    key = health.key if health else (_read_key(essentials, alert_id),)
    signal = read_signal(context)
    rule = essentials.word("alertRule")
    description = essentials.text("description")
    labels = merge_labels(signal.labels, custom)
    known = {name.casefold(): value for name, value in labels.items()}
    items = essentials.take("configurationItems")
    of_a_log = essentials.text("signalType").lower() == "log"
    name = signal.name or (last_segment(rule) if rule.startswith("/") else rule) or monitor
    return [
        Alert(
            source=NAME,
            name=fields.cut(name or "alert", fields.NAME_LIMIT),
            status=status,
            severity=_read_severity(essentials.text("severity")),
            fingerprint=fingerprint_key(NAME, *key),
            service=_read_service(known, target),
            host=first_machine(
                [
                    *(known.get(label) for label in _HOST_LABELS),
                    target.name if target.is_machine else None,
                    _names(items) if of_a_log else None,
                ]
            ),
            summary=fields.cut(signal.summary or description or name, fields.SUMMARY_LIMIT),
            description=fields.cut(description, fields.TEXT_LIMIT),
            labels=merge_labels(
                {
                    "alert_rule": rule,
                    "signal_type": essentials.text("signalType"),
                    "monitoring_service": monitor,
                    "resource": [each.name for each in targets],
                    "resource_type": [each.type for each in targets],
                    "resource_group": [each.group for each in targets],
                    "subscription": [each.subscription for each in targets],
                    "configuration_item": items,
                },
                labels,
            ),
            annotations=signal.annotations,
            starts_at=fired_at,
            ends_at=resolved_at if status is AlertStatus.RESOLVED else None,
            link=essentials.link("investigationLink") or _link(alert_id),
            links=signal.links,
            is_test=is_synthetic(context) or _is_test(alert_id, rule, targets),
            unmapped=_rest(document, data, essentials, context),
        )
    ]


def delivery_id(headers: Mapping[str, str], body: object) -> str | None:
    """The id that a signing proxy gave; Azure itself gives none."""
    return headers.get("webhook-id")


def _read_part(data: Document, name: str) -> Document:
    value = data.take(name)
    return Document({} if value is None else value, data.place_of(name))


def _as_object(value: object) -> object:
    return value if isinstance(value, Mapping) else None


def _read_targets(essentials: Document) -> list[Resource]:
    value = essentials.take("alertTargetIDs")
    listed = value if isinstance(value, list) else [value]
    found = (read_resource(item) for item in listed)
    return list({each.id: each for each in found if each.id}.values())


def _read_key(essentials: Document, alert_id: str) -> str:
    """What names the alert from firing to resolved; ids of Azure have no case."""
    found = _ALERT_ID.fullmatch(alert_id.lower())
    key = found[1] if found else alert_id.lower() or essentials.word("originAlertId").lower()
    if not key:
        raise PayloadError(essentials.place_of("alertId"), "is missing, and so is originAlertId")
    return key


def _read_severity(text: str) -> Severity:
    found = _SEVERITY.fullmatch(text.lower())
    return _SEVERITIES[found[1]] if found else fields.read_severity(text)


def _read_service(labels: Mapping[str, str], target: Resource) -> str | None:
    served = fields.cut(target.name, fields.NAME_LIMIT) if target.is_served else ""
    return first_word(labels, *_SERVICE_LABELS) or served or None


def _names(items: object) -> list[str]:
    listed = items if isinstance(items, list) else [items]
    return [last_segment(item) for item in listed]


def _fold(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _link(alert_id: str) -> str | None:
    """The page of the alert in the portal, which Azure leaves to find."""
    if not _ALERT_ID.fullmatch(alert_id.lower()):
        return None
    return fields.read_link(f"{_PORTAL}/alertId/{quote(alert_id, safe='')}")


def _is_test(alert_id: str, rule: str, targets: list[Resource]) -> bool:
    """Whether somebody pressed "Test" at the action group, which has examples of its own."""
    if alert_id.lower().endswith("/test_alert"):
        return True
    of_tests = {each.group.lower() for each in targets} == {_GROUP_OF_TESTS}
    return of_tests and _RULES_OF_TESTS.fullmatch(rule) is not None


def _rest(
    document: Document, data: Document, essentials: Document, context: Document
) -> dict[str, Any]:
    """What has no place; results of a search may be long, so that they come last."""
    results = context.take("SearchResults")
    for key in _PERSONAL:
        context.take(key)
    left = {f"alertContext.{key}": value for key, value in context.rest().items()}
    return fields.without_empty(
        document.rest() | data.rest() | essentials.rest() | left | {"SearchResults": results}
    )
