"""What Opsgenie sends, read as alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airmend.errors import PayloadError
from airmend.incident.model import Alert, AlertStatus, Severity
from airmend.incident.sources import opsgenie
from tests.unit.incident.sample_files import LEFT_OUT, changed, sample

CREATED = datetime(2026, 3, 2, 9, 0, 0, 288000, UTC)


def opsgenie_action(action: Any = "Create", **override: Any) -> dict[str, Any]:
    """A delivery whose alert has some fields replaced."""
    return sample("opsgenie", action=action, alert=changed(sample("opsgenie")["alert"], override))


def read(action: str = "Create", **override: Any) -> Alert:
    """The alert of an action."""
    (alert,) = opsgenie.parse(opsgenie_action(action, **override), {})
    return alert


def test_every_field_finds_its_place() -> None:
    alert = read()
    assert (alert.source, alert.name) == ("opsgenie", "The shop on web1 is down")
    assert alert.status is AlertStatus.FIRING
    assert alert.severity is Severity.CRITICAL
    assert alert.fingerprint == "opsgenie:shop-web1-down"
    assert (alert.service, alert.host) == ("shop", "web1")
    assert alert.description == "No answer for a minute."
    assert alert.labels == {
        "env": "prod",
        "vip": "true",
        "service": "shop",
        "dashboard": "https://zabbix.example/d/7",
        "alias": "shop-web1-down",
        "entity": "web1",
        "alert_source": "Zabbix",
        "priority": "P1",
        "tiny_id": "23",
        "team": "Web",
    }
    assert (alert.starts_at, alert.ends_at) == (CREATED, None)
    assert alert.links == {"dashboard": "https://zabbix.example/d/7"}
    assert alert.unmapped["delivery"]["integrationName"] == "Airmend"
    assert alert.unmapped["username"] == "robin@example.org"


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("Create", AlertStatus.FIRING),
        ("create", AlertStatus.FIRING),
        ("Acknowledge", AlertStatus.FIRING),
        ("UnAcknowledge", AlertStatus.FIRING),
        ("Unacknowledge", AlertStatus.FIRING),
        ("Close", AlertStatus.RESOLVED),
        ("Delete", AlertStatus.RESOLVED),
    ],
)
def test_an_action_tells_whether_the_alert_goes_on(action: str, status: AlertStatus) -> None:
    alert = read(action)
    assert alert.status is status
    assert alert.fingerprint == read().fingerprint
    assert alert.starts_at == CREATED


@pytest.mark.parametrize(
    "action",
    [
        "AddNote",
        "AddTags",
        "RemoveTags",
        "AddTeam",
        "AddRecipient",
        "AddResponder",
        "AddDetails",
        "AssignOwnership",
        "TakeOwnership",
        "Escalate",
        "EscalateNext",
        "UpdatePriority",
        "UpdateMessage",
        "UpdateDescription",
        "Snooze",
        "SnoozeEnded",
        "TestAction",
        "再起動",
    ],
)
def test_an_action_that_tells_no_state_gives_no_alert(action: str) -> None:
    assert opsgenie.parse(opsgenie_action(action), {}) == []
    bare = {"action": action, "alert": {"alertId": "7ba97e3a"}, "escalationName": "night"}
    assert opsgenie.parse(bare, {}) == []


@pytest.mark.parametrize(
    "created",
    [1772442000288, "1772442000288", 1772442000288000110, "1772442000288000110"],
)
def test_times_are_milliseconds_or_nanoseconds(created: Any) -> None:
    assert read(createdAt=created).starts_at == CREATED


def test_the_end_is_when_it_was_closed() -> None:
    alert = read("Close", updatedAt=1772443800000000000)
    assert alert.ends_at == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("priority", "severity"),
    [
        ("P1", Severity.CRITICAL),
        ("P2", Severity.ERROR),
        (3, Severity.WARNING),
        ("3", Severity.WARNING),
        ("P4", Severity.INFO),
        (5, Severity.INFO),
        (9, Severity.UNKNOWN),
        (None, Severity.UNKNOWN),
        (LEFT_OUT, Severity.UNKNOWN),
        (["P1"], Severity.UNKNOWN),
    ],
)
def test_priorities_are_text_or_numbers(priority: Any, severity: Severity) -> None:
    assert read(priority=priority).severity is severity


def test_without_a_priority_a_tag_may_tell_the_harm() -> None:
    assert read(priority=LEFT_OUT, tags=["severity:high"]).severity is Severity.ERROR


@pytest.mark.parametrize(
    ("override", "host"),
    [
        ({"entity": "web1:9100"}, "web1"),
        ({"entity": ""}, None),
        ({"entity": None}, None),
        ({"entity": LEFT_OUT}, None),
        ({"entity": "{{entity}}"}, None),
        ({"entity": "Checkout", "details": {"host": "web2:443"}}, "web2"),
        ({"entity": "", "tags": ["host:db1", "env:prod"]}, "db1"),
        ({"entity": "", "tags": "host:db1,env:prod"}, "db1"),
        ({"entity": "db1", "tags": ["host:a", "host:b"]}, "db1"),
        ({"entity": {"name": "web1"}}, None),
    ],
)
def test_a_detail_or_a_tag_names_the_host_before_the_entity(
    override: dict[str, Any], host: str | None
) -> None:
    assert read(**override).host == host


def test_without_an_alias_the_id_identifies() -> None:
    for nothing in (None, "", LEFT_OUT):
        assert read(alias=nothing).fingerprint == "opsgenie:052652ac-5d1c-464a-812a-7dd18bbfba8c"


def test_the_same_trouble_after_a_close_is_known_again() -> None:
    again = read(alertId="7ba97e3a-d328-4b5e-8f9a-39e945a3869a", createdAt=1772449200000)
    assert again.fingerprint == read().fingerprint
    assert again.starts_at != read().starts_at


def test_a_close_without_description_details_and_priority_is_no_mistake() -> None:
    alert = read(
        "Close", description=LEFT_OUT, details=LEFT_OUT, priority=LEFT_OUT, tags=[], entity=""
    )
    assert (alert.host, alert.service, alert.description) == (None, None, "")
    assert alert.links == {}


def test_details_that_are_no_text_are_kept_apart() -> None:
    alert = read(details={"service": "shop", "shards": [1, 2], "owner": None, "host": "${host}"})
    assert alert.unmapped["details"] == {"shards": [1, 2], "owner": None}
    assert "host" not in alert.labels
    assert read(details="text").unmapped["details"] == "text"


def test_texts_of_any_script_are_kept() -> None:
    alert = read(
        message="  сервер не отвечает 🔥 ", description="服务器没有响应", tags=["环境:生产"]
    )
    assert (alert.name, alert.description) == ("сервер не отвечает 🔥", "服务器没有响应")
    assert alert.labels["环境"] == "生产"


def test_an_alert_without_a_message_is_named_by_its_number() -> None:
    assert read(message="").name == "alert 23"
    assert read(message=None, tinyId=None).name == "alert 052652ac-5d1c-464a-812a-7dd18bbfba8c"


def test_an_alias_of_500_characters_is_kept_apart_from_another() -> None:
    one, two = (read(alias="a" * 500 + end).fingerprint for end in ("1", "2"))
    assert one != two


def test_opsgenie_gives_no_delivery_id_but_a_signing_proxy_does() -> None:
    assert opsgenie.delivery_id({}, sample("opsgenie")) is None
    assert opsgenie.delivery_id({"webhook-id": "msg_1"}, sample("opsgenie")) == "msg_1"


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], ""),
        ({}, "action"),
        (opsgenie_action(None), "action"),
        (opsgenie_action({"a": 1}), "action"),
        (sample("opsgenie", alert=None), "alert"),
        (sample("opsgenie", alert="x"), "alert"),
        (opsgenie_action(alertId=None), "alert.alertId"),
        (opsgenie_action(alertId=["x"]), "alert.alertId"),
        (opsgenie_action("AddNote", alertId=LEFT_OUT), "alert.alertId"),
    ],
)
def test_a_mistake_names_its_field(document: Any, field: str) -> None:
    with pytest.raises(PayloadError) as caught:
        opsgenie.parse(document, {})
    assert caught.value.field == field
