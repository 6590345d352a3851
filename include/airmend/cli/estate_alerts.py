"""The webhooks that an Alertmanager would send about the demo estate.

Version 4 of its webhook format, one alert each, with the labels and texts of the rules that
Prometheus users know. Called by the demo and by tests; time is passed in.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

EXTERNAL_URL = "http://alertmanager.demo.example:9093"
PROMETHEUS_URL = "http://prometheus.demo.example:9090/graph"
NEVER = "0001-01-01T00:00:00Z"  # what Alertmanager sends as the end of an alert that goes on

_FNV_OFFSET, _FNV_PRIME, _SEPARATOR = 0xCBF29CE484222325, 0x100000001B3, b"\xff"


def service_down(host: str, starts_at: datetime) -> dict[str, Any]:
    """The unit of the shop failed on one host."""
    return _webhook(
        "NodeSystemdServiceFailed",
        host,
        starts_at,
        severity="critical",
        labels={
            "job": "node",
            "name": "shop.service",
            "state": "failed",
            "type": "simple",
        },
        summary="A systemd unit has failed.",
        description=f"The unit shop.service on {host} has been in the state failed for 5 minutes.",
        expression='node_systemd_unit_state{state="failed"} == 1',
    )


def disk_filling_up(host: str, starts_at: datetime) -> dict[str, Any]:
    """The file system of the logs will be full within a day, on the host that is first."""
    return _webhook(
        "NodeFilesystemSpaceFillingUp",
        host,
        starts_at,
        severity="warning",
        labels={
            "job": "node",
            "device": "/dev/vda1",
            "fstype": "ext4",
            "mountpoint": "/",
        },
        summary="A file system will be full within 24 hours.",
        description=f"The file system at / on {host} has 13 % left and fills up.",
        expression='predict_linear(node_filesystem_avail_bytes{fstype!=""}[6h], 24*60*60) < 0',
    )


def descriptors_exhausted(host: str, starts_at: datetime) -> dict[str, Any]:
    """The shop on one host uses most of the file descriptors that it may have."""
    return _webhook(
        "ProcessNearFDLimits",
        host,
        starts_at,
        severity="warning",
        labels={"job": "shop"},
        summary="A process is close to its limit of open files.",
        description=f"The shop on {host} uses more than 80 % of its file descriptors.",
        expression="process_open_fds / process_max_fds > 0.8",
    )


def resolved(webhook: dict[str, Any], ends_at: datetime) -> dict[str, Any]:
    """The webhook that says that the same alerts are over."""
    alerts = [
        {**alert, "status": "resolved", "endsAt": _format(ends_at)} for alert in webhook["alerts"]
    ]
    return {**webhook, "status": "resolved", "alerts": alerts}


def fingerprint_like_alertmanager(labels: dict[str, str]) -> str:
    """The identity that Alertmanager gives a set of labels.

    Returns:
        16 hexadecimal digits.

    Source: `LabelSet.Fingerprint` of prometheus/common: 64-bit FNV-1a over the sorted names
    and values, each followed by the byte 255.
    """
    value = _FNV_OFFSET
    for name in sorted(labels):
        for byte in name.encode() + _SEPARATOR + labels[name].encode() + _SEPARATOR:
            value = ((value ^ byte) * _FNV_PRIME) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def _webhook(
    name: str,
    host: str,
    starts_at: datetime,
    *,
    severity: str,
    labels: dict[str, str],
    summary: str,
    description: str,
    expression: str,
) -> dict[str, Any]:
    all_labels = {
        **labels,
        "alertname": name,
        "instance": f"{host}:9100",
        "service": "shop",
        "severity": severity,
    }
    annotations = {"summary": summary, "description": description}
    group = {"alertname": name, "instance": all_labels["instance"]}
    return {
        "receiver": "airmend",
        "status": "firing",
        "alerts": [
            {
                "status": "firing",
                "labels": dict(sorted(all_labels.items())),
                "annotations": annotations,
                "startsAt": _format(starts_at),
                "endsAt": NEVER,
                "generatorURL": f"{PROMETHEUS_URL}?{urlencode({'g0.expr': expression})}",
                "fingerprint": fingerprint_like_alertmanager(all_labels),
            }
        ],
        "groupLabels": group,
        "commonLabels": dict(sorted(all_labels.items())),
        "commonAnnotations": annotations,
        "externalURL": EXTERNAL_URL,
        "version": "4",
        "groupKey": "{}:{" + ", ".join(f'{key}="{text}"' for key, text in group.items()) + "}",
        "truncatedAlerts": 0,
    }


def _format(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
