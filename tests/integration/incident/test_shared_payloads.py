"""Documents that real senders sent or published, read by the source that they belong to.

They lie beside the checkout, in `../shared/payloads` or where AIRMEND_SHARED says, since their
licences are not ours. Without that folder nothing is tried here.
"""

from __future__ import annotations

import csv
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from airmend.errors import PayloadError
from airmend.incident.fields import decode_json
from airmend.incident.model import Alert, AlertStatus, Severity
from airmend.incident.sources import find_source, source_names

ROOT = Path(__file__).parents[3]
FOLDER = Path(os.environ.get("AIRMEND_SHARED", ROOT.parent / "shared")) / "payloads"
FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*.json"))

SOURCE_OF = {
    "alertmanager": "alertmanager",
    "aws_cloudwatch_sns": "sns",
    "azure_monitor": "azure",
    "cloudevents": "cloudevents",
    "datadog": "datadog",
    "dynatrace": "dynatrace",
    "gcp_monitoring": "gcp",
    "grafana_unified": "grafana",
    "newrelic": "newrelic",
    "opsgenie": "opsgenie",
    "pagerduty_v3": "pagerduty",
    "sentry": "sentry",
    "servicenow": "servicenow",
    "splunk": "splunk",
    "zabbix": "zabbix",
}
"""The source by the name of the folder."""


@dataclass(frozen=True)
class Expected:
    """What a person who reads the document takes from it."""

    name: str
    status: AlertStatus
    host: str | None
    severity: Severity
    service: str | None = None
    is_test: bool = False


FIRING, RESOLVED = AlertStatus.FIRING, AlertStatus.RESOLVED

EXPECTED = {
    "dynatrace/docs_example_open.json": Expected(
        "Dynatrace problem notification test run",
        FIRING,
        "MyHost1",
        Severity.UNKNOWN,
        service="MyService1",
        is_test=True,
    ),
    "opsgenie/zulip_create.json": Expected("another alert", FIRING, "Server", Severity.WARNING),
    "opsgenie/zulip_close.json": Expected("test alert", RESOLVED, None, Severity.UNKNOWN),
    "pagerduty_v3/zulip_incident_triggered.json": Expected(
        "Test Incident 3", FIRING, None, Severity.ERROR, service="pig208"
    ),
    "pagerduty_v3/zulip_incident_resolved.json": Expected(
        "Test Incident", RESOLVED, None, Severity.ERROR, service="pig208"
    ),
    "pagerduty_v3/pddocs_01_02_incident_priority_updated.json": Expected(
        "A little bump in the road", FIRING, None, Severity.CRITICAL, service="API Service"
    ),
    "servicenow/sndocs_table_02_incident.json": Expected(
        "Can't access SFA software", FIRING, None, Severity.WARNING
    ),
    "zabbix/zulip_alert.json": Expected(
        "Zabbix agent on www.example.com is unreachable for 5 minutes",
        FIRING,
        "www.example.com",
        Severity.WARNING,
    ),
}

REFUSED = {
    # definitions of monitors and of a rule: none says whether anything goes on
    "datadog/keep_datadog_high_cpu_usage.json": "alert_transition",
    "datadog/keep_datadog_low_disk_space.json": "alert_transition",
    "grafana_unified/keep_grafana_HighMemoryConsumption.json": "alerts",
}
"""The field that a document lacks which is no alert of its sender."""

NO_ALERTS = {"cloudevents"}
"""Folders of examples that are not about alerts."""

pytestmark = pytest.mark.skipif(
    not FILES, reason=f"needs the documents of senders in {FOLDER}; AIRMEND_SHARED names its parent"
)


def parse(name: str) -> list[Alert]:
    """The alerts of a file, by its source; skips where there is no such source yet."""
    source = SOURCE_OF[name.partition("/")[0]]
    if source not in source_names():
        pytest.skip(f"there is no source '{source}'")
    return find_source(source).parse(decode_json((FOLDER / name).read_bytes()), {})


def notes() -> dict[str, dict[str, str]]:
    """What is known of each file."""
    with (FOLDER / "SOURCES.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


def may_be_refused(name: str) -> bool:
    """Whether a file is only a part of a document, or what one is made from."""
    row: dict[str, Any] = notes().get(name, {})
    return (
        row.get("kind") == "mock template"
        or str(row.get("note", "")).startswith("FRAGMENT")
        or name.partition("/")[0] in NO_ALERTS
    )


@pytest.mark.parametrize("name", FILES)
def test_a_document_gives_alerts_that_can_be_stored(name: str) -> None:
    try:
        alerts = parse(name)
    except PayloadError:
        assert may_be_refused(name)
        return
    assert alerts
    for alert in alerts:
        json.dumps(alert.model_dump(mode="json"), allow_nan=False).encode()


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_document_says_what_a_person_reads_in_it(name: str) -> None:
    (alert,) = parse(name)
    assert EXPECTED[name] == Expected(
        alert.name, alert.status, alert.host, alert.severity, alert.service, alert.is_test
    )


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_no_alert_is_refused_with_the_field_that_it_lacks(name: str) -> None:
    with pytest.raises(PayloadError) as caught:
        parse(name)
    assert caught.value.field == REFUSED[name]


def test_what_one_sender_makes_is_no_document_of_another() -> None:
    taken = {
        (name, source)
        for name in (*EXPECTED, *REFUSED)
        for source in {SOURCE_OF[each.partition("/")[0]] for each in (*EXPECTED, *REFUSED)}
        if source != SOURCE_OF[name.partition("/")[0]] and reads(source, name)
    }
    assert taken == set()


def reads(source: str, name: str) -> bool:
    """Whether a source takes a document."""
    try:
        return bool(find_source(source).parse(decode_json((FOLDER / name).read_bytes()), {}))
    except PayloadError:
        return False
