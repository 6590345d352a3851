"""What PagerDuty sends, read as alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airmend.errors import PayloadError
from airmend.incident.model import Alert, AlertStatus, Severity
from airmend.incident.sources import pagerduty
from tests.unit.incident.sample_files import LEFT_OUT, changed, sample

CREATED = datetime(2026, 3, 2, 9, tzinfo=UTC)
OCCURRED = datetime(2026, 3, 2, 9, 0, 1, 169000, UTC)


def pagerduty_event(event_type: Any = "incident.triggered", **override: Any) -> dict[str, Any]:
    """A delivery whose incident has some fields replaced."""
    event = sample("pagerduty")["event"]
    incident = changed(event["data"], override)
    return {"event": event | {"event_type": event_type, "data": incident}}


def read(event_type: str = "incident.triggered", **override: Any) -> Alert:
    """The alert of an event."""
    (alert,) = pagerduty.parse(pagerduty_event(event_type, **override), {})
    return alert


def message_of_version_2(event: Any = "incident.trigger", **override: Any) -> dict[str, Any]:
    """One message of a version 2 delivery."""
    return {
        "event": event,
        "id": "69a7ced0-a2cd-11e7-a799-22000a15839c",
        "created_on": "2026-03-02T09:00:05Z",
        "log_entries": [],
        "incident": changed(
            {
                "id": "PRORDTY",
                "type": "incident",
                "incident_number": 33,
                "title": "The shop is down",
                "status": "triggered",
                "created_at": "2026-03-02T09:00:00Z",
                "incident_key": None,
                "service": {"id": "PN49J75", "name": "shop", "status": "critical"},
                "priority": None,
                "urgency": "low",
                "teams": [{"id": "P4SI59S", "summary": "Web"}],
                "html_url": "https://example.pagerduty.com/incidents/PRORDTY",
            },
            override,
        ),
    }


def test_every_field_finds_its_place() -> None:
    alert = read()
    assert (alert.source, alert.name) == ("pagerduty", "The shop on web1 is down")
    assert alert.status is AlertStatus.FIRING
    assert alert.severity is Severity.CRITICAL
    assert alert.fingerprint == "pagerduty:PGR0VU2"
    assert (alert.service, alert.host) == ("shop", None)
    assert alert.labels == {
        "incident_number": "2",
        "incident_key": "shop-web1-down",
        "service_id": "PF9KMXH",
        "priority": "P1",
        "urgency": "high",
        "team": "Web",
    }
    assert (alert.starts_at, alert.ends_at) == (CREATED, None)
    assert alert.link == "https://example.pagerduty.com/incidents/PGR0VU2"
    assert alert.links == {
        "service": "https://example.pagerduty.com/services/PF9KMXH",
        "conference": "https://meet.example/bridge",
    }
    assert alert.unmapped["incident"]["assignees"][0]["summary"] == "Kim Example"
    assert alert.unmapped["event"]["agent"]["summary"] == "Robin Example"


@pytest.mark.parametrize(
    ("event_type", "status", "expected"),
    [
        ("incident.triggered", "triggered", AlertStatus.FIRING),
        ("incident.acknowledged", "acknowledged", AlertStatus.FIRING),
        ("incident.unacknowledged", "triggered", AlertStatus.FIRING),
        ("incident.reopened", "triggered", AlertStatus.FIRING),
        ("incident.priority_updated", "triggered", AlertStatus.FIRING),
        ("incident.priority_updated", "acknowledged", AlertStatus.FIRING),
        ("incident.priority_updated", "resolved", AlertStatus.RESOLVED),
        ("incident.resolved", "resolved", AlertStatus.RESOLVED),
        ("incident.resolved", LEFT_OUT, AlertStatus.RESOLVED),
        ("incident.triggered", None, AlertStatus.FIRING),
        ("incident.triggered", "resolved", AlertStatus.RESOLVED),
    ],
)
def test_an_event_tells_whether_the_incident_goes_on(
    event_type: str, status: Any, expected: AlertStatus
) -> None:
    alert = read(event_type, status=status)
    assert alert.status is expected
    assert alert.fingerprint == read().fingerprint


@pytest.mark.parametrize(
    "event_type",
    [
        "incident.annotated",
        "incident.delegated",
        "incident.escalated",
        "incident.reassigned",
        "incident.responder.added",
        "incident.responder.replied",
        "incident.status_update_published",
        "incident.conference_bridge.updated",
        "incident.custom_field_values.updated",
        "incident.workflow.started",
        "incident.workflow.completed",
        "incident.service_updated",
        "incident.what_comes_one_day",
        "service.created",
        "service.deleted",
        "service.updated",
        "pagey.ping",
    ],
)
def test_an_event_that_tells_no_state_gives_no_alert(event_type: str) -> None:
    assert pagerduty.parse(pagerduty_event(event_type), {}) == []
    bare = {"event": {"id": "01A", "event_type": event_type, "data": {"type": "incident_note"}}}
    assert pagerduty.parse(bare, {}) == []


def test_the_end_is_when_it_was_resolved() -> None:
    alert = read("incident.resolved", status="resolved")
    assert (alert.starts_at, alert.ends_at) == (CREATED, OCCURRED)


def test_a_reopened_incident_starts_anew_and_stays_the_same_from_then_on() -> None:
    again = "2026-03-02T11:00:00Z"
    moment = datetime(2026, 3, 2, 11, tzinfo=UTC)
    assert read("incident.reopened", reopened_at=again).starts_at == moment
    assert read("incident.acknowledged", reopened_at=again).starts_at == moment
    assert read("incident.reopened").starts_at == OCCURRED


def test_older_events_tell_no_creation_time() -> None:
    assert read("incident.triggered", created_at=LEFT_OUT).starts_at == OCCURRED
    assert read("incident.acknowledged", created_at=LEFT_OUT).starts_at is None


@pytest.mark.parametrize(
    ("priority", "urgency", "severity"),
    [
        ({"summary": "P1"}, "low", Severity.CRITICAL),
        ({"summary": "P2"}, "high", Severity.ERROR),
        ({"summary": "SEV-3"}, "high", Severity.WARNING),
        ({"summary": "P5 - Informational"}, "high", Severity.INFO),
        ({"summary": "Würzburg"}, "high", Severity.ERROR),
        ({}, "high", Severity.ERROR),
        (None, "high", Severity.ERROR),
        (None, "low", Severity.WARNING),
        (None, "severity_based", Severity.UNKNOWN),
        (None, None, Severity.UNKNOWN),
        ("P1", LEFT_OUT, Severity.UNKNOWN),
    ],
)
def test_the_priority_tells_the_harm_and_without_one_the_urgency(
    priority: Any, urgency: Any, severity: Severity
) -> None:
    assert read(priority=priority, urgency=urgency).severity is severity


def test_objects_that_are_null_or_missing_are_no_mistake() -> None:
    for nothing in (None, LEFT_OUT):
        alert = read(
            service=nothing,
            priority=nothing,
            teams=nothing,
            assignees=nothing,
            escalation_policy=nothing,
            conference_bridge=nothing,
            html_url=nothing,
            number=nothing,
            incident_key=nothing,
        )
        assert (alert.service, alert.link, alert.links) == (None, None, {})
        assert alert.labels == {"urgency": "high"}


def test_an_incident_without_a_title_is_named_by_its_number() -> None:
    assert read(title="").name == "incident 2"
    assert read(title=None, number=None).name == "incident PGR0VU2"


def test_a_service_may_be_named_by_a_text() -> None:
    assert read(service="shop").service == "shop"
    assert read(service={"name": "Магазин"}).service == "Магазин"


def test_a_merged_incident_is_over_and_says_so() -> None:
    alert = read(
        "incident.resolved",
        status="resolved",
        resolve_reason={"type": "merge_resolve_reason", "incident": {"id": "PXYZ"}},
    )
    assert alert.status is AlertStatus.RESOLVED
    assert alert.unmapped["incident"]["resolve_reason"]["type"] == "merge_resolve_reason"


def test_version_2_sends_several_messages_in_one_delivery() -> None:
    body = {
        "messages": [
            message_of_version_2(),
            message_of_version_2("incident.annotate"),
            message_of_version_2("incident.escalate"),
            message_of_version_2("incident.resolve", status="resolved"),
        ]
    }
    first, last = pagerduty.parse(body, {})
    assert (first.status, last.status) == (AlertStatus.FIRING, AlertStatus.RESOLVED)
    assert first.fingerprint == last.fingerprint == "pagerduty:PRORDTY"
    assert (first.service, first.severity) == ("shop", Severity.WARNING)
    assert first.starts_at == CREATED
    assert last.ends_at == datetime(2026, 3, 2, 9, 0, 5, tzinfo=UTC)
    assert pagerduty.parse({"messages": []}, {}) == []


def test_the_id_of_the_event_is_the_id_of_the_delivery() -> None:
    assert pagerduty.delivery_id({}, sample("pagerduty")) == "01DEFX0Q1D2JMVZ7T7DKU3RB4J"
    messages = {"messages": [message_of_version_2()]}
    assert pagerduty.delivery_id({}, messages) == "69a7ced0-a2cd-11e7-a799-22000a15839c"


@pytest.mark.parametrize("body", [None, [], {}, {"event": None}, {"event": {"id": ["x"]}}, "x"])
def test_without_an_event_a_proxy_may_give_the_id(body: Any) -> None:
    assert pagerduty.delivery_id({}, body) is None
    assert pagerduty.delivery_id({"webhook-id": "msg_1"}, body) == "msg_1"


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], ""),
        ({}, "event"),
        ({"event": None}, "event"),
        ({"event": "incident.triggered"}, "event"),
        ({"event": {}}, "event"),
        ({"event": {"id": "01A"}}, "event.event_type"),
        ({"event": {"event_type": {"a": 1}}}, "event.event_type"),
        ({"event": {"event_type": "incident.triggered"}}, "event.data"),
        ({"event": {"event_type": "incident.resolved", "data": []}}, "event.data"),
        (pagerduty_event(id=None), "event.data.id"),
        (pagerduty_event(id=LEFT_OUT), "event.data.id"),
        (pagerduty_event(id={"a": 1}), "event.data.id"),
        (pagerduty_event(status="exploded"), "event.data.status"),
        (pagerduty_event(type="incident_note"), "event.data.type"),
        ({"routing_key": "R", "event_action": "trigger", "payload": {}}, "event"),
        ({"messages": {}}, "messages"),
        ({"messages": ["x"]}, "messages[0]"),
        ({"messages": [{"type": "incident.trigger", "data": {}}]}, "messages[0].event"),
        ({"messages": [{"event": "incident.trigger"}]}, "messages[0].incident"),
        ({"messages": [message_of_version_2(id="")]}, "messages[0].incident.id"),
    ],
)
def test_a_mistake_names_its_field(document: Any, field: str) -> None:
    with pytest.raises(PayloadError) as caught:
        pagerduty.parse(document, {})
    assert caught.value.field == field
