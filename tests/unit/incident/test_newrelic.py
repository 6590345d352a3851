"""What New Relic sends, read as alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airmend.errors import PayloadError
from airmend.incident.model import Alert, AlertStatus, Severity
from airmend.incident.sources import newrelic
from tests.unit.incident.sample_files import LEFT_OUT, changed, sample

CREATED = datetime(2026, 3, 2, 9, 0, 0, 151_000, UTC)
UPDATED = datetime(2026, 3, 2, 9, 0, 10, 519_000, UTC)


def read(**override: Any) -> Alert:
    """The alert of an issue with fields replaced or left out."""
    (alert,) = newrelic.parse(sample("newrelic", **override), {})
    return alert


def incident(**override: Any) -> dict[str, Any]:
    """What a notification channel sent."""
    return changed(
        {
            "account_id": 1234567,
            "account_name": "Acme",
            "condition_id": 998877,
            "condition_name": "High CPU",
            "current_state": "open",
            "details": "CPU > 90% for 5 minutes",
            "event_type": "INCIDENT",
            "incident_acknowledge_url": "https://alerts.newrelic.com/accounts/1/incidents/9/ack",
            "incident_id": 9876543,
            "incident_url": "https://alerts.newrelic.com/accounts/1/incidents/9876543",
            "policy_name": "Web tier",
            "policy_url": "https://alerts.newrelic.com/accounts/1/policies/111",
            "runbook_url": "https://wiki.example/cpu",
            "severity": "WARNING",
            "targets": [
                {
                    "id": "host:abc",
                    "name": "web1",
                    "link": "https://rpm.newrelic.com/accounts/1/servers/1",
                    "labels": {"environment": "production"},
                    "product": "INFRASTRUCTURE",
                    "type": "Server",
                }
            ],
            "timestamp": 1772442000151,
            "duration": 120,
            "version": "1.0",
        },
        override,
    )


def read_incident(**override: Any) -> Alert:
    """The alert of an incident with fields replaced or left out."""
    (alert,) = newrelic.parse(incident(**override), {})
    return alert


def test_every_field_of_an_issue_finds_its_place() -> None:
    alert = read()
    assert (alert.source, alert.name) == ("newrelic", "Shop errors")
    assert alert.status is AlertStatus.FIRING
    assert alert.severity is Severity.CRITICAL
    assert alert.fingerprint == "newrelic:98441886-dfc8-4090-afc2-bfd7a1ac8e59"
    assert (alert.service, alert.host) == ("shop", "shop")
    assert alert.summary == "shop query result is > 5.0 for 1 minutes on 'Shop errors'"
    assert (alert.starts_at, alert.ends_at) == (CREATED, None)
    assert alert.link is not None
    assert alert.link.endswith("?notifier=WEBHOOK")
    assert alert.labels == {
        "policy": "Golden signals",
        "condition": "Shop errors",
        "entity": "shop",
        "workflow": "To Airmend",
    }
    assert alert.unmapped["trigger"] == "INCIDENT_ADDED"
    assert not alert.is_test


def test_every_field_of_an_incident_finds_its_place() -> None:
    alert = read_incident()
    assert alert.name == "High CPU"
    assert alert.severity is Severity.WARNING
    assert alert.fingerprint == "newrelic:incident:9876543"
    assert (alert.service, alert.host) == (None, "web1")
    assert alert.summary == alert.description == "CPU > 90% for 5 minutes"
    assert (alert.starts_at, alert.ends_at) == (CREATED, None)
    assert alert.link == "https://alerts.newrelic.com/accounts/1/incidents/9876543"
    assert alert.links == {
        "runbook": "https://wiki.example/cpu",
        "policy": "https://alerts.newrelic.com/accounts/1/policies/111",
    }
    assert alert.labels["environment"] == "production"
    assert alert.labels["account"] == "1234567"
    assert alert.unmapped["account_name"] == "Acme"


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("CREATED", AlertStatus.FIRING),
        ("ACTIVATED", AlertStatus.FIRING),
        ("activated", AlertStatus.FIRING),
        ("open", AlertStatus.FIRING),
        ("CLOSED", AlertStatus.RESOLVED),
        ("DEACTIVATED", AlertStatus.RESOLVED),
    ],
)
def test_states_fire_or_are_over(state: str, status: AlertStatus) -> None:
    assert read(state=state).status is status
    assert read_incident(current_state=state).status is status


def test_that_somebody_acknowledged_it_is_no_alert() -> None:
    assert newrelic.parse(sample("newrelic", state="ACKNOWLEDGED"), {}) == []
    assert newrelic.parse(incident(current_state="acknowledged"), {}) == []


def test_an_issue_keeps_its_fingerprint_and_its_start_until_it_is_closed() -> None:
    over = read(state="CLOSED", trigger="INCIDENT_CLOSED", closedAt=1772442010519)
    assert over.fingerprint == read().fingerprint
    assert (over.starts_at, over.ends_at) == (CREATED, UPDATED)
    assert read(state="CLOSED").ends_at == UPDATED
    closed = read_incident(current_state="closed")
    assert closed.fingerprint == read_incident().fingerprint
    assert (closed.starts_at, closed.ends_at) == (None, CREATED)


@pytest.mark.parametrize(
    "override",
    [
        {"id": LEFT_OUT, "issueId": "98441886-dfc8-4090-afc2-bfd7a1ac8e59"},
        {"id": LEFT_OUT},
        {"id": None},
        {"id": "{{ issueId }}"},
        {
            "id": LEFT_OUT,
            "issueUrl": LEFT_OUT,
            "issuePageUrl": "https://radar-api.service.newrelic.com/accounts/1/issues/"
            "98441886-dfc8-4090-afc2-bfd7a1ac8e59",
        },
    ],
    ids=str,
)
def test_the_issue_is_known_from_whatever_names_it(override: dict[str, Any]) -> None:
    assert read(**override).fingerprint == read().fingerprint


def test_a_number_as_an_id_is_an_id() -> None:
    assert read(id=1234).fingerprint == "newrelic:1234"


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("CRITICAL", Severity.CRITICAL),
        ("HIGH", Severity.ERROR),
        ("Medium", Severity.WARNING),
        ("LOW", Severity.INFO),
        (None, Severity.UNKNOWN),
        (7, Severity.UNKNOWN),
    ],
)
def test_priorities_are_severities(word: Any, severity: Severity) -> None:
    assert read(priority=word).severity is severity


@pytest.mark.parametrize(
    ("override", "host", "service"),
    [
        ({"impactedEntities": ["web1", "web1"]}, "web1", "web1"),
        ({"impactedEntities": ["web1", "web2"]}, None, None),
        ({"impactedEntities": []}, None, None),
        ({"impactedEntities": None}, None, None),
        ({"impactedEntities": "web1"}, "web1", "web1"),
        ({"impactedEntities": ["Shop frontend"]}, None, "Shop frontend"),
        ({"impactedEntities": ["web1:80"]}, "web1", "web1:80"),
        ({"entitiesData": {"types": ["HOST"]}}, "shop", None),
        ({"entitiesData": {"types": ["APPLICATION"]}}, None, "shop"),
        ({"entitiesData": {"types": ["MONITOR"]}}, None, None),
        ({"host": "web1", "service": "cart"}, "web1", "cart"),
        ({"host": "{{ host }}"}, "shop", "shop"),
        ({"accumulations": {"tag": {"fullHostname": ["web1"]}}}, "web1", "shop"),
        ({"accumulations": {"tag": {"host": ["a", "b"], "service": ["cart"]}}}, "shop", "cart"),
    ],
)
def test_an_entity_counts_by_its_kind(
    override: dict[str, Any], host: str | None, service: str | None
) -> None:
    alert = read(**override)
    assert (alert.host, alert.service) == (host, service)


def test_accumulated_tags_are_labels() -> None:
    alert = read(
        accumulations={
            "tag": {"team": ["web"], "zone": ["a", "b"]},
            "runbookUrl": ["https://wiki.example/shop"],
            "nrqlQuery": ["SELECT count(*) FROM Transaction"],
        }
    )
    assert (alert.labels["team"], alert.labels["zone"]) == ("web", "a,b")
    assert alert.links == {"runbook": "https://wiki.example/shop"}
    assert alert.unmapped["accumulations"]["nrqlQuery"]


@pytest.mark.parametrize(
    ("override", "name"),
    [
        ({"alertConditionNames": ["one", "two"]}, "one"),
        ({"alertConditionNames": "one,two"}, "one,two"),
        ({"alertConditionNames": [None, {}, "x"]}, "x"),
        (
            {"alertConditionNames": LEFT_OUT, "accumulations": {"conditionName": ["p95"]}},
            "p95",
        ),
        ({"alertConditionNames": [], "title": "Langsam: 店"}, "Langsam: 店"),
        ({"alertConditionNames": None, "title": None}, "Golden signals"),
        (
            {"alertConditionNames": None, "title": None, "alertPolicyNames": None},
            "issue",
        ),
    ],
)
def test_the_condition_is_the_name_or_what_comes_next(override: dict[str, Any], name: str) -> None:
    assert read(**override).name == name


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (1772442000151, CREATED),
        ("1772442000151", CREATED),
        ("2026-03-02T09:00:00.151Z", CREATED),
        ("1713766657asdasd383", None),
        (None, None),
    ],
)
def test_times_are_read_or_left_out(value: Any, moment: datetime | None) -> None:
    assert read(createdAt=value).starts_at == moment


def test_a_time_that_cannot_be_read_is_kept_as_it_came() -> None:
    assert read(createdAt="1713766657asdasd383").unmapped["createdAt"] == "1713766657asdasd383"


@pytest.mark.parametrize(
    "document",
    [
        sample("newrelic", id="d1b1f3fd-995a-4066-88ab-8ce4f6960654"),
        incident(current_state="test", incident_id=0, event_type="NOTIFICATION"),
        incident(current_state="OPEN", incident_id=0, event_type="NOTIFICATION"),
    ],
)
def test_a_test_notification_is_told(document: dict[str, Any]) -> None:
    (alert,) = newrelic.parse(document, {})
    assert alert.is_test
    assert alert.status is AlertStatus.FIRING


@pytest.mark.parametrize("targets", [None, [], [None], "web1", [["x"]], {"name": "web1"}])
def test_targets_of_any_form_are_no_crash(targets: Any) -> None:
    assert read_incident(targets=targets).host in {None, "web1"}


def test_new_relic_gives_no_delivery_id_but_a_signing_proxy_does() -> None:
    assert newrelic.delivery_id({}, sample("newrelic")) is None
    assert newrelic.delivery_id({"webhook-id": "msg_1"}, {}) == "msg_1"


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], ""),
        (None, ""),
        ({}, "issueId"),
        ({"timestamp": 1605133931151, "current_state": "open"}, "issueId"),
        ({"unrecognized1": "x"}, "issueId"),
        (sample("newrelic", id={}, issueUrl=7), "issueId"),
        (sample("newrelic", state="hello world"), "state"),
        (sample("newrelic", state=None), "state"),
        (incident(current_state=LEFT_OUT), "state"),
    ],
)
def test_a_mistake_names_its_field(document: Any, field: str) -> None:
    with pytest.raises(PayloadError) as caught:
        newrelic.parse(document, {})
    assert caught.value.field == field
