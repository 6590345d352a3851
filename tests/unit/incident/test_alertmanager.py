"""What Alertmanager sends, read as alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airmend.errors import PayloadError
from airmend.incident.fields import MAX_ALERTS
from airmend.incident.model import Alert, AlertStatus, Severity
from airmend.incident.sources import alertmanager
from tests.unit.incident.documents import alertmanager_alert, alertmanager_group


def read(**override: Any) -> Alert:
    """The alert that a group with this one alert gives."""
    (alert,) = alertmanager.parse(alertmanager_group(alertmanager_alert(**override)), {})
    return alert


def read_labels(**labels: Any) -> Alert:
    """The alert with these labels beside its name."""
    return read(labels={"alertname": "ServiceDown"} | labels)


def test_every_field_finds_its_place() -> None:
    alert = read()
    assert alert.source == "alertmanager"
    assert alert.name == "ServiceDown"
    assert alert.status is AlertStatus.FIRING
    assert alert.severity is Severity.CRITICAL
    assert alert.fingerprint == "alertmanager:c8a1f6a6f9d4b3e2"
    assert (alert.service, alert.host) == ("shop", "web1")
    assert (alert.summary, alert.description) == ("The shop on web1 is down.", "No answer.")
    assert alert.labels["instance"] == "web1:9100"
    assert alert.link == "http://prometheus.example:9090/graph?g0.expr=up"


def test_what_belongs_to_the_group_is_kept_with_every_alert() -> None:
    alert = read()
    assert alert.unmapped["groupLabels"] == {"alertname": "ServiceDown"}
    assert alert.unmapped["externalURL"] == "http://alertmanager.example:9093"
    assert alert.unmapped["receiver"] == "airmend"


def test_each_alert_has_its_own_status() -> None:
    group = alertmanager_group(
        alertmanager_alert(), alertmanager_alert(status="resolved"), status="firing"
    )
    statuses = [alert.status for alert in alertmanager.parse(group, {})]
    assert statuses == [AlertStatus.FIRING, AlertStatus.RESOLVED]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-02T09:00:00.123456789Z", datetime(2026, 3, 2, 9, 0, 0, 123456, UTC)),
        ("2026-03-02T09:00:00-04:00", datetime(2026, 3, 2, 13, tzinfo=UTC)),
        ("2026-03-02T09:00:00", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+05:00", None),
        ("9999-12-31T23:59:59-05:00", None),
        ("yesterday", None),
        ("", None),
        (17, None),
        (None, None),
        ({"a": 1}, None),
    ],
)
def test_times_are_read_or_left_out_never_guessed(text: Any, moment: datetime | None) -> None:
    assert read(startsAt=text).starts_at == moment


def test_a_time_that_cannot_be_read_is_kept_as_it_came() -> None:
    alert = read(startsAt="yesterday", endsAt="0001-01-01T00:00:00Z")
    assert alert.unmapped["startsAt"] == "yesterday"
    assert "endsAt" not in alert.unmapped


@pytest.mark.parametrize(
    ("instance", "host"),
    [
        ("web1:9100", "web1"),
        ("web1", "web1"),
        ("10.0.0.7:9100", "10.0.0.7"),
        ("[fd00::7]:9100", "fd00::7"),
        ("fd00::7", "fd00::7"),
        ("https://shop.example:8443/cart", "shop.example"),
        ("http://[broken", None),
        ("web1:metrics", "web1:metrics"),
    ],
)
def test_the_host_comes_without_its_port(instance: str, host: str | None) -> None:
    assert read_labels(instance=instance).host == host


def test_service_goes_before_job_and_instance_before_host_and_node() -> None:
    alert = read_labels(service="cart", job="shop", node="n1", host="h1", instance="i1:1")
    assert (alert.service, alert.host) == ("cart", "i1")
    assert read_labels(node="n1").host == "n1"
    assert read_labels().host is None


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("critical", Severity.CRITICAL),
        ("PAGE", Severity.CRITICAL),
        ("error", Severity.ERROR),
        (" warning ", Severity.WARNING),
        ("none", Severity.INFO),
        ("purple", Severity.UNKNOWN),
        (7, Severity.UNKNOWN),
    ],
)
def test_words_for_severity_are_known_or_unknown(word: Any, severity: Severity) -> None:
    assert read_labels(severity=word).severity is severity


@pytest.mark.parametrize("link", ["javascript:alert(1)", "ftp://x/y", "http://", "http://[", 4, ""])
def test_a_link_that_a_person_must_not_click_falls_back_to_alertmanager(link: Any) -> None:
    assert read(generatorURL=link).link == "http://alertmanager.example:9093"


def test_labels_that_are_no_text_are_kept_as_text_or_apart() -> None:
    alert = read_labels(shard=7, canary=True, owners=["a", "b"], zone=None)
    assert (alert.labels["shard"], alert.labels["canary"]) == ("7", "true")
    assert alert.unmapped["labels"] == {"owners": ["a", "b"], "zone": None}


def test_what_a_database_refuses_is_replaced() -> None:
    alert = read_labels(unit="a\x00b", other="c\ud800d", size=10**400)
    assert (alert.labels["unit"], alert.labels["other"]) == ("a\ufffdb", "c\ufffdd")
    assert alert.labels["size"] == "1" + "0" * 400
    assert alert.model_dump_json().encode()


def test_a_long_text_is_cut_where_it_shows() -> None:
    alert = read_labels(instance="w" * 5000, job="j" * 5000)
    assert alert.host is not None
    assert alert.host.endswith("…")
    assert len(alert.host) == 200
    assert alert.service is not None
    assert len(alert.service) == 200


def test_without_a_fingerprint_the_labels_identify() -> None:
    one = read(fingerprint=None)
    again = read(fingerprint=None, status="resolved")
    labels = alertmanager_alert()["labels"]
    other = read(fingerprint=None, labels=labels | {"instance": "web2:9100"})
    assert one.fingerprint == again.fingerprint != other.fingerprint
    assert one.fingerprint.startswith("alertmanager:")


def test_labels_that_differ_beyond_the_cut_are_two_alerts() -> None:
    labels = alertmanager_alert()["labels"]
    one, two = (
        read(fingerprint="", labels=labels | {"path": "x" * 3000 + end}) for end in ("a", "b")
    )
    assert one.labels == two.labels
    assert one.fingerprint != two.fingerprint


def test_an_empty_group_has_no_alerts() -> None:
    assert alertmanager.parse(alertmanager_group(alerts=[]), {}) == []


def test_alertmanager_gives_no_delivery_id_but_a_signing_proxy_does() -> None:
    assert alertmanager.delivery_id({}, alertmanager_group()) is None
    assert alertmanager.delivery_id({"webhook-id": "msg_1"}, alertmanager_group()) == "msg_1"


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], ""),
        (None, ""),
        ("text", ""),
        (alertmanager_group(version="3"), "version"),
        (alertmanager_group(version=None), "version"),
        (alertmanager_group(alerts=None), "alerts"),
        (alertmanager_group(alerts={}), "alerts"),
        (alertmanager_group(alerts=[{}] * (MAX_ALERTS + 1)), "alerts"),
        (alertmanager_group("x"), "alerts[0]"),
        (alertmanager_group(alertmanager_alert(), {}), "alerts[1].labels.alertname"),
        (alertmanager_group(alertmanager_alert(labels=[])), "alerts[0].labels"),
        (alertmanager_group(alertmanager_alert(annotations="x")), "alerts[0].annotations"),
        (alertmanager_group(alertmanager_alert(status="suppressed")), "alerts[0].status"),
        (alertmanager_group(alertmanager_alert(status=None)), "alerts[0].status"),
    ],
)
def test_a_mistake_names_its_field(document: Any, field: str) -> None:
    with pytest.raises(PayloadError) as caught:
        alertmanager.parse(document, {})
    assert caught.value.field == field


def test_data_shared_by_a_thousand_alerts_stays_small() -> None:
    group = alertmanager_group(
        *[alertmanager_alert() for _ in range(MAX_ALERTS)],
        commonAnnotations={"text": "x" * 500_000},
    )
    alerts = alertmanager.parse(group, {})
    assert sum(len(alert.model_dump_json()) for alert in alerts) < 12_000_000
    assert "cut" in alerts[0].unmapped
