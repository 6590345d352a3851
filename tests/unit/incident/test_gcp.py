"""What Google Cloud Monitoring sends, read as alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airmend.errors import PayloadError
from airmend.incident.model import Alert, AlertStatus, Severity
from airmend.incident.sources import gcp
from tests.unit.incident.sample_files import LEFT_OUT, changed, sample

STARTED = datetime(2026, 3, 2, 9, tzinfo=UTC)
ENDED = datetime(2026, 3, 2, 9, 10, 22, tzinfo=UTC)


def document(**override: Any) -> dict[str, Any]:
    """The sample with fields of its incident replaced or left out."""
    found = sample("gcp")
    return found | {"incident": changed(found["incident"], override)}


def read(**override: Any) -> Alert:
    """The alert of such a document."""
    (alert,) = gcp.parse(document(**override), {})
    return alert


def older(**override: Any) -> dict[str, Any]:
    """A document from before version 1.2."""
    incident = {
        "incident_id": "f2e08c333dc64cb09f75eaab355393bz",
        "resource_id": "i-4a266a2d",
        "resource_name": "webserver-85",
        "state": "open",
        "started_at": 1772442000,
        "ended_at": None,
        "policy_name": "Webserver Health",
        "condition_name": "CPU usage",
        "url": "https://app.stackdriver.com/incidents/f2e08c333dc64cb09f75eaab355393bz",
        "summary": "CPU (agent) for webserver-85 is above the threshold of 1%.",
        "documentation": {"content": "Look at the queue first.", "mime_type": "text/markdown"},
    }
    return {"incident": changed(incident, override), "version": "1.1"}


def read_older(**override: Any) -> Alert:
    """The alert of such a document."""
    (alert,) = gcp.parse(older(**override), {})
    return alert


def test_every_field_finds_its_place() -> None:
    alert = read()
    assert (alert.source, alert.name) == ("gcp", "Web server CPU")
    assert alert.status is AlertStatus.FIRING
    assert alert.severity is Severity.ERROR
    assert alert.fingerprint == "gcp:0.nrwotmyokd9n"
    assert (alert.service, alert.host) == ("shop", "web1")
    assert alert.summary.startswith("CPU utilization for shop-prod web1")
    assert alert.description == "Look at the queue first."
    assert (alert.starts_at, alert.ends_at) == (STARTED, None)
    assert alert.link is not None
    assert alert.link.startswith("https://console.cloud.google.com/monitoring/")
    assert alert.links == {"runbook": "https://wiki.example/web-cpu"}
    assert alert.annotations == {"value": "0.971", "threshold": "0.9"}
    assert alert.labels["condition"] == "VM Instance - CPU utilization"
    assert alert.labels["project"] == "shop-prod"
    assert alert.labels["zone"] == "europe-west1-b"
    assert alert.labels["team"] == "web"
    assert alert.unmapped["condition"]["conditionThreshold"]["thresholdValue"] == 0.9
    assert not alert.is_test


def test_every_field_of_the_older_form_finds_its_place() -> None:
    alert = read_older()
    assert (alert.name, alert.severity) == ("Webserver Health", Severity.UNKNOWN)
    assert (alert.service, alert.host) == (None, "webserver-85")
    assert alert.fingerprint == "gcp:f2e08c333dc64cb09f75eaab355393bz"
    assert alert.description == "Look at the queue first."
    assert alert.labels["condition"] == "CPU usage"


def test_an_incident_is_the_same_from_open_to_closed() -> None:
    over = read(state="closed", ended_at=1772442622)
    assert over.status is AlertStatus.RESOLVED
    assert over.fingerprint == read().fingerprint
    assert (over.starts_at, over.ends_at) == (STARTED, ENDED)
    assert read(state="CLOSED").status is AlertStatus.RESOLVED
    assert read(state="OPEN").status is AlertStatus.FIRING


def test_that_somebody_acknowledged_it_is_no_alert() -> None:
    assert gcp.parse(older(state="acknowledged"), {}) == []


@pytest.mark.parametrize(
    ("override", "severity"),
    [
        ({"severity": "Critical"}, Severity.CRITICAL),
        ({"severity": "Warning"}, Severity.WARNING),
        ({"severity": "No severity"}, Severity.UNKNOWN),
        ({"severity": None}, Severity.UNKNOWN),
        ({"severity": LEFT_OUT, "policy_user_labels": {"severity": "critical"}}, Severity.CRITICAL),
        (
            {"severity": "", "metadata": {"system_labels": {"severity": "warning"}}},
            Severity.WARNING,
        ),
    ],
)
def test_severity_is_the_policys_or_a_labels(override: dict[str, Any], severity: Severity) -> None:
    assert read(**override).severity is severity


def resource(kind: str, **labels: Any) -> dict[str, Any]:
    """What a monitored resource says of itself, with nothing else that could name a host."""
    return {
        "resource": {"type": kind, "labels": labels},
        "resource_display_name": "Something",
        "resource_name": "projects/1/things/Something",
        "metric": {"type": "custom.googleapis.com/x"},
        "policy_user_labels": {},
    }


@pytest.mark.parametrize(
    ("override", "host", "service"),
    [
        (resource("gce_instance", instance_id="1943"), "Something", None),
        (
            resource("gce_instance", instance_id="1943")
            | {"resource_display_name": "Production Web 1", "resource_name": None},
            "1943",
            None,
        ),
        (
            resource("gce_instance") | {"resource_display_name": LEFT_OUT},
            "Something",
            None,
        ),
        (
            resource("gce_instance")
            | {"resource_display_name": "", "resource_name": "shop-prod web1"},
            "web1",
            None,
        ),
        (resource("cloud_run_revision", service_name="cart"), None, "cart"),
        (resource("gae_app", module_id="default"), None, "default"),
        (resource("k8s_node", node_name="gke-1"), "gke-1", None),
        (resource("k8s_container", container_name="cart"), None, "cart"),
        (resource("uptime_url", host="shop.example:443"), "shop.example", None),
        (resource("cloudsql_database", database_id="p:main"), None, None),
        (resource("k8s_node", node_name="{{ node }}"), None, None),
        ({"resource": None, "metric": None, "resource_display_name": None}, None, "shop"),
    ],
)
def test_the_resource_tells_host_and_service_by_its_kind(
    override: dict[str, Any], host: str | None, service: str | None
) -> None:
    alert = read(**override)
    assert (alert.host, alert.service) == (host, service)


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("webserver-85", "webserver-85"),
        ("webserver-85:80", "webserver-85"),
        ("foobar appserver", "i-4a266a2d"),
        (None, "i-4a266a2d"),
    ],
)
def test_in_the_older_form_the_resource_is_the_machine(name: Any, host: str) -> None:
    assert read_older(resource_name=name).host == host


@pytest.mark.parametrize(
    ("override", "name"),
    [
        ({"policy_name": "projects/1/alertPolicies/17"}, "VM Instance - CPU utilization"),
        ({"policy_name": "", "condition_name": None}, "VM Instance - CPU utilization"),
        (
            {
                "policy_name": "projects/1/alertPolicies/17",
                "condition_name": None,
                "condition": None,
            },
            "17",
        ),
        ({"policy_name": None, "condition_name": None, "condition": None, "summary": "店"}, "店"),
        (
            {"policy_name": None, "condition_name": None, "condition": None, "summary": None},
            "0.nrwotmyokd9n",
        ),
    ],
)
def test_the_policy_is_the_name_or_what_comes_next(override: dict[str, Any], name: str) -> None:
    assert read(**override).name == name


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Test documentation", "Test documentation"),
        ({"subject": "Only a subject"}, "Only a subject"),
        ({"content": ""}, ""),
        (None, ""),
        ([], ""),
    ],
)
def test_documentation_may_be_one_text(value: Any, text: str) -> None:
    assert read(documentation=value).description == text


@pytest.mark.parametrize(
    "links", [None, "x", [None, 7], [{"displayName": None, "url": "javascript:x"}], {}]
)
def test_links_of_any_form_are_no_crash(links: Any) -> None:
    assert read(documentation={"links": links}).links == {}


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (1772442000, STARTED),
        ("1772442000", STARTED),
        (1772442000000, STARTED),
        ("2026-03-02T09:00:00Z", STARTED),
        (0, None),
        ("soon", None),
        (None, None),
    ],
)
def test_times_are_read_or_left_out(value: Any, moment: datetime | None) -> None:
    assert read(started_at=value).starts_at == moment


@pytest.mark.parametrize(
    "part", ["metadata", "metric", "policy_user_labels", "documentation", "condition"]
)
@pytest.mark.parametrize("value", [None, "", [], "x", {}, {"labels": None}, LEFT_OUT])
def test_parts_may_be_missing_or_odd(part: str, value: Any) -> None:
    assert read(**{part: value}).name == "Web server CPU"


def test_a_channel_that_is_tried_sends_a_test() -> None:
    test = document(
        incident_id="12345",
        started_at=0,
        ended_at=0,
        state="OPEN",
        summary="Test Incident",
        documentation="Test documentation",
        policy_name="projects/12345/alertPolicies/12345",
    )
    (alert,) = gcp.parse(test | {"version": "test"}, {})
    assert alert.is_test
    assert (alert.starts_at, alert.ends_at) == (None, None)
    assert alert.summary == "Test Incident"


def test_google_gives_no_delivery_id_but_a_signing_proxy_does() -> None:
    assert gcp.delivery_id({}, sample("gcp")) is None
    assert gcp.delivery_id({"webhook-id": "msg_1"}, {}) == "msg_1"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], ""),
        (None, ""),
        ({}, "incident"),
        ({"version": "1.2", "incident": None}, "incident"),
        ({"version": "1.2", "incident": []}, "incident"),
        (document(incident_id=""), "incident.incident_id"),
        (document(incident_id={}), "incident.incident_id"),
        (document(state="pending"), "incident.state"),
        (document(state=None), "incident.state"),
    ],
)
def test_a_mistake_names_its_field(body: Any, field: str) -> None:
    with pytest.raises(PayloadError) as caught:
        gcp.parse(body, {})
    assert caught.value.field == field
