"""CloudEvents, read as the alerts that they carry."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from airmend.errors import PayloadError
from airmend.incident.fields import MAX_ALERTS
from airmend.incident.sources import cloudevents
from tests.unit.incident.documents import cloud_event, generic_alert

BINARY = {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-id": "A-1",
    "ce-source": "/monitoring/eu%20west",
    "ce-type": "example.alert",
}

BATCHED = {"content-type": "application/cloudevents-batch+json; charset=utf-8"}


def encoded_event(text: Any) -> dict[str, Any]:
    """An event in structured mode with its data in base64."""
    event = cloud_event(data_base64=text)
    del event["data"]
    return event


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


@pytest.mark.parametrize("headers", [BATCHED, {"content-type": "application/json"}, {}])
def test_batched_mode_has_a_list_of_events(headers: dict[str, str]) -> None:
    resolved = generic_alert(host="web2", status="resolved")
    batch = [cloud_event(), cloud_event(id="A-2", source="/monitoring/us", data=resolved)]
    one, two = cloudevents.parse(batch, headers)
    assert (one.host, one.status.value) == ("web1", "firing")
    assert (two.host, two.status.value) == ("web2", "resolved")
    assert two.labels["ce_source"] == "/monitoring/us"
    assert two.unmapped["cloudevent"]["id"] == "A-2"


def test_an_empty_batch_has_no_alerts() -> None:
    assert cloudevents.parse([], BATCHED) == []


def test_data_in_base64_is_read_as_json() -> None:
    text = base64.b64encode(json.dumps(generic_alert()).encode()).decode()
    (alert,) = cloudevents.parse(encoded_event(text), {})
    assert alert.host == "web1"


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


def test_a_batch_is_the_delivery_of_all_its_events() -> None:
    one, two = cloud_event(), cloud_event(id="A-2")
    assert cloudevents.delivery_id(BATCHED, [one]) == cloudevents.delivery_id({}, one)
    assert cloudevents.delivery_id(BATCHED, [one, two]) == "/monitoring/eu A-1\n/monitoring/eu A-2"
    assert cloudevents.delivery_id(BATCHED, [one, cloud_event(id=None)]) is None
    assert cloudevents.delivery_id(BATCHED, []) is None


@pytest.mark.parametrize(
    ("body", "headers", "field"),
    [
        (cloud_event(), BATCHED, ""),
        ([1], BATCHED, "[0]"),
        ([cloud_event(), cloud_event(type=None)], BATCHED, "[1].type"),
        ([cloud_event(specversion="0.3")], {}, "[0].specversion"),
        ([cloud_event(data={"name": "x"})], BATCHED, "[0].data.status"),
        ([cloud_event()] * (MAX_ALERTS + 1), BATCHED, ""),
        ([cloud_event(data={"alerts": [generic_alert()] * 600})] * 2, BATCHED, ""),
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
        (encoded_event("e30="), {}, "data_base64.name"),
        (encoded_event("e30"), {}, "data_base64"),
        (encoded_event("\xe9"), {}, "data_base64"),
        (encoded_event("... base64 encoded string ..."), {}, "data_base64"),
        (encoded_event("AAEC"), {}, "data_base64"),
        (encoded_event(None), {}, "data_base64"),
        (generic_alert(), {**BINARY, "ce-id": ""}, "ce-id"),
        ({"name": "x"}, BINARY, "status"),
        ("x", BINARY, ""),
    ],
)
def test_a_mistake_names_its_field(body: Any, headers: dict[str, str], field: str) -> None:
    with pytest.raises(PayloadError) as caught:
        cloudevents.parse(body, headers)
    assert caught.value.field == field
