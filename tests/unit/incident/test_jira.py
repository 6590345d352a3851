"""What Jira sends, read as alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airmend.errors import PayloadError
from airmend.incident.model import Alert, AlertStatus, Severity
from airmend.incident.sources import jira
from tests.unit.incident.sample_files import LEFT_OUT, changed, sample

CREATED = datetime(2026, 3, 2, 9, 0, 0, 962_000, UTC)
CHANGED = datetime(2026, 3, 2, 9, 0, 1, 716_000, UTC)
RESOLVED = datetime(2026, 3, 2, 11, 30, tzinfo=UTC)
DONE = {"id": "5", "name": "Erledigt", "statusCategory": {"id": 3, "key": "done"}}
PROGRESS = {"id": "3", "name": "In Progress", "statusCategory": {"id": 4, "key": "indeterminate"}}


def webhook(event: str = "jira:issue_updated", **override: Any) -> dict[str, Any]:
    """The sample as an event with fields of the issue replaced or left out."""
    document = sample("jira", webhookEvent=event)
    document["issue"]["fields"] = changed(document["issue"]["fields"], override)
    return document


def read(event: str = "jira:issue_updated", **override: Any) -> Alert:
    """The alert of such a document."""
    (alert,) = jira.parse(webhook(event, **override), {})
    return alert


def with_issue(**override: Any) -> dict[str, Any]:
    """The sample with parts of its issue replaced or left out."""
    document = sample("jira")
    return document | {"issue": changed(document["issue"], override)}


def test_every_field_finds_its_place() -> None:
    alert = read("jira:issue_created")
    assert alert.source == "jira"
    assert alert.name == alert.summary == "The shop does not answer"
    assert alert.description == "Customers see an error since nine."
    assert (alert.status, alert.severity) == (AlertStatus.FIRING, Severity.ERROR)
    assert alert.fingerprint == "jira:acme.atlassian.net:10000"
    assert (alert.service, alert.host) == ("shop", "web1")
    assert (alert.starts_at, alert.ends_at) == (CREATED, None)
    assert alert.link == "https://acme.atlassian.net/browse/OPS-17"
    assert alert.labels == {
        "issue_key": "OPS-17",
        "project": "OPS",
        "issue_type": "[System] Incident",
        "status": "Open",
        "priority": "High",
        "component": "shop",
        "host": "web1",
        "checkout": "true",
        "customfield_10030": "Production",
    }
    assert alert.unmapped["user"]["displayName"] == "Anna"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (PROGRESS, AlertStatus.FIRING),
        (DONE, AlertStatus.RESOLVED),
        ({"name": "Fertig", "statusCategory": {"id": 3}}, AlertStatus.RESOLVED),
        ({"name": "Offen", "statusCategory": {"id": "2", "key": None}}, AlertStatus.FIRING),
        ({"name": "Closed"}, AlertStatus.RESOLVED),
        ({"name": "Reopened", "statusCategory": None}, AlertStatus.FIRING),
        ({"name": "Odd", "statusCategory": {"key": "undefined", "id": 1}}, AlertStatus.FIRING),
    ],
)
def test_the_category_of_the_status_says_whether_it_is_over(
    status: Any, expected: AlertStatus
) -> None:
    assert read(status=status).status is expected


def test_without_a_category_what_is_resolved_is_over() -> None:
    alert = read(status={"name": "Verifying"}, resolution={"name": "Fixed"})
    assert alert.status is AlertStatus.RESOLVED


def test_an_issue_is_the_same_until_it_is_done() -> None:
    over = read(status=DONE, resolutiondate="2026-03-02T12:30:00.000+0100")
    assert over.fingerprint == read("jira:issue_created").fingerprint
    assert (over.starts_at, over.ends_at) == (CREATED, RESOLVED)


def test_an_issue_that_moved_to_another_project_is_the_same_one() -> None:
    (moved,) = jira.parse(with_issue(key="NEW-1"), {})
    assert moved.fingerprint == read().fingerprint


def test_issues_of_two_sites_with_the_same_number_are_two() -> None:
    (other,) = jira.parse(with_issue(self="https://other.example/rest/api/2/issue/10000"), {})
    assert other.fingerprint != read().fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"changelog": {"items": [{"field": "resolution", "from": "10000", "to": None}]}},
        {"issue_event_type_name": "issue_reopened"},
    ],
)
def test_an_issue_that_is_opened_again_begins_again(change: dict[str, Any]) -> None:
    (alert,) = jira.parse(webhook(status=PROGRESS) | change, {})
    assert (alert.status, alert.starts_at) == (AlertStatus.FIRING, CHANGED)


@pytest.mark.parametrize(
    "items",
    [
        [{"field": "status", "from": "1", "to": "3"}],
        [{"field": "resolution", "from": None, "to": "10000"}],
        [7, None, {}],
        None,
        "x",
    ],
)
def test_any_other_change_leaves_the_start(items: Any) -> None:
    (alert,) = jira.parse(webhook() | {"changelog": {"items": items}}, {})
    assert alert.starts_at == CREATED


def test_a_deleted_issue_is_over() -> None:
    assert read("jira:issue_deleted").status is AlertStatus.RESOLVED


@pytest.mark.parametrize(
    "event", ["comment_created", "worklog_updated", "sprint_started", "user_x"]
)
def test_what_is_said_beside_an_issue_is_no_alert(event: str) -> None:
    assert jira.parse(webhook(event), {}) == []
    assert jira.parse({"webhookEvent": event}, {}) == []


def test_an_automation_rule_sends_the_issue_alone_or_inside() -> None:
    issue = sample("jira")["issue"]
    (alone,) = jira.parse(issue | {"id": 10000}, {})
    (inside,) = jira.parse({"issue": issue}, {})
    assert alone.fingerprint == inside.fingerprint == read().fingerprint
    assert alone.labels == inside.labels


@pytest.mark.parametrize(
    ("priority", "severity"),
    [
        ({"name": "Highest"}, Severity.CRITICAL),
        ({"name": "Blocker"}, Severity.CRITICAL),
        ({"name": "High"}, Severity.ERROR),
        ({"name": "Major"}, Severity.ERROR),
        ({"name": "Medium"}, Severity.WARNING),
        ({"name": "Low"}, Severity.INFO),
        ({"name": "Trivial"}, Severity.INFO),
        ({"name": "P2"}, Severity.ERROR),
        ({"name": "1 - Critical"}, Severity.CRITICAL),
        ({"name": "Höchste", "id": "1"}, Severity.CRITICAL),
        ({"name": "Gering", "id": "4"}, Severity.INFO),
        ({"name": "Ours", "id": "10001"}, Severity.UNKNOWN),
        (None, Severity.UNKNOWN),
        ("High", Severity.UNKNOWN),
    ],
)
def test_priorities_are_severities(priority: Any, severity: Severity) -> None:
    assert read(priority=priority).severity is severity


def test_a_label_may_tell_the_severity_where_no_priority_does() -> None:
    assert read(priority=None, labels=["severity:critical"]).severity is Severity.CRITICAL


@pytest.mark.parametrize(
    ("override", "host", "service"),
    [
        ({"labels": ["host:web1:9100", "service:cart"]}, "web1", "cart"),
        ({"labels": ["host=web1"]}, "web1", "shop"),
        ({"labels": "host:web1, urgent"}, "web1", "shop"),
        ({"labels": []}, None, "shop"),
        ({"labels": None, "components": None}, None, None),
        ({"components": [{"name": "a"}, {"name": "b"}]}, "web1", None),
        ({"components": [{"id": "1"}, 7]}, "web1", "7"),
        ({"components": []}, "web1", None),
        ({"labels": ["host:{{host}}"]}, None, "shop"),
    ],
)
def test_labels_and_a_single_component_tell_host_and_service(
    override: dict[str, Any], host: str | None, service: str | None
) -> None:
    alert = read(**override)
    assert (alert.host, alert.service) == (host, service)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("words", "words"),
        (7, "7"),
        (["a", "b"], "a,b"),
        ({"value": "Production", "id": "10200"}, "Production"),
        ([{"value": "one"}, {"name": "two"}, None], "one,two"),
        ({"displayName": "English", "languageCode": "en"}, "English"),
    ],
)
def test_custom_fields_are_labels_by_their_ids(value: Any, text: str) -> None:
    assert read(customfield_10055=value).labels["customfield_10055"] == text


def test_a_custom_field_without_words_is_kept_apart() -> None:
    portal = "https://acme.atlassian.net/servicedesk/customer/portal/1/OPS-17"
    request = {"_links": {"web": portal}, "requestType": {"name": "Report"}}
    alert = read(customfield_10010=request, customfield_10011=None, customfield_10012={})
    assert alert.links == {"portal": portal}
    assert alert.unmapped["customfield_10010"]["requestType"] == {"name": "Report"}
    assert not {"customfield_10010", "customfield_10011"} & set(alert.labels)


def test_no_custom_field_is_lost_in_a_large_issue() -> None:
    many = {f"customfield_{number}": "x" * 500 for number in range(10_100, 10_160)}
    assert set(many) < set(read(**many).labels)


def paragraph(*nodes: Any) -> dict[str, Any]:
    """A block of nodes."""
    return {"type": "paragraph", "content": list(nodes)}


def word(text: Any) -> dict[str, Any]:
    """A piece of text."""
    return {"type": "text", "text": text}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("  plain  ", "plain"),
        (
            {
                "type": "doc",
                "content": [paragraph(word("one "), word("two")), paragraph(word("3"))],
            },
            "one two\n3",
        ),
        (paragraph(word("a"), {"type": "hardBreak"}, word("店")), "a\n店"),
        (paragraph({"type": "mention", "attrs": {"text": "@anna"}}), "@anna"),
        (
            paragraph({"type": "inlineCard", "attrs": {"url": "https://a.example"}}),
            "https://a.example",
        ),
        (
            {
                "type": "bulletList",
                "content": [
                    {"type": "listItem", "content": [paragraph(word("x"))]},
                    {"type": "listItem", "content": [paragraph(word("y"))]},
                ],
            },
            "x\ny",
        ),
        ({"type": "mediaSingle", "content": [{"type": "media", "attrs": {"id": "1"}}]}, ""),
        ({"type": "doc", "content": "odd"}, ""),
        ({"type": ["odd"], "content": [None, 7, [word("z")]]}, "z"),
        (paragraph(word(None), word({"a": 1}), word(5)), "5"),
        (None, ""),
        (7, ""),
    ],
)
def test_a_description_is_plain_or_a_tree_of_nodes(value: Any, text: str) -> None:
    assert read(description=value).description == text


def test_a_tree_without_end_is_no_crash() -> None:
    deep: Any = word("bottom")
    for _ in range(5_000):
        deep = {"type": "doc", "content": [deep]}
    assert "bottom" not in read(description=deep).description


@pytest.mark.parametrize("address", [None, "", "x", "http://[", "javascript:1/rest/2", 7])
def test_without_an_address_there_is_no_link(address: Any) -> None:
    (alert,) = jira.parse(with_issue(self=address), {})
    assert alert.link is None


def test_a_server_below_a_path_keeps_its_path() -> None:
    (alert,) = jira.parse(with_issue(self="http://jira.corp:8080/jira/rest/api/2/issue/10000"), {})
    assert alert.link == "http://jira.corp:8080/jira/browse/OPS-17"


def test_the_identifier_of_the_webhook_is_the_delivery() -> None:
    headers = {"x-atlassian-webhook-identifier": "f1c2"}
    assert jira.delivery_id(headers, {}) == "f1c2"
    assert jira.delivery_id({}, sample("jira")) is None


@pytest.mark.parametrize("summary", [None, "", LEFT_OUT])
def test_an_issue_without_a_summary_is_named_by_its_key(summary: Any) -> None:
    assert read(summary=summary).name == "OPS-17"


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], ""),
        (None, ""),
        ({}, "issue"),
        ({"accountId": "1234", "username": "anna"}, "issue"),
        (sample("jira", issue=None), "issue"),
        (sample("jira", issue=[]), "issue"),
        (with_issue(fields=None), "issue.fields"),
        (with_issue(key=None, id=None), "issue.key"),
        (webhook(status=None), "issue.fields.status"),
        (webhook(status={"id": "1"}), "issue.fields.status"),
        ({"key": "OPS-17", "fields": "x"}, "fields"),
    ],
)
def test_a_mistake_names_its_field(document: Any, field: str) -> None:
    with pytest.raises(PayloadError) as caught:
        jira.parse(document, {})
    assert caught.value.field == field
