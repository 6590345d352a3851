"""What Zabbix's media types send, read as alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airmend.errors import PayloadError
from airmend.incident.model import Alert, AlertStatus, Severity
from airmend.incident.sources import zabbix
from tests.unit.incident.sample_files import LEFT_OUT, changed, sample

MOMENT = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def event(**override: Any) -> dict[str, Any]:
    """What the script of docs/senders.md sends."""
    return sample("zabbix", **override)


def old_script(**override: Any) -> dict[str, Any]:
    """What an older alert script sends."""
    return changed(
        {
            "hostname": "www.example.com",
            "severity": "Average",
            "status": "PROBLEM",
            "item": "Agent ping is Up (1)",
            "trigger": "Zabbix agent on www.example.com is unreachable",
            "link": "https://zabbix.example.com/tr_events.php?triggerid=14032&eventid=10528",
        },
        override,
    )


def default_media_type(subject: str, message: str, **override: Any) -> dict[str, Any]:
    """The parameters that a new webhook media type has."""
    own = {"URL": "", "To": "airmend", "Subject": subject, "Message": message, "HTTPProxy": ""}
    return changed(own, override)


def read(document: dict[str, Any] | None = None, **override: Any) -> Alert:
    """The alert of a document; of the documented script where none is given."""
    (alert,) = zabbix.parse(event(**override) if document is None else document, {})
    return alert


def test_every_field_finds_its_place() -> None:
    alert = read()
    assert (alert.source, alert.name) == ("zabbix", "Load is high on web1")
    assert alert.status is AlertStatus.FIRING
    assert alert.severity is Severity.ERROR
    assert alert.fingerprint == "zabbix:trigger:14032"
    assert (alert.service, alert.host) == ("shop", "web1")
    assert alert.description == "The load was above 5 for five minutes."
    assert alert.labels == {
        "service": "shop",
        "scope": "performance",
        "trigger_id": "14032",
        "event_id": "10528",
        "zabbix_severity": "High",
        "host_group": "Web",
        "host_name": "Web server 1",
        "item": "Load average (5m)",
    }
    assert alert.annotations == {"opdata": "7.5"}
    assert (alert.starts_at, alert.ends_at) == (MOMENT, None)
    assert alert.link == "https://zabbix.example/tr_events.php?triggerid=14032&eventid=10528"
    assert alert.links == {"trigger": "https://wiki.example/load"}
    assert alert.unmapped["host_ip"] == "192.0.2.11"
    assert not alert.is_test


def test_a_recovery_is_the_end_of_the_same_alert() -> None:
    alert = read(
        event_value="0",
        event_recovery_date="2026.03.02",
        event_recovery_time="09:30:00",
        event_recovery_id="10601",
    )
    assert alert.status is AlertStatus.RESOLVED
    assert alert.fingerprint == read().fingerprint
    assert (alert.starts_at, alert.ends_at) == (MOMENT, LATER)


@pytest.mark.parametrize(
    ("override", "status"),
    [
        ({"event_value": 1}, AlertStatus.FIRING),
        ({"event_value": 0}, AlertStatus.RESOLVED),
        ({"event_value": "", "status": "PROBLEM"}, AlertStatus.FIRING),
        ({"event_value": "", "status": "OK"}, AlertStatus.RESOLVED),
        ({"event_value": "", "event_status": "RESOLVED"}, AlertStatus.RESOLVED),
        ({"event_value": None, "trigger_status": "problem"}, AlertStatus.FIRING),
        ({"event_value": LEFT_OUT, "trigger_value": "0"}, AlertStatus.RESOLVED),
        ({"event_value": "1", "trigger_status": "OK"}, AlertStatus.RESOLVED),
        ({"event_value": "*UNKNOWN*", "status": "1"}, AlertStatus.FIRING),
    ],
)
def test_a_value_or_a_word_tells_whether_it_goes_on(
    override: dict[str, Any], status: AlertStatus
) -> None:
    assert read(**override).status is status


@pytest.mark.parametrize(
    "override",
    [
        {"event_update_status": "1"},
        {"event_update_status": 1, "event_value": "0"},
        {"event_update_action": "acknowledged, commented"},
        {"event_value": "", "status": "UPDATE"},
        {"status": "Acknowledged"},
        {"event_source": "1"},
        {"event_source": 2},
    ],
)
def test_an_update_and_a_discovery_give_no_alert(override: dict[str, Any]) -> None:
    assert zabbix.parse(event(**override), {}) == []


def test_no_update_is_a_macro_that_was_not_replaced() -> None:
    alert = read(event_update_status="{EVENT.UPDATE.STATUS}", event_update_action="*UNKNOWN*")
    assert alert.status is AlertStatus.FIRING


@pytest.mark.parametrize(
    ("override", "severity"),
    [
        ({"event_nseverity": "5"}, Severity.CRITICAL),
        ({"event_nseverity": 3}, Severity.WARNING),
        ({"event_nseverity": "0"}, Severity.UNKNOWN),
        ({"event_nseverity": "1", "event_severity": "Hinweis"}, Severity.INFO),
        ({"event_nseverity": "", "event_severity": "Disaster"}, Severity.CRITICAL),
        ({"event_nseverity": None, "event_severity": "Information"}, Severity.INFO),
        ({"event_nseverity": None, "event_severity": "Not classified"}, Severity.UNKNOWN),
        ({"event_nseverity": None, "event_severity": "Авария"}, Severity.UNKNOWN),
        ({"event_nseverity": None, "event_severity": None, "severity": 4}, Severity.ERROR),
        ({"event_nseverity": None, "event_severity": None}, Severity.UNKNOWN),
    ],
)
def test_severities_are_numbers_or_words(override: dict[str, Any], severity: Severity) -> None:
    assert read(**override).severity is severity


@pytest.mark.parametrize(
    ("override", "host"),
    [
        ({"host": "web1:10050"}, "web1"),
        ({"host": "{HOST.HOST}"}, "Web server 1"),
        ({"host": "", "host_name": "*UNKNOWN*"}, "192.0.2.11"),
        ({"host": None, "host_name": None, "host_ip": "{HOST.IP}"}, None),
        ({"host": LEFT_OUT, "host_name": LEFT_OUT, "host_ip": LEFT_OUT}, None),
        ({"host": ["web1"], "host_name": "", "host_ip": ""}, None),
        ({"host": "сервер-1"}, "сервер-1"),
    ],
)
def test_the_host_is_a_host_or_nothing(override: dict[str, Any], host: str | None) -> None:
    assert read(**override).host == host


@pytest.mark.parametrize(
    ("override", "fingerprint"),
    [
        ({"fingerprint": "10528"}, "zabbix:10528"),
        ({"trigger_id": ""}, "zabbix:trigger:14032"),
        ({"trigger_id": "", "link": ""}, "zabbix:event:10528"),
        ({"trigger_id": "{TRIGGER.ID}", "link": "https://zabbix.example/"}, "zabbix:event:10528"),
    ],
)
def test_the_steadiest_id_identifies(override: dict[str, Any], fingerprint: str) -> None:
    assert read(**override).fingerprint == fingerprint
    assert read(**(override | {"event_value": "0"})).fingerprint == fingerprint


def test_without_any_id_host_and_name_identify() -> None:
    bare: dict[str, Any] = {"trigger_id": "", "event_id": "", "link": ""}
    one, over = read(**bare), read(**bare, event_value="0")
    assert one.fingerprint == over.fingerprint != read(**bare, host="web2").fingerprint


def test_an_address_with_odd_ids_identifies_nothing() -> None:
    link = "https://zabbix.example/?triggerid=%00&eventid=x"
    assert read(trigger_id="", link=link).fingerprint == "zabbix:event:10528"


@pytest.mark.parametrize(
    "override",
    [
        {},
        {"event_timestamp": "1772442000", "event_date": "", "event_time": ""},
        {"event_timestamp": 1772442000},
        {"event_date": LEFT_OUT, "event_time": "2026.03.02 09:00:00"},
        {"event_date": LEFT_OUT, "event_time": "2026-03-02T09:00:00Z"},
        {"event_date": LEFT_OUT, "event_time": "1772442000"},
    ],
)
def test_times_are_numbers_or_a_date_and_a_time(override: dict[str, Any]) -> None:
    assert read(**override).starts_at == MOMENT


def test_a_time_that_cannot_be_read_is_kept_as_it_came() -> None:
    alert = read(event_date="2026.03.02", event_time="morning")
    assert alert.starts_at is None
    assert (alert.unmapped["event_date"], alert.unmapped["event_time"]) == ("2026.03.02", "morning")
    assert read(event_date="2026.03.02", event_time="").starts_at is None


@pytest.mark.parametrize(
    "tags",
    [
        [{"tag": "service", "value": "shop"}, {"tag": "scope", "value": "performance"}],
        '[{"tag": "service", "value": "shop"}, {"tag": "scope", "value": "performance"}]',
        "service:shop, scope:performance",
    ],
)
def test_tags_come_as_json_or_in_one_text(tags: Any) -> None:
    alert = read(event_tags=tags)
    assert (alert.service, alert.labels["scope"]) == ("shop", "performance")


@pytest.mark.parametrize("tags", ["[broken", None, "{EVENT.TAGSJSON}", 7, LEFT_OUT])
def test_tags_in_a_form_that_nobody_knows_are_no_mistake(tags: Any) -> None:
    alert = read(event_tags=tags)
    assert alert.service is None


def test_broken_tags_are_kept() -> None:
    assert read(event_tags="[broken").unmapped["event_tags"] == "[broken"


def test_an_older_alert_script_is_read_too() -> None:
    alert = read(old_script())
    assert alert.name == "Zabbix agent on www.example.com is unreachable"
    assert (alert.host, alert.status) == ("www.example.com", AlertStatus.FIRING)
    assert alert.severity is Severity.WARNING
    assert alert.fingerprint == "zabbix:trigger:14032"
    assert alert.labels["event_id"] == "10528"
    assert alert.fingerprint == read(old_script(status="OK")).fingerprint


@pytest.mark.parametrize(
    "keys",
    [
        {"EVENT.VALUE": "1", "TRIGGER.ID": "7", "HOST.HOST": "web1", "TRIGGER.NAME": "A"},
        {"EventValue": 1, "TriggerId": 7, "Host": "web1", "TriggerName": "A"},
    ],
)
def test_people_name_the_keys_as_they_like(keys: dict[str, Any]) -> None:
    alert = read(keys)
    assert (alert.fingerprint, alert.host, alert.name) == ("zabbix:trigger:7", "web1", "A")


def test_the_default_parameters_are_read_by_their_words() -> None:
    message = (
        "Problem started at 09:00:00 on 2026.03.02\r\nProblem name: Disk is full\r\n"
        "Host: db1\r\nSeverity: High\r\nOperational data: 99 %\r\nOriginal problem ID: 10528\r\n"
    )
    alert = read(default_media_type("Problem: Disk is full", message))
    assert (alert.name, alert.host, alert.status) == ("Disk is full", "db1", AlertStatus.FIRING)
    assert (alert.severity, alert.fingerprint) == (Severity.ERROR, "zabbix:event:10528")
    assert alert.starts_at == MOMENT
    assert alert.description.startswith("Problem started")
    over = (
        "Problem has been resolved at 09:30:00 on 2026.03.02\nProblem name: Disk is full\n"
        "Problem duration: 30m\nHost: db1\nSeverity: High\nOriginal problem ID: 10528\n"
    )
    alert = read(default_media_type("Resolved in 30m: Disk is full", over))
    assert (alert.status, alert.fingerprint) == (AlertStatus.RESOLVED, "zabbix:event:10528")
    assert alert.ends_at == LATER
    update = default_media_type("Updated problem in 5m: Disk is full", "robin acknowledged it.")
    assert zabbix.parse(update, {}) == []


@pytest.mark.parametrize(
    "document",
    [
        {"event_id": "{EVENT.ID}", "event_value": "{EVENT.VALUE}", "host": "{HOST.HOST}"},
        {"trigger_id": "{TRIGGER.ID}", "status": "{EVENT.STATUS}", "severity": "{EVENT.SEVERITY}"},
    ],
)
def test_the_button_test_replaces_no_macro_and_is_a_test(document: dict[str, Any]) -> None:
    alert = read(document)
    assert alert.is_test
    assert alert.unmapped == document


def test_zabbix_gives_no_delivery_id_but_a_signing_proxy_does() -> None:
    assert zabbix.delivery_id({}, event()) is None
    assert zabbix.delivery_id({"webhook-id": "msg_1"}, event()) == "msg_1"


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], ""),
        ({}, "event_value"),
        (event(event_value=None), "event_value"),
        (event(event_value="2"), "event_value"),
        (old_script(status="firing"), "status"),
        (old_script(status={"a": 1}), "event_value"),
        (old_script(trigger="", link=""), "event_name"),
        (default_media_type("Hello", "World"), "event_value"),
    ],
)
def test_a_mistake_names_its_field(document: Any, field: str) -> None:
    with pytest.raises(PayloadError) as caught:
        zabbix.parse(document, {})
    assert caught.value.field == field
