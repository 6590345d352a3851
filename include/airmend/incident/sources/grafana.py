"""Grafana: the document of a webhook contact point, and the one of its legacy alerting.

Source of the form: https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
and `receivers/webhook` of https://github.com/grafana/alerting.

A group of alerts, much like Alertmanager's, with `version` "1" and fields of Grafana's own:

    {
      "receiver": "airmend", "status": "firing", "version": "1", "orgId": 1, "state": "alerting",
      "title": "[FIRING:1] ...", "message": "...", "groupKey": "{}/{}:{...}",
      "groupLabels": {...}, "commonLabels": {...}, "commonAnnotations": {...},
      "externalURL": "https://grafana.example/", "truncatedAlerts": 0,
      "alerts": [{
        "status": "firing",
        "labels": {"alertname": "ServiceDown", "grafana_folder": "Shop", "instance": "web1:9100"},
        "annotations": {"summary": "...", "description": "...", "runbook_url": "https://..."},
        "startsAt": "2026-03-02T09:00:00.123456789Z", "endsAt": "0001-01-01T00:00:00Z",
        "values": {"A": 0, "C": 1}, "valueString": "[ var='A' labels={...} value=0 ]",
        "fingerprint": "c6eadffa33fcdf37", "generatorURL": "https://...",
        "silenceURL": "https://...", "dashboardURL": "", "panelURL": "", "imageURL": "https://..."
      }]
    }

Only `alerts`, the status of each and what identifies it (a fingerprint, or labels) are required:
a payload template of one's own may leave the others out. Values are kept as annotations,
`values.A`. A rule whose data is missing or whose query fails fires under another name,
`DatasourceNoData` or `DatasourceError`; the rule's own name is then the label `rulename`.

Grafana up to 10 could still send its legacy alerting: one document a rule, with `ruleId`,
`ruleName`, `ruleUrl`, `state` (alerting, ok, no_data, paused, pending), `tags`, `evalMatches`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from airmend.errors import PayloadError
from airmend.incident import fields, tags
from airmend.incident.document import Document, fingerprint_key, first_host, first_word
from airmend.incident.model import Alert, AlertStatus, fingerprint_labels

NAME = "grafana"
PROOFS = ("grafana", "bearer", "basic", "standard_webhooks")

_LINKS = {
    "silence": "silenceURL",
    "dashboard": "dashboardURL",
    "panel": "panelURL",
    "image": "imageURL",
}
_HOST_LABELS = ("instance", "host", "hostname", "node", "server")
_SERVICE_LABELS = ("service", "service_name", "job")
_UNNAMED = "alert without a name"
_TEST_LABELS = {"alertname": "TestAlert", "instance": "Grafana"}
_LEGACY_STATUS = {"alerting": AlertStatus.FIRING, "ok": AlertStatus.RESOLVED}
_LEGACY_SILENT = {"no_data", "paused", "pending", "unknown"}


def parse(body: object, headers: Mapping[str, str]) -> list[Alert]:
    """Turn a group of alerts, or a legacy rule, into alerts; see `Source.parse`."""
    group = Document(body)
    if "alerts" not in group and "ruleName" in group:
        return _read_legacy(group)
    version = group.text("version") or "1"
    if version == "4":
        raise PayloadError("version", "is Alertmanager's '4'; send it to the source alertmanager")
    if version != "1":
        raise PayloadError("version", f"is '{version[:20]}'; Grafana's webhook form is '1'")
    alerts = group.items("alerts")
    shared = group.rest()  # bounded once for the group: every alert repeats it
    return [
        _read_alert(Document(alert, f"alerts[{at}]"), group, shared)
        for at, alert in enumerate(alerts)
    ]


def delivery_id(headers: Mapping[str, str], body: object) -> str | None:
    """The id that a signing proxy gave; Grafana itself gives none."""
    return headers.get("webhook-id")


def _read_alert(alert: Document, group: Document, shared: dict[str, Any]) -> Alert:
    as_sent = alert.take("labels")
    labels, other_labels = fields.read_labels(as_sent, alert.place_of("labels"))
    annotations, other_annotations = fields.read_labels(
        alert.take("annotations"), alert.place_of("annotations"), fields.TEXT_LIMIT
    )
    values, other_values = _read_values(alert.take("values"))
    common = [group.part("commonLabels"), group.part("groupLabels")]
    name = first_word(labels, "alertname") or next(
        (word for part in common if (word := part.word("alertname"))), _UNNAMED
    )
    given = alert.text("fingerprint")
    links = {key: link for key, field in _LINKS.items() if (link := alert.link(field))}
    if runbook := fields.read_link(annotations.get("runbook_url")):
        links["runbook"] = runbook
    return Alert(
        source=NAME,
        name=fields.cut(name, fields.NAME_LIMIT),
        status=_read_status(alert),
        severity=fields.read_priority(first_word(labels, "severity", "priority", "level")),
        fingerprint=_read_fingerprint(alert, given, name, as_sent),
        service=first_word(labels, *_SERVICE_LABELS) or None,
        host=first_host(labels, *_HOST_LABELS),
        summary=fields.cut(annotations.get("summary", ""), fields.SUMMARY_LIMIT),
        description=annotations.get("description", ""),
        labels=labels,
        annotations=annotations | values | _read_value_text(alert),
        starts_at=alert.moment("startsAt"),
        ends_at=alert.moment("endsAt"),
        link=alert.link("generatorURL")
        or links.get("panel")
        or links.get("dashboard")
        or fields.read_link(shared.get("externalURL")),
        links=links,
        is_test=_is_test(labels, given, group),
        unmapped=fields.without_empty(
            {"labels": other_labels, "annotations": other_annotations, "values": other_values}
            | alert.rest()
            | shared
        ),
    )


def _read_status(alert: Document) -> AlertStatus:
    """The alert's own status: a group that fires may hold alerts that are over."""
    try:
        return AlertStatus(alert.text("status").lower())
    except ValueError as error:
        place = alert.place_of("status")
        raise PayloadError(place, "is neither 'firing' nor 'resolved'") from error


def _read_fingerprint(alert: Document, given: str, name: str, labels: Mapping[str, Any]) -> str:
    if given:
        return fingerprint_key(NAME, given)
    if not labels:
        raise PayloadError(
            alert.place_of("fingerprint"), "is missing, and there are no labels to know it by"
        )
    # over the labels as sent: two long labels may be alike once they are cut
    as_sent = {key: str(item) for key, item in labels.items()}
    return f"{NAME}:{fingerprint_labels(NAME, name, as_sent)}"


def _read_values(value: object) -> tuple[dict[str, str], object]:
    """What the rule's queries gave, as annotations; and what is no object."""
    if not isinstance(value, Mapping):
        return {}, value
    values, rest = fields.read_labels(value, "values")
    return {f"values.{key}": text for key, text in values.items()}, rest


def _read_value_text(alert: Document) -> dict[str, str]:
    text = alert.text("valueString")
    return {"valueString": fields.cut(text, fields.TEXT_LIMIT)} if text else {}


def _is_test(labels: Mapping[str, str], fingerprint: str, group: Document) -> bool:
    """Whether somebody pressed "Test" at the contact point.

    Grafana then sends an alert of this name and instance, unless other labels were typed in;
    and a group key that no route has: receiver, fingerprint and second.
    """
    if all(labels.get(key) == text for key, text in _TEST_LABELS.items()):
        return True
    ending = rf"-{re.escape(fingerprint)}-\d{{9,11}}"
    return bool(fingerprint) and re.search(rf"{ending}$", group.text("groupKey")) is not None


def _read_legacy(rule: Document) -> list[Alert]:
    state = rule.text("state").lower()
    if state in _LEGACY_SILENT:
        return []
    if state not in _LEGACY_STATUS:
        raise PayloadError("state", "is none of alerting, ok, no_data, paused and pending")
    name = rule.require("ruleName", remedy="Grafana's legacy alerting names the rule there")
    key = rule.word("ruleId")
    labels = tags.read_tags(rule.take("tags"))
    link = rule.link("ruleUrl")
    links = {"image": image} if (image := rule.link("imageUrl")) else {}
    place = (rule.word("orgId"), rule.word("dashboardId"))
    return [
        Alert(
            source=NAME,
            name=fields.cut(name, fields.NAME_LIMIT),
            status=_LEGACY_STATUS[state],
            severity=fields.read_priority(first_word(labels, "severity", "priority", "level")),
            fingerprint=fingerprint_key(NAME, "rule", *place, key or name),
            service=first_word(labels, *_SERVICE_LABELS) or None,
            host=first_host(labels, *_HOST_LABELS),
            summary=fields.cut(rule.text("message", "title"), fields.SUMMARY_LIMIT),
            labels=labels,
            link=link,
            links=links,
            is_test=name == "Test rule" and key == "0",
            unmapped=rule.rest(),
        )
    ]
