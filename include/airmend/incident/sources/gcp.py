"""Google Cloud Monitoring: the webhook of a notification channel.

Sources of the form: https://cloud.google.com/monitoring/support/notification-options#webhooks and
https://cloud.google.com/monitoring/alerts/policies-in-json.

    {
      "version": "1.2",
      "incident": {
        "incident_id": "0.nrwotmyokd9n", "scoping_project_id": "shop", "state": "open",
        "started_at": 1772442000, "ended_at": null, "severity": "Error",
        "summary": "CPU utilization for web1 is above the threshold of 0.9 with a value of 0.97.",
        "url": "https://console.cloud.google.com/monitoring/alerting/alerts/0.nrwotmyokd9n?...",
        "policy_name": "Web server CPU", "policy_user_labels": {"service": "shop"},
        "condition_name": "VM Instance - CPU utilization", "condition": {...},
        "resource": {"type": "gce_instance", "labels": {"instance_id": "194382", "zone": "..."}},
        "resource_type_display_name": "VM Instance", "resource_display_name": "web1",
        "resource_name": "shop web1", "resource_id": "",
        "metric": {"type": "...", "displayName": "CPU", "labels": {"instance_name": "web1"}},
        "metadata": {"system_labels": {}, "user_labels": {}},
        "observed_value": "0.97", "threshold_value": "0.9",
        "documentation": {"content": "...", "mime_type": "text/markdown", "subject": "...",
          "links": [{"displayName": "Runbook", "url": "https://..."}]}
      }
    }

Before 1.2 there were no `resource`, `metric`, `metadata`, project and severity, `resource_name`
was the machine, and an incident could be `acknowledged`. `documentation` may be one text. Times
are seconds since 1970; 0 means none. The version is "test" when a channel is tried.

`open` fires, `closed` is over; each incident has an id of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from airmend.errors import PayloadError
from airmend.incident import fields, tags
from airmend.incident.document import Document, fingerprint_key, first_word
from airmend.incident.labels import first_machine, last_segment, merge_labels
from airmend.incident.model import Alert, AlertStatus, Severity

NAME = "gcp"
PROOFS = ("basic", "bearer", "standard_webhooks")

_STATUS = {"open": AlertStatus.FIRING, "closed": AlertStatus.RESOLVED}
_ACKNOWLEDGED = "acknowledged"
_MACHINES = {"gce_instance", "aws_ec2_instance", "baremetalsolution.googleapis.com/instance"}
_HOST_LABELS = ("instance_name", "host", "hostname", "node_name", "node", "vm_name")
_SERVICE_LABELS = (
    *("service", "service_name", "app", "application", "module_id", "function_name"),
    *("job_name", "container_name"),
)
_SEVERITY_LABELS = ("severity", "priority")


def parse(body: object, headers: Mapping[str, str]) -> list[Alert]:
    """Turn an incident into an alert; see `Source.parse`."""
    document = Document(body)
    incident = Document(document.take("incident"), "incident")
    identity = incident.require("incident_id", remedy="it names the incident")
    state = incident.text("state").lower()
    if state == _ACKNOWLEDGED:
        return []
    if state not in _STATUS:
        raise PayloadError(incident.place_of("state"), "is neither 'open' nor 'closed'")
    status = _STATUS[state]
    resource, metric = incident.part("resource"), incident.part("metric")
    labels = _read_labels(incident, resource, metric)
    known = {name.casefold(): value for name, value in labels.items()}
    kind = resource.word("type")
    policy, condition = incident.word("policy_name"), _read_condition(incident)
    summary, content = incident.text("summary"), _read_documentation(incident)
    named = "" if policy.startswith("projects/") else policy
    project = incident.word("scoping_project_id", "project_id") or labels.get("project_id", "")
    return [
        Alert(
            source=NAME,
            name=fields.cut(
                named or condition or last_segment(policy) or summary or identity, fields.NAME_LIMIT
            ),
            status=status,
            severity=_read_severity(incident, known),
            fingerprint=fingerprint_key(NAME, identity),
            service=first_word(known, *_SERVICE_LABELS) or None,
            host=_read_host(incident, known, kind),
            summary=fields.cut(summary, fields.SUMMARY_LIMIT),
            description=fields.cut(content, fields.TEXT_LIMIT),
            labels=merge_labels(
                {
                    "policy": policy,
                    "condition": condition,
                    "project": project,
                    "resource_type": kind,
                    "resource": incident.word("resource_display_name", "resource_name"),
                    "metric_type": metric.word("type"),
                },
                labels,
            ),
            annotations=merge_labels(
                {
                    "value": incident.text("observed_value"),
                    "threshold": incident.text("threshold_value"),
                }
            ),
            starts_at=incident.moment("started_at"),
            ends_at=incident.moment("ended_at") if status is AlertStatus.RESOLVED else None,
            link=incident.link("url"),
            links=_read_links(incident),
            is_test=document.text("version").lower() == "test",
            unmapped=fields.without_empty(document.rest() | incident.rest()),
        )
    ]


def delivery_id(headers: Mapping[str, str], body: object) -> str | None:
    """The id that a signing proxy gave; Google gives none."""
    return headers.get("webhook-id")


def _read_labels(incident: Document, resource: Document, metric: Document) -> dict[str, str]:
    """Every label; what people wrote goes before what Google found out."""
    metadata = incident.part("metadata")
    parts = (
        incident.take("policy_user_labels"),
        metadata.take("user_labels"),
        metric.take("labels"),
        resource.take("labels"),
        metadata.take("system_labels"),
    )
    return merge_labels(*(part for part in parts if isinstance(part, dict)))


def _read_condition(incident: Document) -> str:
    inside = incident.part("condition").word("displayName")
    return incident.word("condition_name") or inside


def _read_severity(incident: Document, labels: Mapping[str, str]) -> Severity:
    """Of the policy; where it has none, of a label."""
    stated = [incident.text("severity"), *(labels.get(name) for name in _SEVERITY_LABELS)]
    found = (fields.read_severity(word) for word in stated)
    return next((each for each in found if each is not Severity.UNKNOWN), Severity.UNKNOWN)


def _read_host(incident: Document, labels: Mapping[str, str], kind: str) -> str | None:
    """The machine. Its number is only taken where nothing tells its name."""
    named = [labels.get(name) for name in _HOST_LABELS]
    if kind and kind not in _MACHINES:
        return first_machine(named)
    display = incident.peek("resource_display_name")
    name = fields.read_text(incident.peek("resource_name"))
    inside = last_segment(name) if "/" in name else name.rpartition(" ")[2]
    numbers = [labels.get("instance_id"), incident.peek("resource_id")]
    return first_machine([*named, display, inside if kind else name, *numbers])


def _read_documentation(incident: Document) -> str:
    text = incident.peek("documentation")
    if isinstance(text, str):
        return incident.text("documentation")
    part = incident.part("documentation")
    return part.text("content") or part.text("subject")


def _read_links(incident: Document) -> dict[str, str]:
    found = {"apigee": incident.link("apigee_url")}
    listed = incident.part("documentation").take("links")
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, dict):
            name = tags.read_word(item.get("displayName")).lower() or "documentation"
            found.setdefault(fields.cut(name, fields.NAME_LIMIT), fields.read_link(item.get("url")))
    return {name: link for name, link in found.items() if link}
