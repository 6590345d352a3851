"""A sender by a file, and a payload of it, of which a test changes one thing."""

from __future__ import annotations

from typing import Any

import yaml

from airmend.incident.mapping.form import SenderForm
from airmend.incident.mapping.source import MappedSource
from tests.unit.incident.sample_files import changed

FILE = """
description: Notifications of our monitoring, several in one post.
proofs: [bearer, basic]
delivery_id: headers."x-notification-id" || body.id
alerts: body.notifications
alert:
  name: alert.check.name
  status:
    from: alert.state
    firing: [PROBLEM, DOWN, 2]
    resolved: [RECOVERY, OK]
    ignored: ACKNOWLEDGEMENT
  severity:
    from: alert.level
    critical: [DOWN, CRIT]
    warning: WARN
  fingerprint: [body.site, alert.id]
  service: alert.check.group || body.service
  host: alert.host
  summary: alert.output
  description: alert.details
  labels: alert.tags
  annotations:
    site: body.site
    counts: to_string(alert.counts)
  starts_at: alert.since
  ends_at: alert.until
  link: alert.url
  links:
    graph: alert.graph
  is_test: alert.kind == 'TEST'
"""


def form(**override: Any) -> dict[str, Any]:
    """The file as data, with keys of its top level replaced or left out."""
    return changed(yaml.safe_load(FILE), override)


def source(**override: Any) -> MappedSource:
    """The source of the file, with keys of its part `alert` replaced or left out."""
    document = form()
    return MappedSource(
        "checkmk",
        SenderForm.model_validate(document | {"alert": changed(document["alert"], override)}),
    )


def notification(**override: Any) -> dict[str, Any]:
    """One alert of a payload."""
    return changed(
        {
            "id": 17,
            "kind": "REAL",
            "state": "PROBLEM",
            "level": "CRIT",
            "host": "web1:6556",
            "check": {"name": "HTTP", "group": "shop"},
            "output": "no answer",
            "details": "tried three times",
            "tags": "team:web, urgent",
            "counts": {"tries": 3},
            "since": 1772442000,
            "until": None,
            "url": "https://monitoring.example/17",
            "graph": "https://monitoring.example/17/graph",
            "note": "kept",
        },
        override,
    )


def payload(*notifications: Any, **override: Any) -> dict[str, Any]:
    """A delivery; one notification where none is given."""
    body = {"id": "n-1", "site": "berlin", "notifications": list(notifications) or [notification()]}
    return changed(body, override)
