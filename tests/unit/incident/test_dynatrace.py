"""What Dynatrace sends, read as alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airmend.errors import PayloadError
from airmend.incident.model import Alert, AlertStatus, Severity
from airmend.incident.sources import dynatrace
from tests.unit.incident.sample_files import LEFT_OUT, changed, sample

PID = "-4423498472378142321_1772442000000V2"
MOMENT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def notification(**override: Any) -> dict[str, Any]:
    """The payload that docs/senders.md recommends."""
    return sample("dynatrace", **override)


def problem_of_version_2(**override: Any) -> dict[str, Any]:
    """A problem as the Problems API describes it."""
    return changed(sample("dynatrace")["ProblemDetailsJSONv2"], override)


def example_of_the_documentation(**override: Any) -> dict[str, Any]:
    """The keys of Dynatrace's own example, as its button for a test fills them."""
    return changed(
        {
            "ImpactedEntities": [
                {"type": "HOST", "name": "web1", "entity": "HOST-XXXXXXXXXXXXX"},
                {"type": "SERVICE", "name": "shop", "entity": "SERVICE-XXXXXXXXXXXXX"},
            ],
            "ImpactedEntity": "web1, shop",
            "PID": "99999",
            "ProblemDetailsHTML": "<h1>Details</h1>",
            "ProblemDetailsJSON": {"ID": "99999"},
            "ProblemID": "999",
            "ProblemImpact": "INFRASTRUCTURE",
            "ProblemTitle": "Host unavailable",
            "Problem URL": "https://example.com",
            "State": "OPEN",
            "Tags": "tag1, tag2",
        },
        override,
    )


def read(document: dict[str, Any] | None = None, **override: Any) -> Alert:
    """The alert of a payload; of the recommended one where none is given."""
    (alert,) = dynatrace.parse(notification(**override) if document is None else document, {})
    return alert


def host(name: str, kind: str = "HOST") -> dict[str, Any]:
    """An entity as `{ImpactedEntities}` gives it."""
    return {"type": kind, "name": name, "entity": f"{kind}-06F288EE2A930951"}


def test_every_field_finds_its_place() -> None:
    alert = read()
    assert (alert.source, alert.name) == ("dynatrace", "CPU saturation")
    assert alert.status is AlertStatus.FIRING
    assert alert.severity is Severity.WARNING
    assert alert.fingerprint == f"dynatrace:{PID}"
    assert (alert.service, alert.host) == ("checkout", "web1")
    assert alert.description == "CPU saturation on host web1"
    assert alert.labels == {
        "env": "prod",
        "service": "shop",
        "critical": "true",
        "problem_id": "P-2309",
        "problem_severity": "RESOURCE_CONTENTION",
        "problem_impact": "INFRASTRUCTURE",
        "impacted_entity": "Host web1",
        "management_zone": "Shop",
        "state": "OPEN",
    }
    assert (alert.starts_at, alert.ends_at) == (MOMENT, None)
    assert alert.link is not None
    assert alert.link.startswith("https://abc12345.live.dynatrace.com/")
    assert alert.unmapped["ImpactedEntities"][1]["name"] == "checkout"
    assert not alert.is_test


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("OPEN", AlertStatus.FIRING),
        ("open", AlertStatus.FIRING),
        ("RESOLVED", AlertStatus.RESOLVED),
        ("CLOSED", AlertStatus.RESOLVED),
        ("MERGED", AlertStatus.RESOLVED),
    ],
)
def test_a_state_tells_whether_the_problem_goes_on(state: str, status: AlertStatus) -> None:
    alert = read(State=state)
    assert alert.status is status
    assert alert.fingerprint == read().fingerprint
    assert alert.labels["state"] == state.upper()


def test_the_end_comes_with_the_details() -> None:
    details = problem_of_version_2(status="CLOSED", endTime=1772443800000)
    alert = read(State="RESOLVED", ProblemDetailsJSONv2=details)
    assert (alert.starts_at, alert.ends_at) == (MOMENT, datetime(2026, 3, 2, 9, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("AVAILABILITY", Severity.CRITICAL),
        ("ERROR", Severity.ERROR),
        ("PERFORMANCE", Severity.WARNING),
        ("RESOURCE_CONTENTION", Severity.WARNING),
        ("CUSTOM_ALERT", Severity.WARNING),
        ("availability", Severity.CRITICAL),
        ("SOMETHING_NEW", Severity.UNKNOWN),
        (7, Severity.UNKNOWN),
    ],
)
def test_the_severity_of_the_problem_tells_the_harm(word: Any, severity: Severity) -> None:
    assert read(ProblemSeverity=word).severity is severity


def test_without_the_placeholder_the_details_tell_the_harm() -> None:
    details = problem_of_version_2(severityLevel="AVAILABILITY")
    alert = read(ProblemSeverity="{ProblemSeverity}", ProblemDetailsJSONv2=details)
    assert alert.severity is Severity.CRITICAL


def test_the_example_of_the_documentation_is_read() -> None:
    alert = read(example_of_the_documentation())
    assert (alert.name, alert.host, alert.service) == ("Host unavailable", "web1", "shop")
    assert alert.fingerprint == "dynatrace:99999"
    assert alert.link == "https://example.com"
    assert alert.labels["tag1"] == "true"
    assert alert.severity is Severity.UNKNOWN
    assert alert.starts_at is None
    assert alert.unmapped["ProblemDetailsHTML"] == "<h1>Details</h1>"


@pytest.mark.parametrize("key", ["Problem URL", "ProblemURL", "problem_url", "ProblemUrl"])
def test_a_key_may_have_a_space(key: str) -> None:
    document = example_of_the_documentation(**{"Problem URL": LEFT_OUT, key: "https://a.example/"})
    assert read(document).link == "https://a.example/"


def test_the_button_for_a_test_makes_a_test_alert() -> None:
    title = "Dynatrace problem notification test run"
    assert read(example_of_the_documentation(ProblemTitle=title)).is_test
    assert read(example_of_the_documentation(PID="{PID}", ProblemID="TESTID")).is_test
    assert not read(example_of_the_documentation(ProblemTitle="Test run failed")).is_test


@pytest.mark.parametrize(
    ("override", "fingerprint"),
    [
        ({"PID": "{PID}"}, "dynatrace:P-2309"),
        ({"PID": LEFT_OUT, "ProblemID": LEFT_OUT}, f"dynatrace:{PID}"),
        ({"PID": 4711}, "dynatrace:4711"),
    ],
)
def test_what_was_not_replaced_identifies_nothing(
    override: dict[str, Any], fingerprint: str
) -> None:
    assert read(**override).fingerprint == fingerprint


@pytest.mark.parametrize(
    ("entities", "expected"),
    [
        ([host("web1")], "web1"),
        ([host("web1:443")], "web1"),
        ([host("web1"), host("shop", "SERVICE")], "web1"),
        ([host("web1"), host("web1")], "web1"),
        ([host("web1"), host("web2")], None),
        ([host("{HOST.NAME}")], None),
        ([host("")], None),
        ([host("db", "PROCESS_GROUP_INSTANCE")], None),
        ([{"name": "web1", "entity": "HOST-06F288EE2A930951"}], "web1"),
        ([{"name": "web1", "entityId": "HOST-06F288EE2A930951"}], "web1"),
        (["web1", None, 7, {}], None),
        ([], None),
        (None, None),
        ("{ImpactedEntities}", None),
        ({"name": "web1"}, None),
        (LEFT_OUT, None),
    ],
)
def test_the_only_host_is_the_host(entities: Any, expected: str | None) -> None:
    document = example_of_the_documentation(ImpactedEntities=entities)
    assert read(document).host == expected


def test_of_several_hosts_the_root_cause_counts() -> None:
    several = [host("web1"), host("web2"), host("shop", "SERVICE"), host("cart", "SERVICE")]
    alert = read(ImpactedEntities=several)
    assert (alert.host, alert.service) == ("web1", "shop")  # the tag's: there are two services
    events = [
        {"entityId": "HOST-1", "entityName": "web1", "isRootCause": False},
        {"entityId": "HOST-2", "entityName": "web2", "isRootCause": True},
    ]
    document = example_of_the_documentation(
        ImpactedEntities=several, ProblemDetailsJSON={"id": "99999", "rankedEvents": events}
    )
    assert read(document).host == "web2"


def test_a_tag_may_name_the_host() -> None:
    document = example_of_the_documentation(ImpactedEntities=[], Tags="host:db1,env:prod")
    assert read(document).host == "db1"


@pytest.mark.parametrize(
    "tags",
    [
        "env:prod,team:web",
        ["env:prod", "team:web"],
        [
            {"context": "CONTEXTLESS", "key": "env", "value": "prod"},
            {"key": "team", "value": "web"},
        ],
    ],
)
def test_tags_come_in_one_text_or_as_a_list(tags: Any) -> None:
    labels = read(example_of_the_documentation(Tags=tags)).labels
    assert (labels["env"], labels["team"]) == ("prod", "web")


def test_a_tag_that_is_not_there_is_no_label() -> None:
    labels = read(example_of_the_documentation(Tags="{Tags}", owner="{Tags[owner]}")).labels
    assert not [name for name in labels if "Tags" in name]


def test_a_problem_of_the_api_may_be_the_whole_payload() -> None:
    alert = read(problem_of_version_2())
    assert (alert.name, alert.host) == ("CPU saturation", "web1")
    assert alert.fingerprint == read().fingerprint
    assert alert.labels["problem_id"] == "P-2309"
    assert alert.labels["env"] == "prod"
    assert alert.starts_at == MOMENT
    over = read(problem_of_version_2(status="CLOSED", endTime=1772443800000))
    assert (over.status, over.ends_at) == (
        AlertStatus.RESOLVED,
        datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    )


def test_a_problem_of_version_1_may_be_the_whole_payload() -> None:
    document = {
        "id": "-4423498472378142321",
        "displayName": "309",
        "status": "CLOSED",
        "severityLevel": "ERROR",
        "impactLevel": "SERVICE",
        "startTime": 1772442000000,
        "tagsOfAffectedEntities": [{"context": "AWS", "key": "env", "value": "prod"}],
        "rankedEvents": [{"entityId": "SERVICE-1", "entityName": "shop", "isRootCause": True}],
    }
    alert = read(document)
    assert alert.fingerprint == "dynatrace:-4423498472378142321"
    assert (alert.status, alert.severity) == (AlertStatus.RESOLVED, Severity.ERROR)
    assert (alert.service, alert.labels["env"], alert.starts_at) == ("shop", "prod", MOMENT)


def test_texts_of_any_script_are_kept() -> None:
    alert = read(ProblemTitle="ЦП перегружен", ImpactedEntities=[host("сервер-1")])
    assert alert.name == "ЦП перегружен"
    document = example_of_the_documentation(ImpactedEntities=[host("サーバー1")])
    assert read(document).host == "サーバー1"


def test_an_id_and_a_state_are_enough() -> None:
    alert = read({"PID": 7, "State": "OPEN"})
    assert (alert.name, alert.host, alert.service, alert.link) == ("problem 7", None, None, None)


@pytest.mark.parametrize("details", [None, "text", [], 7])
def test_details_of_another_kind_are_no_mistake(details: Any) -> None:
    assert read(ProblemDetailsJSONv2=details).fingerprint == f"dynatrace:{PID}"


def test_dynatrace_gives_no_delivery_id_but_a_signing_proxy_does() -> None:
    assert dynatrace.delivery_id({}, notification()) is None
    assert dynatrace.delivery_id({"webhook-id": "msg_1"}, notification()) == "msg_1"


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], ""),
        ({}, "PID"),
        ({"State": "OPEN", "PID": "{PID}", "ProblemID": None}, "PID"),
        ({"State": "OPEN", "PID": ["x"]}, "PID"),
        ({"PID": "1"}, "State"),
        ({"PID": "1", "State": "{State}"}, "State"),
        ({"PID": "1", "State": "EXPLODED"}, "State"),
        ({"id": "1", "status": "open"}, "PID"),
        ({"summary": "CPU saturation", "source": "web1"}, "PID"),
    ],
)
def test_a_mistake_names_its_field(document: Any, field: str) -> None:
    with pytest.raises(PayloadError) as caught:
        dynatrace.parse(document, {})
    assert caught.value.field == field
