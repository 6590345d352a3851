"""What Azure Monitor sends in its common alert schema, read as alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airmend.errors import PayloadError
from airmend.incident.model import Alert, AlertStatus, Severity
from airmend.incident.sources import azure
from tests.unit.incident.sample_files import LEFT_OUT, changed, sample

FIRED = datetime(2026, 3, 2, 9, 0, 0, 371_321, UTC)
RESOLVED = datetime(2026, 3, 2, 9, 5, 16, 224_631, UTC)
SUBSCRIPTION = "/subscriptions/11111111-2222-3333-4444-555555555555"
GROUP = f"{SUBSCRIPTION}/resourceGroups/shop-rg"
WEBSITE = f"{GROUP}/providers/Microsoft.Web/sites/shop"
WORKSPACE = f"{GROUP}/providers/microsoft.operationalinsights/workspaces/logs"
ALERT = f"{SUBSCRIPTION}/providers/Microsoft.AlertsManagement/alerts"


def document(context: Any = None, **override: Any) -> dict[str, Any]:
    """The sample with fields of its essentials replaced, and a context where one is given."""
    found = sample("azure")
    data = found["data"]
    data["essentials"] = changed(data["essentials"], override)
    if context is not None:
        data["alertContext"] = context
    return found


def read(context: Any = None, **override: Any) -> Alert:
    """The alert of such a document."""
    (alert,) = azure.parse(document(context, **override), {})
    return alert


def log_search() -> dict[str, Any]:
    """The context of a log alert, version 2."""
    criterion = {
        "searchQuery": "Heartbeat",
        "operator": "LowerThan",
        "threshold": "1",
        "dimensions": [{"name": "Computer", "value": "web1.corp.example"}],
        "metricValue": 0.0,
        "linkToFilteredSearchResultsUI": "https://portal.azure.com#@tenant/blade/LogsBlade",
    }
    return {
        "properties": {"runbook": "shop"},
        "conditionType": "LogQueryCriteria",
        "condition": {"windowSize": "PT10M", "allOf": [criterion]},
    }


def service_health(**override: Any) -> dict[str, Any]:
    """The context of a message about Azure itself."""
    properties = {
        "title": "Storage is slow",
        "service": "Storage",
        "region": "West Europe",
        "incidentType": "Incident",
        "trackingId": "3T8-1Z8",
        "impactStartTime": "2026-03-02T08:00:00Z",
        "impactMitigationTime": "2026-03-02T11:00:00Z",
        "stage": "Active",
    }
    return {
        "authorization": None,
        "channels": 1,
        "claims": None,
        "eventSource": 2,
        "eventTimestamp": "2026-03-02T08:31:19.0312699+00:00",
        "level": 3,
        "operationName": "Microsoft.ServiceHealth/incident/action",
        "properties": changed(properties, override),
        "status": "Active",
    }


def resource_health(status: str, health: str) -> dict[str, Any]:
    """The context of a message about one resource."""
    return {
        "eventSource": "ResourceHealth",
        "eventTimestamp": "2026-03-02T08:42:54.074+00:00",
        "operationName": "Microsoft.Resourcehealth/healthevent/Activated/action",
        "properties": {"title": "Stopped by a user", "currentHealthStatus": health},
        "status": status,
    }


def prometheus() -> dict[str, Any]:
    """The context of an alert of managed Prometheus."""
    return {
        "interval": "PT1M",
        "expression": "up == 0",
        "expressionValue": "0",
        "for": "PT2M",
        "labels": {"alertname": "ServiceDown", "instance": "web1:9100", "job": "shop"},
        "annotations": {"summary": "No answer.", "runbook_url": "https://wiki.example/shop"},
        "ruleGroup": f"{GROUP}/providers/Microsoft.AlertsManagement/prometheusRuleGroups/shop",
    }


def test_every_field_finds_its_place() -> None:
    alert = read()
    assert (alert.source, alert.name) == ("azure", "WebServerCpu")
    assert alert.status is AlertStatus.FIRING
    assert alert.severity is Severity.ERROR
    assert alert.fingerprint == "azure:b9569717-bc32-442f-add5-83a997729330"
    assert (alert.service, alert.host) == (None, "web1")
    assert alert.summary == alert.description == "The web server has no time left."
    assert (alert.starts_at, alert.ends_at) == (FIRED, None)
    assert alert.link is not None
    assert alert.link.startswith("https://portal.azure.com/#blade/")
    assert alert.labels["resource_group"] == "shop-rg"
    assert alert.labels["team"] == "web"
    assert alert.annotations == {
        "metric": "Percentage CPU",
        "value": "97.1105",
        "operator": "GreaterThan",
        "threshold": "90",
    }
    assert alert.unmapped["alertContext.condition"]["windowSize"] == "PT5M"
    assert not alert.is_test


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("Fired", AlertStatus.FIRING),
        ("Activated", AlertStatus.FIRING),
        ("fired", AlertStatus.FIRING),
        ("Resolved", AlertStatus.RESOLVED),
        ("Deactivated", AlertStatus.RESOLVED),
    ],
)
def test_conditions_fire_or_are_over(condition: str, status: AlertStatus) -> None:
    assert read(monitorCondition=condition).status is status


def test_an_alert_is_the_same_from_fired_to_resolved() -> None:
    over = read(monitorCondition="Resolved", resolvedDateTime="2026-03-02T09:05:16.2246313Z")
    assert over.fingerprint == read().fingerprint
    assert (over.starts_at, over.ends_at) == (FIRED, RESOLVED)


def test_ids_of_azure_have_no_case() -> None:
    shouted = document()["data"]["essentials"]["alertId"].upper()
    assert read(alertId=shouted).fingerprint == read().fingerprint


def test_without_its_id_an_alert_is_known_by_the_one_of_its_origin() -> None:
    alert = read(alertId=None, originAlertId="ABC_17")
    assert alert.fingerprint == "azure:abc_17"
    assert alert.link is None


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("Sev0", Severity.CRITICAL),
        ("Sev1", Severity.ERROR),
        ("sev2", Severity.WARNING),
        ("Sev3", Severity.INFO),
        ("Sev4", Severity.INFO),
        (2, Severity.WARNING),
        ("Error", Severity.ERROR),
        ("Sev9", Severity.UNKNOWN),
        (None, Severity.UNKNOWN),
    ],
)
def test_severities_count_from_zero(word: Any, severity: Severity) -> None:
    assert read(severity=word).severity is severity


def test_a_log_alert_tells_the_computer_and_where_to_search() -> None:
    alert = read(
        log_search(),
        signalType="Log",
        monitoringService="Log Alerts V2",
        alertTargetIDs=[WORKSPACE],
        configurationItems=["web1.corp.example"],
    )
    assert (alert.service, alert.host) == (None, "web1.corp.example")
    assert alert.labels["runbook"] == "shop"
    assert alert.links == {"search": "https://portal.azure.com#@tenant/blade/LogsBlade"}


@pytest.mark.parametrize(
    ("items", "host"),
    [
        (["web1"], "web1"),
        ([f"{GROUP}/providers/Microsoft.Compute/virtualMachines/web1"], "web1"),
        (["web1", "web2"], None),
        ("web1", "web1"),
        ([], None),
        (None, None),
        ([None, 7], "7"),
        ([{}], None),
    ],
)
def test_the_item_of_a_log_alert_is_the_computer_that_sent_the_data(
    items: Any, host: str | None
) -> None:
    alert = read({}, signalType="Log", alertTargetIDs=[WORKSPACE], configurationItems=items)
    assert alert.host == host


def test_the_log_alerts_before_are_read_too() -> None:
    context = {
        "SearchQuery": "Perf",
        "SearchIntervalStartTimeUtc": "3/22/2019 1:36:31 PM",
        "LinkToSearchResults": "https://portal.azure.com/#Analyticsblade/search",
        "Dimensions": [{"name": "Computer", "value": "web1"}],
        "SearchResults": {"tables": [{"rows": [["x" * 9_000]]}]},
    }
    alert = read(context, signalType="Log", alertTargetIDs=[WORKSPACE])
    assert alert.host == "web1"
    assert alert.links == {"search": "https://portal.azure.com/#Analyticsblade/search"}
    assert alert.unmapped["alertContext.SearchQuery"] == "Perf"
    assert "cut" in alert.unmapped


def test_a_target_that_is_no_machine_is_a_service() -> None:
    alert = read(alertTargetIDs=[WEBSITE], configurationItems=["shop"])
    assert (alert.service, alert.host) == ("shop", None)
    assert alert.labels["resource_type"] == "microsoft.web/sites"


def test_several_targets_name_neither_host_nor_service() -> None:
    machines = [
        f"{GROUP}/providers/Microsoft.Compute/virtualMachines/{name}" for name in ("a", "b")
    ]
    alert = read(alertTargetIDs=machines)
    assert (alert.service, alert.host) == (None, None)
    assert alert.labels["resource"] == "a,b"


@pytest.mark.parametrize("targets", [None, [], "", [None], {}, [SUBSCRIPTION], ["/x/y"], 7])
def test_targets_of_any_form_are_no_crash(targets: Any) -> None:
    assert read({}, alertTargetIDs=targets).host is None


def test_a_scale_sets_machine_is_a_host() -> None:
    path = "Microsoft.Compute/virtualMachineScaleSets/shop/virtualMachines/3"
    assert read(alertTargetIDs=[f"{GROUP}/providers/{path}"]).host == "3"


def test_prometheus_has_labels_and_annotations_of_its_own() -> None:
    alert = read(prometheus(), monitoringService="Prometheus", description="")
    assert (alert.name, alert.service, alert.host) == ("ServiceDown", "shop", "web1")
    assert alert.summary == "No answer."
    assert alert.links == {"runbook": "https://wiki.example/shop"}
    assert alert.unmapped["alertContext.expression"] == "up == 0"


def test_a_message_of_service_health_that_it_is_over_ends_the_alert() -> None:
    one = read(service_health(), monitoringService="ServiceHealth", alertTargetIDs=[SUBSCRIPTION])
    over = read(
        service_health(stage="Resolved"),
        monitoringService="ServiceHealth",
        alertTargetIDs=[SUBSCRIPTION],
        alertId=f"{ALERT}/00000000-bc32-442f-add5-83a997729331",
        monitorCondition="Fired",
    )
    assert (one.status, over.status) == (AlertStatus.FIRING, AlertStatus.RESOLVED)
    assert one.fingerprint == over.fingerprint == "azure:servicehealth:3T8-1Z8"
    assert one.starts_at == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert over.ends_at == datetime(2026, 3, 2, 11, tzinfo=UTC)
    assert one.summary == "Storage is slow"
    assert one.labels["azure_service"] == "Storage"


@pytest.mark.parametrize("service", ["ResourceHealth", "Resource Health"])
def test_a_resource_that_is_healthy_again_ends_the_alert(service: str) -> None:
    one = read(resource_health("Active", "Unavailable"), monitoringService=service)
    over = read(
        resource_health("Resolved", "Available"),
        monitoringService=service,
        alertId=f"{ALERT}/00000000-bc32-442f-add5-83a997729332",
    )
    assert (one.status, over.status) == (AlertStatus.FIRING, AlertStatus.RESOLVED)
    assert one.fingerprint == over.fingerprint
    assert one.host == "web1"
    assert over.ends_at == datetime(2026, 3, 2, 8, 42, 54, 74_000, UTC)


def test_health_without_what_was_hit_is_an_alert_of_its_own() -> None:
    alert = read(service_health(trackingId=None), monitoringService="ServiceHealth")
    assert alert.fingerprint == read().fingerprint


def test_an_activity_log_alert_keeps_what_happened_and_not_who_is_logged_in() -> None:
    context = {
        "authorization": {"action": "Microsoft.Compute/virtualMachines/restart/action"},
        "claims": '{"aud": "https://management.core.windows.net/", "oid": "secret-oid"}',
        "caller": "anna@example.org",
        "operationName": "Microsoft.Compute/virtualMachines/restart/action",
        "status": "Succeeded",
        "subStatus": "",
    }
    alert = read(
        context, signalType="Activity Log", monitoringService="Activity Log - Administrative"
    )
    assert alert.labels["operation"] == "Microsoft.Compute/virtualMachines/restart/action"
    assert alert.unmapped["alertContext.status"] == "Succeeded"
    assert "secret-oid" not in alert.model_dump_json()


def test_a_budget_has_neither_rule_nor_severity_nor_target() -> None:
    alert = read(
        {"AlertCategory": "budgets", "AlertData": {"BudgetName": "shop-budget"}},
        monitoringService="CostAlerts",
        alertRule=None,
        severity=None,
        signalType=None,
        alertTargetIDs=None,
        configurationItems=["budgets"],
        originAlertId=None,
        alertId=f"{SUBSCRIPTION}/providers/Microsoft.CostManagement/alerts/17",
    )
    assert alert.name == "shop-budget"
    assert (alert.host, alert.service) == (None, None)


def test_a_smart_alert_tells_what_was_detected() -> None:
    alert = read({"DetectionSummary": "Slower than before"}, alertRule=f"{GROUP}/x/alertRules/Slow")
    assert (alert.name, alert.summary) == ("Slow", "Slower than before")


@pytest.mark.parametrize("part", ["alertContext", "customProperties"])
@pytest.mark.parametrize("value", [None, {}, LEFT_OUT])
def test_parts_that_a_service_does_not_have_may_be_null(part: str, value: Any) -> None:
    found = document()
    found["data"] = changed(found["data"], {part: value})
    (alert,) = azure.parse(found, {})
    assert alert.name == "WebServerCpu"


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-03-02T09:00:00.3713213Z", FIRED),
        ("2026-03-02T10:00:00.3713213+01:00", FIRED),
        ("3/22/2019 1:36:31 PM", None),
        (None, None),
    ],
)
def test_times_are_read_or_left_out(value: Any, moment: datetime | None) -> None:
    assert read(firedDateTime=value).starts_at == moment


TEST_GROUP = f"{SUBSCRIPTION}/resourcegroups/test-RG/providers/microsoft.compute/virtualmachines"


@pytest.mark.parametrize(
    "document",
    [
        document(alertRule="test-metricAlertRule", alertTargetIDs=[f"{TEST_GROUP}/test-VM"]),
        document(alertId=f"{SUBSCRIPTION}/providers/Microsoft.CostManagement/alerts/Test_Alert"),
        document(service_health(IsSynthetic="True"), monitoringService="ServiceHealth"),
    ],
)
def test_a_test_of_the_action_group_is_told(document: dict[str, Any]) -> None:
    (alert,) = azure.parse(document, {})
    assert alert.is_test


@pytest.mark.parametrize(
    "override",
    [
        {"alertRule": "test-metricAlertRule"},
        {"alertRule": "CPU", "alertTargetIDs": [f"{TEST_GROUP}/test-VM"]},
    ],
)
def test_a_team_that_calls_its_things_test_is_no_test(override: dict[str, Any]) -> None:
    assert not read(**override).is_test


def test_azure_gives_no_delivery_id_but_a_signing_proxy_does() -> None:
    assert azure.delivery_id({}, sample("azure")) is None
    assert azure.delivery_id({"webhook-id": "msg_1"}, []) == "msg_1"


def with_data(**override: Any) -> dict[str, Any]:
    """The sample with parts of its data replaced or left out."""
    found = document()
    return found | {"data": changed(found["data"], override)}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], ""),
        (None, ""),
        ({}, "schemaId"),
        ({"alertContext": {"properties": None}}, "schemaId"),
        (document() | {"schemaId": "AzureMonitorMetricAlert"}, "schemaId"),
        (document() | {"data": None}, "data"),
        (with_data(essentials=None), "data.essentials"),
        (with_data(alertContext="x"), "data.alertContext"),
        (document(monitorCondition="Unknown"), "data.essentials.monitorCondition"),
        (document(monitorCondition=LEFT_OUT), "data.essentials.monitorCondition"),
        (document(alertId={}, originAlertId=None), "data.essentials.alertId"),
    ],
)
def test_a_mistake_names_its_field(body: Any, field: str) -> None:
    with pytest.raises(PayloadError) as caught:
        azure.parse(body, {})
    assert caught.value.field == field
