"""Deliveries as senders make them, of which a test changes one thing."""

from __future__ import annotations

from typing import Any


def alertmanager_alert(**override: Any) -> dict[str, Any]:
    """One alert of a group."""
    return {
        "status": "firing",
        "labels": {
            "alertname": "ServiceDown",
            "severity": "critical",
            "job": "shop",
            "instance": "web1:9100",
        },
        "annotations": {"summary": "The shop on web1 is down.", "description": "No answer."},
        "startsAt": "2026-03-02T09:00:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=up",
        "fingerprint": "c8a1f6a6f9d4b3e2",
    } | override


def alertmanager_group(*alerts: Any, **override: Any) -> dict[str, Any]:
    """A delivery of Alertmanager; one firing alert where none is given."""
    return {
        "version": "4",
        "groupKey": '{}:{alertname="ServiceDown"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "airmend",
        "groupLabels": {"alertname": "ServiceDown"},
        "commonLabels": {"alertname": "ServiceDown", "job": "shop"},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example:9093",
        "alerts": list(alerts) or [alertmanager_alert()],
    } | override


def generic_alert(**override: Any) -> dict[str, Any]:
    """One alert in Airmend's own form."""
    return {
        "name": "ServiceDown",
        "status": "firing",
        "severity": "critical",
        "service": "shop",
        "host": "web1",
        "labels": {"job": "shop"},
    } | override


def cloud_event(**override: Any) -> dict[str, Any]:
    """An event in structured mode."""
    return {
        "specversion": "1.0",
        "type": "example.alert",
        "source": "/monitoring/eu",
        "id": "A-1",
        "time": "2026-03-02T09:00:05Z",
        "data": generic_alert(),
    } | override
