"""What Sentry sends, read as alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airmend.errors import PayloadError
from airmend.incident.model import Alert, AlertStatus, Severity
from airmend.incident.sources import sentry
from tests.unit.incident.sample_files import LEFT_OUT, changed, sample

MOMENT = datetime(2026, 3, 2, 9, 0, 0, 391_000, UTC)
LATER = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def event_alert(**override: Any) -> dict[str, Any]:
    """The sample with fields of its event replaced or left out."""
    document = sample("sentry")
    document["data"]["event"] = changed(document["data"]["event"], override)
    return document


def read_event(**override: Any) -> Alert:
    """The alert of an event."""
    (alert,) = sentry.parse(event_alert(**override), {"sentry-hook-resource": "event_alert"})
    return alert


def issue_webhook(action: str = "created", **override: Any) -> dict[str, Any]:
    """What tells the state of an issue."""
    issue = {
        "culprit": "shop.checkout in pay",
        "firstSeen": "2026-03-02T09:00:00.391000Z",
        "id": "1170820242",
        "lastSeen": "2026-03-02T10:00:00.000000Z",
        "level": "error",
        "metadata": {"type": "TimeoutError", "value": "no answer from db1"},
        "permalink": None,
        "platform": "python",
        "project": {"id": "1", "name": "Shop", "slug": "shop"},
        "shortId": "SHOP-9",
        "status": "unresolved",
        "statusDetails": {},
        "title": "TimeoutError: no answer from db1",
        "web_url": "https://acme.sentry.io/issues/1170820242/",
    }
    return {"action": action, "data": {"issue": changed(issue, override)}}


def read_issue(action: str = "created", **override: Any) -> Alert:
    """The alert of an issue."""
    (alert,) = sentry.parse(issue_webhook(action, **override), {"sentry-hook-resource": "issue"})
    return alert


def metric_webhook(action: str = "critical", **override: Any) -> dict[str, Any]:
    """What tells the state of a metric alert."""
    metric = {
        "alert_rule": {"id": "7", "name": "Too many errors", "aggregate": "count()", "query": ""},
        "date_closed": None,
        "date_started": "2026-03-02T09:00:00.391000Z",
        "id": "4",
        "identifier": "1",
        "projects": ["shop"],
        "title": "Too many errors",
    }
    return {
        "action": action,
        "data": {
            "description_text": "1000 events in the last 10 minutes",
            "description_title": f"{action.title()}: Too many errors",
            "metric_alert": changed(metric, override),
            "web_url": "https://sentry.io/organizations/acme/alerts/1/",
        },
    }


def read_metric(action: str = "critical", **override: Any) -> Alert:
    """The alert of a metric alert."""
    (alert,) = sentry.parse(metric_webhook(action, **override), {})
    return alert


def plugin(**override: Any) -> dict[str, Any]:
    """What the older plugin sends."""
    return changed(
        {
            "id": "1170820242",
            "project": "shop",
            "project_name": "Shop",
            "project_slug": "shop",
            "logger": None,
            "level": "fatal",
            "culprit": "shop.checkout in pay",
            "message": "no answer from db1",
            "url": "https://sentry.io/organizations/acme/issues/1170820242/?referrer=webhooks_plugin",
            "triggering_rules": ["Shop errors"],
            "event": {
                "event_id": "c634de9f01c640b597831fb1710e3416",
                "timestamp": 1772442000.391,
                "tags": [["server_name", "web1"]],
            },
        },
        override,
    )


def read_plugin(**override: Any) -> Alert:
    """The alert of the plugin."""
    (alert,) = sentry.parse(plugin(**override), {})
    return alert


def test_every_field_of_an_event_finds_its_place() -> None:
    alert = read_event()
    assert (alert.source, alert.name) == ("sentry", "TimeoutError: no answer from db1")
    assert alert.status is AlertStatus.FIRING
    assert alert.severity is Severity.ERROR
    assert alert.fingerprint == "sentry:issue:1170820242"
    assert (alert.service, alert.host) == ("shop", "web1")
    assert alert.description == "no answer from db1"
    assert alert.starts_at == MOMENT
    assert alert.link is not None
    assert alert.link.startswith("https://sentry.io/organizations/acme/issues/1170820242/")
    assert alert.annotations["culprit"] == "shop.checkout in pay"
    assert alert.labels["rule"] == "Shop errors"
    assert alert.labels["organization"] == "acme"
    assert alert.labels["error_type"] == "TimeoutError"
    assert alert.labels["environment"] == "production"
    assert not alert.is_test


def test_what_is_personal_is_named_and_not_taken_over() -> None:
    alert = read_event(tags=[["user", "email:anna@example.org"], ["zone", "a"]])
    assert alert.unmapped["left_out"] == ["tags.user", "request", "user", "exception"]
    assert "anna" not in alert.model_dump_json()
    assert "session=1" not in alert.model_dump_json()
    assert alert.labels["zone"] == "a"


def test_an_event_a_state_and_the_plugin_tell_of_the_same_issue() -> None:
    error = event_alert()
    error["data"] = {"error": error["data"]["event"]}
    prints = {
        read_event().fingerprint,
        sentry.parse(error, {"sentry-hook-resource": "error"})[0].fingerprint,
        read_issue("created").fingerprint,
        read_issue("resolved").fingerprint,
        read_plugin().fingerprint,
    }
    assert prints == {"sentry:issue:1170820242"}


@pytest.mark.parametrize(
    "override",
    [
        {"issue_id": LEFT_OUT},
        {"issue_id": None, "issue_url": None},
        {"issue_id": 1170820242},
        {"issue_id": LEFT_OUT, "issue_url": "https://sentry.io/api/0/issues/1170820242/"},
    ],
    ids=str,
)
def test_the_issue_is_found_in_whatever_names_it(override: dict[str, Any]) -> None:
    assert read_event(**override).fingerprint == "sentry:issue:1170820242"


def test_every_field_of_an_issue_finds_its_place() -> None:
    alert = read_issue()
    assert alert.name == alert.summary == "TimeoutError: no answer from db1"
    assert (alert.status, alert.severity) == (AlertStatus.FIRING, Severity.ERROR)
    assert (alert.service, alert.host) == ("shop", None)
    assert alert.starts_at == MOMENT
    assert alert.link == "https://acme.sentry.io/issues/1170820242/"
    assert alert.labels["issue"] == "SHOP-9"


@pytest.mark.parametrize(
    ("action", "status", "start"),
    [
        ("created", AlertStatus.FIRING, MOMENT),
        ("resolved", AlertStatus.RESOLVED, MOMENT),
        ("unresolved", AlertStatus.FIRING, LATER),
    ],
)
def test_an_issue_that_comes_again_began_again(
    action: str, status: AlertStatus, start: datetime
) -> None:
    alert = read_issue(action)
    assert (alert.status, alert.starts_at) == (status, start)


@pytest.mark.parametrize("action", ["assigned", "archived", "ignored"])
def test_what_people_do_with_an_issue_is_no_alert(action: str) -> None:
    assert sentry.parse(issue_webhook(action), {}) == []


@pytest.mark.parametrize(
    ("state", "status"),
    [("unresolved", AlertStatus.FIRING), ("resolved", AlertStatus.RESOLVED), ("ignored", None)],
)
def test_an_activity_tells_by_the_state_of_the_issue(
    state: str, status: AlertStatus | None
) -> None:
    found = [alert.status for alert in sentry.parse(issue_webhook("triggered", status=state), {})]
    assert found == ([status] if status else [])


def test_every_field_of_a_metric_alert_finds_its_place() -> None:
    alert = read_metric()
    assert alert.name == "Too many errors"
    assert (alert.status, alert.severity) == (AlertStatus.FIRING, Severity.CRITICAL)
    assert alert.fingerprint == "sentry:metric:4"
    assert (alert.service, alert.host) == ("shop", None)
    assert alert.summary == "Critical: Too many errors"
    assert alert.description == "1000 events in the last 10 minutes"
    assert (alert.starts_at, alert.ends_at) == (MOMENT, None)
    assert alert.link == "https://sentry.io/organizations/acme/alerts/1/"
    assert alert.labels["aggregate"] == "count()"


def test_a_metric_alert_is_the_same_from_firing_to_resolved() -> None:
    over = read_metric("resolved", date_closed="2026-03-02T10:00:00Z")
    assert over.status is AlertStatus.RESOLVED
    assert over.fingerprint == read_metric("warning").fingerprint
    assert (over.starts_at, over.ends_at) == (MOMENT, LATER)
    assert read_metric("warning").severity is Severity.WARNING


def test_a_metric_alert_of_several_projects_names_no_service() -> None:
    alert = read_metric(projects=["shop", "cart"])
    assert alert.service is None
    assert alert.labels["project"] == "shop,cart"


def test_every_field_of_the_plugin_finds_its_place() -> None:
    alert = read_plugin()
    assert alert.name == alert.description == "no answer from db1"
    assert alert.severity is Severity.CRITICAL
    assert (alert.service, alert.host) == ("shop", "web1")
    assert alert.starts_at is not None
    assert alert.starts_at.replace(microsecond=0) == MOMENT.replace(microsecond=0)
    assert alert.labels["rule"] == "Shop errors"
    assert alert.link == plugin()["url"]


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        ("fatal", Severity.CRITICAL),
        ("error", Severity.ERROR),
        ("warning", Severity.WARNING),
        ("info", Severity.INFO),
        ("debug", Severity.INFO),
        ("sample", Severity.INFO),
        (None, Severity.UNKNOWN),
        (40, Severity.UNKNOWN),
    ],
)
def test_levels_are_severities(level: Any, severity: Severity) -> None:
    assert read_event(level=level, tags=[]).severity is severity
    assert read_issue(level=level).severity is severity


@pytest.mark.parametrize(
    ("tags", "host"),
    [
        ([["server_name", "web1:80"]], "web1"),
        ([["server_name", None]], None),
        ([["server_name", "{{ host }}"]], None),
        ([{"key": "server_name", "value": "web1"}], "web1"),
        ({"server_name": "web1"}, "web1"),
        ([["server_name", "сервер"]], "сервер"),
        ([["server_name"], "x", 7, None, []], None),
        ([], None),
        (None, None),
        ("server_name:web1", "web1"),
    ],
)
def test_tags_in_any_form_tell_the_host(tags: Any, host: str | None) -> None:
    assert read_event(tags=tags).host == host


@pytest.mark.parametrize(
    ("override", "name"),
    [
        ({"title": LEFT_OUT, "message": "Slow"}, "Slow"),
        ({"title": None, "metadata": {"title": "Slow"}}, "Slow"),
        ({"title": None, "metadata": None, "logentry": {"formatted": "Slow"}}, "Slow"),
        ({"title": None, "metadata": None}, "issue 1170820242"),
    ],
)
def test_an_event_without_a_title_has_a_name(override: dict[str, Any], name: str) -> None:
    assert read_event(**override).name == name


@pytest.mark.parametrize(
    "document",
    [
        event_alert(tags=[["sample_event", "yes"]]),
        event_alert(message="This is an example JavaScript exception"),
        plugin(message="This is an example Python exception"),
    ],
)
def test_a_sample_event_is_a_test(document: dict[str, Any]) -> None:
    (alert,) = sentry.parse(document, {})
    assert alert.is_test


@pytest.mark.parametrize(
    ("resource", "data"),
    [
        ("installation", {"installation": {"uuid": "a8e5d37a"}}),
        ("comment", {"comment": "looks bad", "issue_id": 100}),
        ("seer", {"run_id": 5}),
        ("", {"installation": {"uuid": "a8e5d37a"}}),
    ],
)
def test_what_tells_of_no_trouble_is_no_alert(resource: str, data: dict[str, Any]) -> None:
    document = {"action": "created", "data": data}
    assert sentry.parse(document, {"sentry-hook-resource": resource}) == []


def test_the_request_is_the_delivery() -> None:
    assert sentry.delivery_id({"request-id": "4d1f"}, {}) == "4d1f"
    assert sentry.delivery_id({}, sample("sentry")) is None


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], ""),
        (None, ""),
        ({}, "data"),
        ({"action": "triggered", "data": None}, "data"),
        ({"action": "triggered", "data": []}, "data"),
        ({"action": "triggered", "data": {"other": 1}}, "data"),
        ({"data": {"event": None}}, "data.event"),
        ({"data": {"issue": "x"}}, "data.issue"),
        (event_alert(issue_id={}, issue_url=7, web_url=None), "data.event.issue_id"),
        (issue_webhook(id=None), "data.issue.id"),
        (issue_webhook("merged", status="odd"), "action"),
        (metric_webhook("triggered"), "action"),
        (metric_webhook(id=None, identifier={}), "data.metric_alert.id"),
        (plugin(event=None), "event"),
        (plugin(id=None, url=None), "id"),
    ],
)
def test_a_mistake_names_its_field(document: Any, field: str) -> None:
    with pytest.raises(PayloadError) as caught:
        sentry.parse(document, {})
    assert caught.value.field == field
