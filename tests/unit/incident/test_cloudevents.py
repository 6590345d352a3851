"""CloudEvents, read as the alerts that they carry."""

from __future__ import annotations

from typing import Any

import pytest

from airmend.errors import PayloadError
from airmend.incident.sources import cloudevents
from tests.unit.incident.documents import cloud_event, generic_alert

BINARY = {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-id": "A-1",
    "ce-source": "/monitoring/eu%20west",
    "ce-type": "example.alert",
}


def test_structured_mode_has_the_alert_in_its_data() -> None:
    (alert,) = cloudevents.parse(cloud_event(comexample="x"), {})
    assert (alert.source, alert.name, alert.host) == ("cloudevents", "ServiceDown", "web1")
    assert alert.labels["ce_source"] == "/monitoring/eu"
    assert alert.unmapped["cloudevent"]["comexample"] == "x"
    assert alert.unmapped["cloudevent"]["type"] == "example.alert"


def test_binary_mode_has_the_alert_as_its_body() -> None:
    (alert,) = cloudevents.parse(generic_alert(), BINARY)
    assert alert.name == "ServiceDown"
    assert alert.labels["ce_source"] == "/monitoring/eu west"


def test_an_event_may_carry_several_alerts() -> None:
    event = cloud_event(data={"alerts": [generic_alert(), generic_alert(host="web2")]})
    assert [alert.host for alert in cloudevents.parse(event, {})] == ["web1", "web2"]


def test_the_time_of_an_event_is_not_the_start_of_the_trouble() -> None:
    (alert,) = cloudevents.parse(cloud_event(), {})
    assert alert.starts_at is None
    assert alert.unmapped["cloudevent"]["time"] == "2026-03-02T09:00:05Z"


def test_the_same_alert_of_another_producer_is_another_alert() -> None:
    (one,) = cloudevents.parse(cloud_event(), {})
    (again,) = cloudevents.parse(cloud_event(id="A-2", type="example.resolved"), {})
    (other,) = cloudevents.parse(cloud_event(source="/monitoring/us"), {})
    assert one.fingerprint == again.fingerprint != other.fingerprint


def test_source_and_id_together_are_the_delivery() -> None:
    assert cloudevents.delivery_id({}, cloud_event()) == "/monitoring/eu A-1"
    assert cloudevents.delivery_id(BINARY, generic_alert()) == "/monitoring/eu west A-1"
    assert cloudevents.delivery_id({}, cloud_event(id=None)) is None
    assert cloudevents.delivery_id({}, [1]) is None


@pytest.mark.parametrize(
    ("body", "headers", "field"),
    [
        ([cloud_event()], {}, ""),
        (cloud_event(specversion="0.3"), {}, "specversion"),
        (cloud_event(specversion=None), {}, "specversion"),
        (cloud_event(id=""), {}, "id"),
        (cloud_event(source=None), {}, "source"),
        (cloud_event(type={}), {}, "type"),
        (cloud_event(data=None), {}, "data"),
        (cloud_event(data="<xml/>"), {}, "data"),
        (cloud_event(data={"name": "x"}), {}, "data.status"),
        (cloud_event(data={"alerts": [{"name": "x"}]}), {}, "data.alerts[0].status"),
        (cloud_event(data_base64="e30="), {}, "data_base64"),
        (generic_alert(), {**BINARY, "ce-id": ""}, "ce-id"),
        ({"name": "x"}, BINARY, "status"),
        ("x", BINARY, ""),
    ],
)
def test_a_mistake_names_its_field(body: Any, headers: dict[str, str], field: str) -> None:
    with pytest.raises(PayloadError) as caught:
        cloudevents.parse(body, headers)
    assert caught.value.field == field
