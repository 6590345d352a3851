"""What Datadog sends, read as alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airmend.errors import PayloadError
from airmend.incident.model import Alert, AlertStatus, Severity
from airmend.incident.sources import datadog
from tests.unit.incident.sample_files import LEFT_OUT, changed, sample

MOMENT = datetime(2026, 3, 2, 9, tzinfo=UTC)
TITLE = "[Triggered on {host:web1,service:shop}] High CPU"


def recommended(**override: Any) -> dict[str, Any]:
    """The payload that docs/senders.md recommends."""
    return sample("datadog", **override)


def default(title: str = TITLE, **override: Any) -> dict[str, Any]:
    """The payload that the integration has before anybody changes it."""
    return changed(
        {
            "body": "CPU usage is over 90%.\n@webhook-airmend",
            "last_updated": "1772442000000",
            "event_type": "query_alert_monitor",
            "title": title,
            "date": "1772442000000",
            "org": {"id": "11023", "name": "Example"},
            "id": "7716548234011234567",
        },
        override,
    )


def read(document: dict[str, Any] | None = None, **override: Any) -> Alert:
    """The alert of a payload; of the recommended one where none is given."""
    body = recommended(**override) if document is None else document
    (alert,) = datadog.parse(body, {})
    return alert


def recovered(**override: Any) -> Alert:
    """The same alert when it is over."""
    own = {
        "alert_transition": "Recovered",
        "alert_type": "success",
        "title": "[P1] [Recovered on {host:web1}] High CPU on the shop",
        "alert_title": "[Recovered on {host:web1}] High CPU on the shop",
        "id": "7716548234019999999",
        "date": "1772443800000",
    }
    return read(**(own | override))


def test_every_field_finds_its_place() -> None:
    alert = read()
    assert (alert.source, alert.name) == ("datadog", "High CPU on the shop")
    assert alert.status is AlertStatus.FIRING
    assert alert.severity is Severity.CRITICAL
    assert alert.fingerprint == "datadog:1234567890:host:web1"
    assert (alert.service, alert.host) == ("shop", "web1")
    assert alert.summary.startswith("system.cpu.user over host:web1")
    assert alert.description == "CPU usage is over 90% on web1."
    assert alert.labels == {
        "env": "prod",
        "host": "web1",
        "monitor": "true",
        "service": "shop",
        "monitor_id": "1234567890",
        "alert_transition": "Triggered",
        "alert_type": "error",
        "alert_metric": "system.cpu.user",
        "alert_priority": "P1",
        "event_type": "query_alert_monitor",
        "org": "Example",
    }
    assert alert.annotations["query"].startswith("avg(last_5m)")
    assert (alert.starts_at, alert.ends_at) == (MOMENT, None)
    assert alert.link == "https://app.datadoghq.com/event/event?id=7716548234011234567"
    assert alert.links == {"snapshot": "https://app.datadoghq.com/snapshot/view/7"}
    assert alert.unmapped["last_updated"] == "1772442000000"


def test_a_recovery_is_the_end_of_the_same_alert() -> None:
    alert = recovered()
    assert alert.status is AlertStatus.RESOLVED
    assert alert.fingerprint == read().fingerprint
    assert (alert.starts_at, alert.ends_at) == (None, datetime(2026, 3, 2, 9, 30, tzinfo=UTC))
    assert alert.severity is Severity.CRITICAL


@pytest.mark.parametrize(
    ("transition", "status", "starts"),
    [
        ("Triggered", AlertStatus.FIRING, True),
        ("Re-Triggered", AlertStatus.FIRING, False),
        ("Warn", AlertStatus.FIRING, True),
        ("Re-Warn", AlertStatus.FIRING, False),
        ("No Data", AlertStatus.FIRING, True),
        ("No data", AlertStatus.FIRING, True),
        ("Re-No Data", AlertStatus.FIRING, False),
        ("Renotify", AlertStatus.FIRING, False),
        ("Recovered", AlertStatus.RESOLVED, False),
        ("recovered", AlertStatus.RESOLVED, False),
    ],
)
def test_a_transition_tells_whether_it_goes_on_and_a_first_one_when_it_began(
    transition: str, status: AlertStatus, starts: bool
) -> None:
    alert = read(alert_transition=transition)
    assert alert.status is status
    assert (alert.starts_at is not None) is starts


@pytest.mark.parametrize(
    ("title", "status", "name", "host"),
    [
        ("[Triggered on {host:web1}] High CPU", AlertStatus.FIRING, "High CPU", "web1"),
        ("[P2] [Warn on {host:web1,env:prod}] High CPU", AlertStatus.FIRING, "High CPU", "web1"),
        ("[Re-Triggered] High CPU", AlertStatus.FIRING, "High CPU", None),
        ("[Renotify on {service:shop}] Slow", AlertStatus.FIRING, "Slow", None),
        ("[Recovered on {host:web1}] High CPU", AlertStatus.RESOLVED, "High CPU", "web1"),
        ("[Recovered] [urgent] High CPU", AlertStatus.RESOLVED, "[urgent] High CPU", None),
        (
            "[Triggered on {host:サーバー1}] ディスク 💽",
            AlertStatus.FIRING,
            "ディスク 💽",
            "サーバー1",
        ),
    ],
)
def test_the_default_payload_tells_it_in_the_title(
    title: str, status: AlertStatus, name: str, host: str | None
) -> None:
    alert = read(default(title))
    assert (alert.status, alert.name, alert.host) == (status, name, host)


def test_the_default_payload_keeps_its_fingerprint_though_each_event_has_an_id() -> None:
    one = read(default())
    over = read(default(TITLE.replace("Triggered", "Recovered"), id="8"))
    assert one.fingerprint == over.fingerprint
    assert (one.service, one.host, one.severity) == ("shop", "web1", Severity.ERROR)
    for other in (
        default(TITLE.replace("web1", "web2")),
        default(TITLE.replace("CPU", "load")),
        default(org={"id": "7"}),
    ):
        assert read(other).fingerprint != one.fingerprint


@pytest.mark.parametrize(
    ("override", "severity"),
    [
        ({"alert_priority": "P2"}, Severity.ERROR),
        ({"alert_priority": 3}, Severity.WARNING),
        ({"alert_priority": "", "title": "[P4] [Triggered] A"}, Severity.INFO),
        ({"alert_priority": "$ALERT_PRIORITY", "title": "A", "priority": 4}, Severity.INFO),
        ({"alert_priority": None, "title": "A", "priority": "P3"}, Severity.WARNING),
        ({"alert_priority": None, "title": "A", "priority": "low"}, Severity.ERROR),
        ({"alert_priority": None, "title": "A", "severity": "critical"}, Severity.CRITICAL),
        ({"alert_priority": None, "title": "A", "alert_type": "warning"}, Severity.WARNING),
        ({"alert_priority": None, "title": "A", "alert_type": LEFT_OUT}, Severity.ERROR),
        (
            {"alert_priority": None, "title": "A", "alert_type": "", "alert_transition": "Warn"},
            Severity.WARNING,
        ),
        (
            {"alert_priority": None, "title": "A", "alert_type": "", "alert_transition": "No Data"},
            Severity.UNKNOWN,
        ),
    ],
)
def test_priorities_are_text_or_numbers_and_the_rest_stands_in(
    override: dict[str, Any], severity: Severity
) -> None:
    assert read(**override).severity is severity


def test_a_monitor_without_data_is_not_taken_for_the_trouble_it_measures() -> None:
    alert = read(alert_transition="No Data")
    assert alert.name == "High CPU on the shop (no data)"
    assert alert.fingerprint == read().fingerprint


@pytest.mark.parametrize(
    ("transition", "kind", "status"),
    [
        (LEFT_OUT, "error", AlertStatus.FIRING),
        ("$ALERT_TRANSITION", "warning", AlertStatus.FIRING),
        ("", "success", AlertStatus.RESOLVED),
    ],
)
def test_without_a_transition_the_type_tells_it(
    transition: Any, kind: str, status: AlertStatus
) -> None:
    alert = read(title="A", alert_title="A", alert_transition=transition, alert_type=kind)
    assert alert.status is status
    assert alert.starts_at is None


@pytest.mark.parametrize(
    ("keys", "host"),
    [
        ({"hostname": "web1:9100", "alert_scope": "host:web2"}, "web1"),
        ({"hostname": "$HOSTNAME", "alert_scope": "host:web2"}, "web2"),
        ({"hostname": "{{host.name}}", "tags": "env:prod,host:web3"}, "web3"),
        ({"alert_scope": "host:web1", "tags": "host:web1, host:web9"}, "web1"),
        ({"scopes": ["host:web1", "env:prod"]}, "web1"),
        ({"scopes": [], "title": "[Triggered on {host:web4}] A"}, "web4"),
        ({"alert_scope": "host:a,host:b"}, None),
        ({"alert_scope": "*", "tags": "env:prod"}, None),
        ({"tags": ["host:{{host.name}}"]}, None),
        ({"hostname": None, "alert_scope": None, "tags": None}, None),
        ({"hostname": {"name": "web1"}}, None),
    ],
)
def test_the_host_is_a_host_or_nothing(keys: dict[str, Any], host: str | None) -> None:
    assert read({"title": "[Triggered] A"} | keys).host == host


@pytest.mark.parametrize(
    "tags", ["env:prod, service:shop", "env:prod,service:shop", ["env:prod", "service:shop"]]
)
def test_tags_come_in_one_text_or_as_a_list(tags: Any) -> None:
    alert = read(tags=tags)
    assert (alert.labels["env"], alert.service) == ("prod", "shop")


def test_placeholders_are_no_tags() -> None:
    assert "$TAGS" not in read(tags="$TAGS").labels
    assert read(tags="$TAGS[env]", snapshot="$SNAPSHOT", link="$LINK").link is None


@pytest.mark.parametrize(
    "keys",
    [
        {"alertId": "7", "alertTransition": "Recovered", "eventTitle": "A", "alertScope": "host:b"},
        {
            "ALERT_ID": 7,
            "ALERT_TRANSITION": "Recovered",
            "EVENT_TITLE": "A",
            "ALERT_SCOPE": "host:b",
        },
        {"monitor_id": 7, "transition": "Recovered", "title": "A", "scope": "host:b"},
    ],
)
def test_people_name_the_keys_as_they_like(keys: dict[str, Any]) -> None:
    alert = read(keys)
    assert alert.fingerprint == "datadog:7:host:b"
    assert (alert.status, alert.host, alert.name) == (AlertStatus.RESOLVED, "b", "A")


@pytest.mark.parametrize(
    ("override", "fingerprint"),
    [
        ({"alert_scope": "b:2,a:1"}, "datadog:1234567890:a:1,b:2"),
        ({"alert_id": LEFT_OUT}, "datadog:9bd4ac313a4d1e8fae2482df7b77628"),
        ({"alert_id": "$ALERT_ID", "aggreg_key": ""}, "datadog:1772442000011550000"),
    ],
)
def test_the_steadiest_key_identifies(override: dict[str, Any], fingerprint: str) -> None:
    assert read(**override).fingerprint == fingerprint
    assert recovered(**override).fingerprint == fingerprint


def test_hosts_of_one_monitor_are_alerts_of_their_own_without_a_scope_too() -> None:
    bare: dict[str, Any] = {"alert_scope": "", "title": "A", "alert_title": "A", "aggreg_key": ""}
    assert read(**bare).fingerprint != read(**bare, hostname="web2").fingerprint


def test_a_test_notification_is_marked() -> None:
    assert read(default("[TEST] [Triggered on {host:web1}] High CPU")).is_test
    assert not read(default("[Triggered] TEST failed")).is_test


@pytest.mark.parametrize("date", [1772442000, "1772442000", 1772442000000, "2026-03-02T09:00:00Z"])
def test_times_are_read_in_every_form(date: Any) -> None:
    assert read(date=date).starts_at == MOMENT


def test_a_time_that_cannot_be_read_is_kept_as_it_came() -> None:
    assert read(date="yesterday").unmapped["date"] == "yesterday"
    assert read(date="$DATE").starts_at is None


def test_a_delivery_is_one_event_and_what_happened() -> None:
    one = datadog.delivery_id({}, recommended())
    assert one == "7716548234011234567 Triggered"
    assert one != datadog.delivery_id({}, recommended(alert_transition="Recovered"))
    assert datadog.delivery_id({}, default()) != datadog.delivery_id({}, default("[Recovered] A"))
    assert datadog.delivery_id({"webhook-id": "msg_1"}, recommended()) == "msg_1"


@pytest.mark.parametrize("body", [None, [], "x", {}, recommended(id="$ID"), recommended(id=[1])])
def test_without_an_event_id_there_is_no_delivery_id(body: Any) -> None:
    assert datadog.delivery_id({}, body) is None


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], ""),
        ({}, "title"),
        (default("$EVENT_TITLE"), "title"),
        (default("[Triggered on {host:web1}]"), "title"),
        (default("High CPU"), "alert_transition"),
        (recommended(alert_transition="Exploded"), "alert_transition"),
        (default("New release", event_type="service_check"), "alert_transition"),
        (
            {"title": "High CPU", "type": "metric alert", "priority": "P3", "monitor_id": "1"},
            "alert_transition",
        ),
        (default("A", alert_type="info"), "alert_transition"),
    ],
)
def test_a_mistake_names_its_field(document: Any, field: str) -> None:
    with pytest.raises(PayloadError) as caught:
        datadog.parse(document, {})
    assert caught.value.field == field


def test_a_title_of_brackets_alone_is_no_burden() -> None:
    with pytest.raises(PayloadError):
        datadog.parse(default("[P1]" * 100_000), {})
