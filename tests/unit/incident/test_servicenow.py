"""What ServiceNow sends, read as alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airmend.errors import PayloadError
from airmend.incident.model import Alert, AlertStatus, Severity
from airmend.incident.sources import servicenow
from tests.unit.incident.sample_files import LEFT_OUT, sample

OPENED = datetime(2026, 3, 2, 9, tzinfo=UTC)
SYS_ID = "a9e30c7dc61122760116894de7bcc7bd"


def incident_record(**override: Any) -> dict[str, Any]:
    """A record as the documented business rule makes it."""
    return sample("servicenow", **override)


def read(**override: Any) -> Alert:
    """The alert of a record."""
    (alert,) = servicenow.parse(incident_record(**override), {})
    return alert


def reference(value: str = SYS_ID, **other: Any) -> dict[str, Any]:
    """A reference as the Table API gives it: a link, and an id that names nothing."""
    link = f"https://example.service-now.com/api/now/table/cmdb_ci/{value}"
    return {"link": link, "value": value} | other


def test_every_field_finds_its_place() -> None:
    alert = read()
    assert (alert.source, alert.name) == ("servicenow", "The shop on web1 does not answer")
    assert alert.status is AlertStatus.FIRING
    assert alert.severity is Severity.CRITICAL
    assert alert.fingerprint == f"servicenow:{SYS_ID}"
    assert (alert.service, alert.host) == ("shop", "web1")
    assert alert.description == "Customers see an error since nine o'clock."
    assert alert.labels == {
        "number": "INC0000046",
        "state": "New",
        "priority": "1 - Critical",
        "impact": "1 - High",
        "urgency": "1 - High",
        "category": "Software",
        "contact_type": "Monitoring",
        "assignment_group": "Web",
    }
    assert (alert.starts_at, alert.ends_at) == (OPENED, None)
    assert alert.link == f"https://example.service-now.com/incident.do?sys_id={SYS_ID}"
    assert alert.unmapped["caller_id"]["display_value"] == "Robin Example"
    assert alert.unmapped["cmdb_ci"] == {"value": "a9c0c8d2c6112276018f7705562f9cb0"}


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("1", AlertStatus.FIRING),
        (2, AlertStatus.FIRING),
        ("3", AlertStatus.FIRING),
        ("New", AlertStatus.FIRING),
        ("In Progress", AlertStatus.FIRING),
        ("ON HOLD", AlertStatus.FIRING),
        ("Awaiting User Info", AlertStatus.FIRING),
        ("6", AlertStatus.RESOLVED),
        (7, AlertStatus.RESOLVED),
        ("8", AlertStatus.RESOLVED),
        ("Resolved", AlertStatus.RESOLVED),
        ("Closed", AlertStatus.RESOLVED),
        ("Canceled", AlertStatus.RESOLVED),
        ("Cancelled", AlertStatus.RESOLVED),
        ({"value": "6", "display_value": "Gelöst"}, AlertStatus.RESOLVED),
        ({"value": "2", "display_value": "対応中"}, AlertStatus.FIRING),
        ({"display_value": "Resolved"}, AlertStatus.RESOLVED),
    ],
)
def test_a_state_is_a_number_or_a_label(state: Any, status: AlertStatus) -> None:
    assert read(state=state, active=LEFT_OUT).status is status


def test_an_old_instance_names_the_state_of_an_incident() -> None:
    assert read(state=LEFT_OUT, incident_state="6", active="").status is AlertStatus.RESOLVED


@pytest.mark.parametrize(
    ("state", "active", "status"),
    [
        ("Gelöst", "false", AlertStatus.RESOLVED),
        ("In Bearbeitung", "true", AlertStatus.FIRING),
        ("12", True, AlertStatus.FIRING),
        ("2", False, AlertStatus.RESOLVED),
        (None, "true", AlertStatus.FIRING),
        (LEFT_OUT, "0", AlertStatus.RESOLVED),
    ],
)
def test_what_is_not_active_is_over_whatever_its_state_is_called(
    state: Any, active: Any, status: AlertStatus
) -> None:
    assert read(state=state, active=active).status is status


@pytest.mark.parametrize(
    ("priority", "severity", "expected"),
    [
        ("1", "3", Severity.CRITICAL),
        (2, "3", Severity.ERROR),
        ("3 - Moderate", "1", Severity.WARNING),
        ({"value": "4", "display_value": "4 - Low"}, "1", Severity.INFO),
        ({"display_value": "5 - Planning"}, "1", Severity.INFO),
        ("Critical", "3", Severity.CRITICAL),
        ("", "1", Severity.ERROR),
        (None, "2 - Medium", Severity.WARNING),
        (LEFT_OUT, {"value": "3", "display_value": "3 - Low"}, Severity.INFO),
        ("", "", Severity.UNKNOWN),
        (None, None, Severity.UNKNOWN),
    ],
)
def test_the_priority_tells_the_harm_and_without_one_the_severity(
    priority: Any, severity: Any, expected: Severity
) -> None:
    assert read(priority=priority, severity=severity).severity is expected


@pytest.mark.parametrize(
    ("item", "host"),
    [
        ("web1", "web1"),
        ("web1.example.org:443", "web1.example.org"),
        ({"display_value": "web1"}, "web1"),
        ({"display_value": "サーバー1", "value": SYS_ID}, "サーバー1"),
        (reference(display_value="web1"), "web1"),
        (reference(), None),
        (SYS_ID, None),
        ({"value": SYS_ID}, None),
        ({"value": "web1"}, "web1"),
        ("${current.cmdb_ci}", None),
        ("", None),
        ({}, None),
        (None, None),
        (LEFT_OUT, None),
        (["web1"], None),
    ],
)
def test_the_host_is_the_name_of_the_configuration_item_and_never_its_id(
    item: Any, host: str | None
) -> None:
    assert read(cmdb_ci=item).host == host


def test_a_reference_of_which_only_the_id_came_is_kept() -> None:
    alert = read(cmdb_ci=reference(), business_service=reference())
    assert (alert.host, alert.service) == (None, None)
    assert alert.unmapped["cmdb_ci"] == reference()
    assert alert.unmapped["business_service"]["value"] == SYS_ID


def test_a_name_may_be_reached_by_a_point() -> None:
    assert read(**{"cmdb_ci": reference(), "cmdb_ci.name": "web1"}).host == "web1"


@pytest.mark.parametrize("kind", ["cmdb_ci_service_auto", "cmdb_ci_appl", "cmdb_ci_business_app"])
def test_a_configuration_item_that_is_a_service_is_no_host(kind: str) -> None:
    item = {"display_value": "checkout", "sys_class_name": kind}
    alert = read(cmdb_ci=item, business_service="")
    assert (alert.host, alert.service) == (None, "checkout")
    assert read(cmdb_ci=item).service == "shop"


def test_a_service_offering_stands_in_for_the_service() -> None:
    alert = read(business_service=None, service_offering={"display_value": "shop EU"})
    assert alert.service == "shop EU"


@pytest.mark.parametrize(
    "opened",
    [
        "2026-03-02 09:00:00",
        {"value": "2026-03-02 09:00:00", "display_value": "02.03.2026 10:00:00"},
        "2026-03-02T10:00:00+01:00",
        1772442000000,
    ],
)
def test_a_time_without_a_zone_is_utc(opened: Any) -> None:
    assert read(opened_at=opened).starts_at == OPENED


def test_a_time_as_a_person_reads_it_is_not_guessed() -> None:
    alert = read(opened_at="02-03-2026 09:00 AM", sys_created_on="2026-03-02 09:00:00")
    assert alert.starts_at == OPENED
    assert alert.unmapped["opened_at"] == "02-03-2026 09:00 AM"


def test_the_end_is_when_it_was_resolved() -> None:
    alert = read(state="6", resolved_at="2026-03-02 09:30:00", closed_at="2026-03-05 00:00:00")
    assert alert.ends_at == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def test_a_reopened_incident_starts_anew() -> None:
    alert = read(reopened_time="2026-03-02 11:00:00", resolved_at="2026-03-02 09:30:00")
    assert alert.starts_at == datetime(2026, 3, 2, 11, tzinfo=UTC)
    assert alert.ends_at is None


@pytest.mark.parametrize("wrapper", ["result", "record", "incident"])
def test_a_record_may_stand_below_a_name(wrapper: str) -> None:
    (alert,) = servicenow.parse({wrapper: incident_record()}, {})
    assert alert.fingerprint == f"servicenow:{SYS_ID}"


@pytest.mark.parametrize("wrapper", ["result", "records"])
def test_several_records_are_several_alerts(wrapper: str) -> None:
    other = incident_record(sys_id="b" * 32, state="7")
    alerts = servicenow.parse({wrapper: [incident_record(), other]}, {})
    assert [alert.status for alert in alerts] == [AlertStatus.FIRING, AlertStatus.RESOLVED]


def test_the_number_identifies_where_there_is_no_id() -> None:
    for nothing in (None, "", "${current.sys_id}", LEFT_OUT):
        assert read(sys_id=nothing).fingerprint == "servicenow:INC0000046"


def test_an_incident_without_a_short_description_is_named_by_its_number() -> None:
    assert read(short_description="").name == "INC0000046"
    assert read(short_description=None, number=None).name == SYS_ID


def test_an_id_and_a_state_are_enough() -> None:
    (alert,) = servicenow.parse({"number": "INC7", "state": "2"}, {})
    assert (alert.name, alert.status) == ("INC7", AlertStatus.FIRING)
    assert (alert.host, alert.service, alert.link) == (None, None, None)


def test_columns_of_ones_own_are_kept() -> None:
    assert read(u_shop_order="4711").unmapped["u_shop_order"] == "4711"


def test_each_change_of_a_record_is_a_delivery() -> None:
    one = servicenow.delivery_id({}, incident_record())
    assert one == f"{SYS_ID} 0 1"
    assert one == servicenow.delivery_id({}, {"result": incident_record()})
    assert one != servicenow.delivery_id({}, incident_record(sys_mod_count="1"))
    assert one != servicenow.delivery_id({}, incident_record(state="6"))
    assert servicenow.delivery_id({"webhook-id": "msg_1"}, incident_record()) == "msg_1"


@pytest.mark.parametrize(
    "body", [None, [], "x", {}, {"result": []}, {"result": [{}, {}]}, incident_record(state="")]
)
def test_what_does_not_say_which_change_it_is_has_no_delivery_id(body: Any) -> None:
    assert servicenow.delivery_id({}, body) is None


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], ""),
        ({}, "sys_id"),
        ({"result": "x"}, "result"),
        ({"result": [incident_record(), "x"]}, "result[1]"),
        ({"result": {"state": "1"}}, "result.sys_id"),
        (incident_record(sys_id=["x"], number={}), "sys_id"),
        (incident_record(state=None, active=None), "state"),
        (incident_record(state="Gelöst", active=LEFT_OUT), "state"),
        (incident_record(state="99", active="maybe"), "state"),
        (incident_record(sys_class_name="change_request"), "sys_class_name"),
        (
            incident_record(sys_class_name={"value": "problem", "display_value": "Problem"}),
            "sys_class_name",
        ),
    ],
)
def test_a_mistake_names_its_field(document: Any, field: str) -> None:
    with pytest.raises(PayloadError) as caught:
        servicenow.parse(document, {})
    assert caught.value.field == field
