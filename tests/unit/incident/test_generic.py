"""Airmend's own form, read as alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airmend.errors import PayloadError
from airmend.incident.model import Alert, AlertStatus, Severity
from airmend.incident.sources import generic
from tests.unit.incident.documents import generic_alert


def read(**override: Any) -> Alert:
    """The one alert of a document."""
    (alert,) = generic.parse(generic_alert(**override), {})
    return alert


def test_name_and_status_are_enough() -> None:
    (alert,) = generic.parse({"name": "DiskFull", "status": "resolved"}, {})
    assert (alert.source, alert.name, alert.status) == ("generic", "DiskFull", "resolved")
    assert alert.severity is Severity.UNKNOWN
    assert alert.service is None
    assert alert.host is None
    assert alert.starts_at is None


def test_every_field_finds_its_place() -> None:
    alert = read(
        host="web1:9100",
        summary="Down",
        description="No answer",
        annotations={"runbook": "https://wiki.example/1"},
        starts_at="2026-03-02T10:00:00+01:00",
        ends_at=None,
        link="https://monitoring.example/1",
        fingerprint="shop-web1",
    )
    assert alert.fingerprint == "generic:shop-web1"
    assert (alert.host, alert.service) == ("web1", "shop")
    assert alert.starts_at == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert alert.link == "https://monitoring.example/1"
    assert alert.annotations == {"runbook": "https://wiki.example/1"}


def test_several_alerts_come_in_one_delivery() -> None:
    body = {"delivery_id": "d1", "alerts": [generic_alert(), generic_alert(status="resolved")]}
    statuses = [alert.status for alert in generic.parse(body, {})]
    assert statuses == [AlertStatus.FIRING, AlertStatus.RESOLVED]
    assert generic.parse({"alerts": []}, {}) == []


def test_firing_and_resolved_are_the_same_alert() -> None:
    assert read().fingerprint == read(status="resolved", summary="over").fingerprint


@pytest.mark.parametrize("change", [{"host": "web2"}, {"service": "cart"}, {"labels": {"a": "b"}}])
def test_another_host_service_or_label_is_another_alert(change: dict[str, Any]) -> None:
    assert read().fingerprint != read(**change).fingerprint


def test_unknown_keys_are_kept() -> None:
    assert read(team="web", details={"pid": 7}).unmapped == {"team": "web", "details": {"pid": 7}}


def test_the_header_goes_before_the_id_in_the_body() -> None:
    body = generic_alert(delivery_id=17)
    assert generic.delivery_id({}, body) == "17"
    assert generic.delivery_id({"webhook-id": "msg_1"}, body) == "msg_1"
    assert generic.delivery_id({}, generic_alert()) is None
    assert generic.delivery_id({}, ["x"]) is None
    assert "delivery_id" not in generic.parse(body, {})[0].unmapped


def test_a_null_is_like_a_field_that_is_missing() -> None:
    alert = read(labels=None, annotations=None, host=None, severity=None, starts_at="")
    assert alert.labels == {}
    assert alert.severity is Severity.UNKNOWN


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (7, ""),
        ({"name": "x"}, "status"),
        ({"status": "firing"}, "name"),
        (generic_alert(name=""), "name"),
        (generic_alert(name=["x"]), "name"),
        (generic_alert(status="broken"), "status"),
        (generic_alert(labels="x"), "labels"),
        (generic_alert(starts_at="yesterday"), "starts_at"),
        (generic_alert(fingerprint="x" * 101), "fingerprint"),
        ({"alerts": [generic_alert(), {"name": "x"}]}, "alerts[1].status"),
        ({"alerts": 7}, "alerts"),
        ({"alerts": [7]}, "alerts[0]"),
    ],
)
def test_a_mistake_names_its_field(document: Any, field: str) -> None:
    with pytest.raises(PayloadError) as caught:
        generic.parse(document, {})
    assert caught.value.field == field
    assert len(str(caught.value)) < 300
