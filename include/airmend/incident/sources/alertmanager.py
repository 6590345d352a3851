"""Prometheus Alertmanager: the document of its `webhook_configs`, version 4.

Source of the form: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config.

Alertmanager sends a group of alerts, gives each its own status and fingerprint, no delivery
id, and year 0001 for an end that has not come.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airmend.errors import PayloadError
from airmend.incident import fields, times
from airmend.incident.model import Alert, AlertStatus, fingerprint_labels

NAME = "alertmanager"
PROOFS = ("standard_webhooks", "bearer", "basic")
_GROUP_FIELDS = (
    "receiver",
    "groupKey",
    "groupLabels",
    "commonLabels",
    "commonAnnotations",
    "externalURL",
    "truncatedAlerts",
)
_ALERT_FIELDS = {
    "status",
    "labels",
    "annotations",
    "startsAt",
    "endsAt",
    "generatorURL",
    "fingerprint",
}


def parse(body: object, headers: Mapping[str, str]) -> list[Alert]:
    """Turn a group of alerts into alerts; see `Source.parse`."""
    group = fields.read_object(body, "")
    version = fields.read_text(group.get("version"))
    if version != "4":
        raise PayloadError("version", f"is '{version[:20]}'; Alertmanager's webhook form is '4'")
    # bounded once for the group: every alert repeats it
    shared = fields.without_empty({name: group.get(name) for name in _GROUP_FIELDS})
    alerts = fields.read_alert_list(group.get("alerts"), "alerts")
    return [_read_alert(alert, f"alerts[{at}]", shared) for at, alert in enumerate(alerts)]


def delivery_id(headers: Mapping[str, str], body: object) -> str | None:
    """The id that a signing proxy gave; Alertmanager itself gives none."""
    return headers.get("webhook-id")


def _read_alert(value: object, field: str, shared: dict[str, Any]) -> Alert:
    document = fields.expect_object(value, field)  # the group was made storable as a whole
    labels, other_labels = fields.read_labels(document.get("labels"), f"{field}.labels")
    annotations, other_annotations = fields.read_labels(
        document.get("annotations"), f"{field}.annotations", fields.TEXT_LIMIT
    )
    name = labels.get("alertname", "")
    if not name:
        raise PayloadError(f"{field}.labels.alertname", "is missing; every alert needs a name")
    return Alert(
        source=NAME,
        name=fields.cut(name, fields.NAME_LIMIT),
        status=_read_status(document.get("status"), f"{field}.status"),
        severity=fields.read_severity(labels.get("severity")),
        fingerprint=_read_fingerprint(document, name),
        service=_first(labels, "service", "job"),
        host=fields.read_host(_first(labels, "instance", "host", "node")),
        summary=fields.cut(annotations.get("summary", ""), fields.SUMMARY_LIMIT),
        description=annotations.get("description", ""),
        labels=labels,
        annotations=annotations,
        starts_at=times.read_time(document.get("startsAt")),
        ends_at=times.read_time(document.get("endsAt")),
        link=fields.read_link(document.get("generatorURL"))
        or fields.read_link(shared.get("externalURL")),
        unmapped=fields.without_empty(
            {"labels": other_labels, "annotations": other_annotations}
            | {key: item for key, item in document.items() if key not in _ALERT_FIELDS}
            | _unread_times(document)
            | shared
        ),
    )


def _read_status(value: object, field: str) -> AlertStatus:
    try:
        return AlertStatus(fields.read_text(value))
    except ValueError as error:
        raise PayloadError(field, "is neither 'firing' nor 'resolved'") from error


def _read_fingerprint(document: Mapping[str, Any], name: str) -> str:
    """Alertmanager's fingerprint; versions before 0.19 gave none."""
    given = fields.read_text(document.get("fingerprint"))
    if 0 < len(given) <= 100:
        return f"{NAME}:{given}"
    # over the labels as sent: two long labels may be alike once they are cut
    as_sent = {key: str(item) for key, item in document["labels"].items()}
    return f"{NAME}:{fingerprint_labels(NAME, name, as_sent)}"


def _first(labels: Mapping[str, str], *names: str) -> str | None:
    found = next((labels[name] for name in names if labels.get(name)), None)
    return fields.cut(found, fields.NAME_LIMIT) if found else None


def _unread_times(document: Mapping[str, Any]) -> dict[str, Any]:
    """Times that were sent and could not be read: kept as they came."""
    return {
        key: document[key]
        for key in ("startsAt", "endsAt")
        if not times.is_unset_time(document.get(key)) and times.read_time(document[key]) is None
    }
