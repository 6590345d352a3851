"""What Grafana sends, read as alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airmend.errors import PayloadError
from airmend.incident.fields import MAX_ALERTS
from airmend.incident.model import Alert, AlertStatus, Severity
from airmend.incident.sources import grafana
from tests.unit.incident.sample_files import LEFT_OUT, changed, sample


def grafana_alert(**override: Any) -> dict[str, Any]:
    """One alert of a group."""
    return changed(sample("grafana")["alerts"][0], override)


def read(**override: Any) -> Alert:
    """The alert that a group with this one alert gives."""
    (alert,) = grafana.parse(sample("grafana", alerts=[grafana_alert(**override)]), {})
    return alert


def legacy_rule(**override: Any) -> dict[str, Any]:
    """What legacy alerting sent, Grafana 4 to 10."""
    return changed(
        {
            "dashboardId": 4,
            "evalMatches": [{"value": 100, "metric": "High", "tags": None}],
            "imageUrl": "https://grafana.example/image.png",
            "message": "The shop is slow.",
            "orgId": 1,
            "panelId": 2,
            "ruleId": 17,
            "ruleName": "ShopSlow",
            "ruleUrl": "https://grafana.example/d/shop?tab=alert",
            "state": "alerting",
            "tags": {"service": "shop", "severity": "high"},
            "title": "[Alerting] ShopSlow",
        },
        override,
    )


def read_legacy(**override: Any) -> Alert:
    """The alert that a legacy rule gives."""
    (alert,) = grafana.parse(legacy_rule(**override), {})
    return alert


def test_every_field_finds_its_place() -> None:
    alert = read()
    assert (alert.source, alert.name) == ("grafana", "ServiceDown")
    assert alert.status is AlertStatus.FIRING
    assert alert.severity is Severity.CRITICAL
    assert alert.fingerprint == "grafana:c6eadffa33fcdf37"
    assert (alert.service, alert.host) == ("shop", "web1")
    assert (alert.summary, alert.description) == (
        "The shop on web1 is down.",
        "No answer for a minute.",
    )
    assert alert.labels["grafana_folder"] == "Shop"
    assert alert.starts_at == datetime(2026, 3, 2, 9, 0, 0, 123456, UTC)
    assert alert.ends_at is None
    assert alert.link == "https://grafana.example/alerting/grafana/aaaa1111/view?orgId=1"
    assert alert.links == {
        "silence": "https://grafana.example/alerting/silence/new?alertmanager=grafana",
        "dashboard": "https://grafana.example/d/shop?orgId=1",
        "panel": "https://grafana.example/d/shop?orgId=1&viewPanel=2",
        "runbook": "https://wiki.example/shop",
    }
    assert not alert.is_test


def test_values_of_the_queries_are_annotations() -> None:
    alert = read()
    assert (alert.annotations["values.A"], alert.annotations["values.C"]) == ("0", "1")
    assert alert.annotations["valueString"].startswith("[ var='A'")


def test_what_belongs_to_the_group_is_kept_with_every_alert() -> None:
    alert = read()
    assert alert.unmapped["receiver"] == "airmend"
    assert alert.unmapped["orgId"] == 1
    assert alert.unmapped["groupLabels"]["grafana_folder"] == "Shop"
    assert "alerts" not in alert.unmapped


def test_a_field_that_grafana_adds_one_day_is_kept() -> None:
    assert read(ruleUID="aaaa1111").unmapped["ruleUID"] == "aaaa1111"


def test_firing_and_resolved_come_in_one_post() -> None:
    resolved = grafana_alert(status="resolved", endsAt="2026-03-02T09:30:00+01:00")
    other = grafana_alert(fingerprint="bc97ff14869b13e3")
    alerts = grafana.parse(sample("grafana", alerts=[resolved, other]), {})
    assert [alert.status for alert in alerts] == [AlertStatus.RESOLVED, AlertStatus.FIRING]
    assert alerts[0].ends_at == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    assert alerts[0].fingerprint == read().fingerprint != alerts[1].fingerprint


@pytest.mark.parametrize("alerts", [[], [grafana_alert()] * 3])
def test_a_group_has_as_many_alerts_as_it_has(alerts: list[Any]) -> None:
    assert len(grafana.parse(sample("grafana", alerts=alerts), {})) == len(alerts)


@pytest.mark.parametrize("labels", [{}, None, LEFT_OUT])
def test_empty_labels_are_no_mistake_where_a_fingerprint_identifies(labels: Any) -> None:
    document = sample(
        "grafana",
        alerts=[grafana_alert(labels=labels, annotations=labels)],
        commonLabels={},
        groupLabels={},
    )
    (alert,) = grafana.parse(document, {})
    assert alert.name == "alert without a name"
    assert alert.fingerprint == "grafana:c6eadffa33fcdf37"
    assert (alert.host, alert.service, alert.severity) == (None, None, Severity.UNKNOWN)


def test_a_name_may_stand_with_the_group() -> None:
    assert read(labels={"team": "blue"}).name == "ServiceDown"


def test_without_a_fingerprint_the_labels_identify() -> None:
    labels = grafana_alert()["labels"]
    one, again = read(fingerprint=""), read(fingerprint=LEFT_OUT, status="resolved")
    other = read(fingerprint=None, labels=labels | {"instance": "web2:9100"})
    assert one.fingerprint == again.fingerprint != other.fingerprint


def test_labels_that_differ_beyond_the_cut_are_two_alerts() -> None:
    one, two = (read(fingerprint="", labels={"path": "x" * 3000 + end}) for end in ("a", "b"))
    assert one.labels == two.labels
    assert one.fingerprint != two.fingerprint


def test_no_data_fires_under_another_name_so_that_no_runbook_takes_it_for_the_rule() -> None:
    alert = read(labels={"alertname": "DatasourceNoData", "rulename": "ServiceDown"})
    assert (alert.name, alert.labels["rulename"]) == ("DatasourceNoData", "ServiceDown")


@pytest.mark.parametrize(
    ("labels", "host"),
    [
        ({"instance": "[no value]", "host": "web2"}, "web2"),
        ({"instance": "{{ $labels.instance }}"}, None),
        ({"instance": "{{ $labels.instance }}:9100"}, None),
        ({"instance": "https://shop.example:8443/cart"}, "shop.example"),
        ({"instance": "[fd00::7]:9100"}, "fd00::7"),
        ({"node": "k8s-3", "pod": "shop-1"}, "k8s-3"),
        ({"instance": "サーバー1:9100"}, "サーバー1"),
        ({"instance": 7}, "7"),
        ({"instance": None, "team": "blue"}, None),
    ],
)
def test_the_host_is_a_host_or_nothing(labels: dict[str, Any], host: str | None) -> None:
    assert read(labels=labels).host == host


def test_texts_of_any_script_are_kept() -> None:
    alert = read(
        labels={"alertname": "Диск заполнен", "instance": "db1"},
        annotations={"summary": "磁盘已满 💽", "description": "القرص ممتلئ"},
    )
    assert (alert.name, alert.summary) == ("Диск заполнен", "磁盘已满 💽")
    assert alert.description == "القرص ممتلئ"


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("P1", Severity.CRITICAL),
        ("high", Severity.ERROR),
        ("warning", Severity.WARNING),
        (3, Severity.WARNING),
        ("purple", Severity.UNKNOWN),
        ("", Severity.UNKNOWN),
    ],
)
def test_severity_is_a_label_that_people_write(word: Any, severity: Severity) -> None:
    assert read(labels={"alertname": "A", "severity": word}).severity is severity


def test_a_template_may_print_times_as_go_does() -> None:
    alert = read(
        startsAt="2026-03-02 09:00:00.112013015 +0000 UTC m=+8560.285724134",
        endsAt="0001-01-01 00:00:00 +0000 UTC",
    )
    assert alert.starts_at == datetime(2026, 3, 2, 9, 0, 0, 112013, UTC)
    assert alert.ends_at is None
    assert "endsAt" not in alert.unmapped


def test_a_time_that_cannot_be_read_is_kept_as_it_came() -> None:
    alert = read(startsAt="yesterday")
    assert alert.starts_at is None
    assert alert.unmapped["startsAt"] == "yesterday"


@pytest.mark.parametrize("link", ["", None, "javascript:alert(1)", 7, {"a": 1}])
def test_without_a_rule_to_click_the_panel_is_the_link(link: Any) -> None:
    assert read(generatorURL=link).link == "https://grafana.example/d/shop?orgId=1&viewPanel=2"


def test_without_any_other_link_it_leads_to_grafana() -> None:
    alert = read(generatorURL="", panelURL="", dashboardURL="", silenceURL="")
    assert alert.link == "https://grafana.example/"
    assert alert.links == {"runbook": "https://wiki.example/shop"}


@pytest.mark.parametrize("values", [None, {}, LEFT_OUT])
def test_missing_and_null_values_are_no_mistake(values: Any) -> None:
    assert "values.A" not in read(values=values, valueString=None).annotations


def test_values_in_a_form_that_nobody_knows_are_kept() -> None:
    assert read(values=[1, 2]).unmapped["values"] == [1, 2]


@pytest.mark.parametrize("status", ["firing", "resolved"])
def test_the_button_test_makes_a_test_alert(status: str) -> None:
    labels = {"alertname": "TestAlert", "instance": "Grafana"}
    assert read(labels=labels, status=status).is_test


def test_the_button_test_with_labels_of_ones_own_is_known_by_its_group() -> None:
    document = sample("grafana", groupKey="webhook-c6eadffa33fcdf37-1772442000")
    (alert,) = grafana.parse(document, {})
    assert alert.is_test


@pytest.mark.parametrize(
    "labels",
    [
        {"alertname": "TestAlert", "instance": "web1"},
        {"alertname": "ServiceDown", "instance": "Grafana"},
        {"alertname": "ServiceDown", "test": "true"},
    ],
)
def test_an_alert_that_only_looks_like_a_test_is_none(labels: dict[str, str]) -> None:
    assert not read(labels=labels).is_test


def test_a_template_of_ones_own_may_leave_out_what_only_describes() -> None:
    document = {"alerts": [{"status": "resolved", "labels": {"alertname": "A", "host": "web1"}}]}
    (alert,) = grafana.parse(document, {})
    assert (alert.name, alert.host, alert.status) == ("A", "web1", AlertStatus.RESOLVED)


def test_a_legacy_rule_is_read_too() -> None:
    alert = read_legacy()
    assert (alert.name, alert.status) == ("ShopSlow", AlertStatus.FIRING)
    assert (alert.service, alert.severity) == ("shop", Severity.ERROR)
    assert alert.summary == "The shop is slow."
    assert alert.link == "https://grafana.example/d/shop?tab=alert"
    assert alert.links == {"image": "https://grafana.example/image.png"}
    assert alert.unmapped["evalMatches"][0]["metric"] == "High"
    assert alert.fingerprint == read_legacy(state="ok", title="[OK] ShopSlow").fingerprint
    assert read_legacy(state="ok").status is AlertStatus.RESOLVED
    assert read_legacy(ruleId=18).fingerprint != alert.fingerprint


@pytest.mark.parametrize("state", ["paused", "pending", "no_data", "unknown"])
def test_a_legacy_rule_that_neither_fires_nor_is_over_gives_no_alert(state: str) -> None:
    assert grafana.parse(legacy_rule(state=state, tags={}), {}) == []


def test_grafana_gives_no_delivery_id_but_a_signing_proxy_does() -> None:
    assert grafana.delivery_id({}, sample("grafana")) is None
    assert grafana.delivery_id({"webhook-id": "msg_1"}, sample("grafana")) == "msg_1"


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], ""),
        (None, ""),
        ({"text": "TestAlert - Notification test"}, "alerts"),
        (sample("grafana", alerts=None), "alerts"),
        (sample("grafana", alerts={}), "alerts"),
        (sample("grafana", alerts=[{}] * (MAX_ALERTS + 1)), "alerts"),
        (sample("grafana", alerts=["x"]), "alerts[0]"),
        (sample("grafana", version="4"), "version"),
        (sample("grafana", version=2), "version"),
        (
            sample("grafana", alerts=[grafana_alert(), {"status": "firing"}]),
            "alerts[1].fingerprint",
        ),
        (sample("grafana", alerts=[grafana_alert(labels="x")]), "alerts[0].labels"),
        (sample("grafana", alerts=[grafana_alert(annotations=["x"])]), "alerts[0].annotations"),
        (sample("grafana", alerts=[grafana_alert(status="alerting")]), "alerts[0].status"),
        (sample("grafana", alerts=[grafana_alert(status=LEFT_OUT)]), "alerts[0].status"),
        (legacy_rule(state="exploded"), "state"),
        (legacy_rule(state=None), "state"),
        (legacy_rule(ruleName=["x"]), "ruleName"),
    ],
)
def test_a_mistake_names_its_field(document: Any, field: str) -> None:
    with pytest.raises(PayloadError) as caught:
        grafana.parse(document, {})
    assert caught.value.field == field


def test_data_shared_by_a_thousand_alerts_stays_small() -> None:
    document = sample("grafana", alerts=[grafana_alert()] * MAX_ALERTS, message="x" * 500_000)
    alerts = grafana.parse(document, {})
    assert sum(len(alert.model_dump_json()) for alert in alerts) < 14_000_000
    assert "cut" in alerts[0].unmapped
