"""A ticket's words say which service and host it is about, where its fields do not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airmend.incident.names import KnownNames
from tests.integration.incident.desk import Desk

SAMPLES = Path(__file__).parents[2] / "unit" / "incident" / "samples"
NAMES = KnownNames(services={"shop": ["web shop"]}, hosts={"web1": ["10.0.0.11"], "web2": []})


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """A desk that knows a service and two hosts."""
    desk.intake = desk.with_ports(names=lambda: NAMES)
    return desk


def ticket(**columns: Any) -> dict[str, Any]:
    """A ServiceNow record that names neither an item nor a service in its columns."""
    record: dict[str, Any] = json.loads((SAMPLES / "servicenow.json").read_text())
    return record | {"cmdb_ci": "", "business_service": ""} | columns


def test_service_host_and_symptom_are_read_out_of_a_ticket_with_the_words(desk: Desk) -> None:
    answer = desk.send(
        ticket(short_description="Web shop: disk on WEB1 is full"), source="servicenow"
    )
    incident = desk.incident(answer.incidents[0].incident)
    assert (incident.service, incident.host) == ("shop", "web1")
    assert incident.inferred == ["host", "service"]
    assert incident.annotations["inferred_host"] == "WEB1"
    assert incident.annotations["inferred_service"] == "Web shop"
    assert incident.annotations["symptom"] == "disk full"


def test_what_the_columns_say_stands(desk: Desk) -> None:
    answer = desk.send(
        ticket(short_description="web2 is down", cmdb_ci={"value": "x", "display_value": "web1"}),
        source="servicenow",
    )
    assert desk.incident(answer.incidents[0].incident).host == "web1"


def test_the_same_ticket_stays_one_incident_when_its_words_change(desk: Desk) -> None:
    first = desk.send(ticket(short_description="web1 is down"), source="servicenow")
    again = desk.send(
        ticket(short_description="web2 is down", sys_mod_count="1"), source="servicenow"
    )
    assert again.incidents[0].incident == first.incidents[0].incident


def test_issues_of_jira_are_tickets_and_alerts_of_monitoring_are_not(desk: Desk) -> None:
    issue = json.loads((SAMPLES / "jira.json").read_text())
    issue["issue"]["fields"] |= {"summary": "web2 is down", "labels": [], "components": []}
    answer = desk.send(issue, source="jira")
    assert desk.incident(answer.incidents[0].incident).host == "web2"

    entry = desk.alert(host=None, summary="web2 is down")
    assert desk.incident(entry.incident).host is None
