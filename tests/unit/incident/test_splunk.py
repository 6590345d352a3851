"""What Splunk's webhook sends, read as alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airmend.errors import PayloadError
from airmend.incident.model import Alert, AlertStatus, Severity
from airmend.incident.sources import splunk
from tests.unit.incident.sample_files import LEFT_OUT, changed, sample


def read(**override: Any) -> Alert:
    """The alert of the sample with fields of its top level replaced or left out."""
    (alert,) = splunk.parse(sample("splunk", **override), {})
    return alert


def read_row(**override: Any) -> Alert:
    """The alert of the sample with columns of its row replaced or left out."""
    return read(result=changed(sample("splunk")["result"], override))


def test_every_field_finds_its_place() -> None:
    alert = read()
    assert (alert.source, alert.name) == ("splunk", "Shop does not answer")
    assert alert.status is AlertStatus.FIRING
    assert alert.severity is Severity.CRITICAL
    assert (alert.service, alert.host) == ("shop", "web1")
    assert alert.summary == alert.description == "Mar  2 09:00:00 web1 shop[7]: no answer"
    assert alert.starts_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert alert.ends_at is None
    assert alert.link is not None
    assert alert.link.startswith("https://splunk.example:8000/app/search/@go?sid=")
    assert alert.fingerprint == "splunk:Shop does not answer:web1:shop"
    assert not alert.is_test


def test_columns_are_labels_and_splunks_own_ones_are_kept_apart() -> None:
    alert = read()
    assert alert.labels["count"] == "8"
    assert alert.labels["source"] == "/var/log/shop.log"
    assert (alert.labels["search_app"], alert.labels["search_owner"]) == ("search", "admin")
    assert not [name for name in alert.labels if name.startswith(("_", "date_"))]
    assert alert.unmapped["_si"] == ["indexer1", "main"]
    assert alert.unmapped["date_hour"] == "9"


def test_the_same_search_on_the_same_host_is_the_same_alert() -> None:
    one = read()
    again = read(sid="scheduler__admin__search__RMD5a1b2c3_at_1772445660_18")
    assert one.fingerprint == again.fingerprint
    assert read_row(count="9", _raw="other").fingerprint == one.fingerprint


@pytest.mark.parametrize(
    "override", [{"host": "web2"}, {"host": LEFT_OUT}, {"service": "cart"}], ids=str
)
def test_another_host_or_service_is_another_alert(override: dict[str, Any]) -> None:
    assert read_row(**override).fingerprint != read().fingerprint


@pytest.mark.parametrize(
    ("columns", "host"),
    [
        ({"host": "web1:8089"}, "web1"),
        ({"host": ["web1"]}, "web1"),
        ({"host": ["web1", "web1"]}, "web1"),
        ({"host": ["web1", "web2"]}, None),
        ({"host": "$result.host$"}, None),
        ({"host": "{{ host }}"}, None),
        ({"host": "unknown", "dest": "10.0.0.7"}, "10.0.0.7"),
        ({"host": "", "ComputerName": "WEB1"}, "WEB1"),
        ({"host": "two words"}, None),
        ({"host": 17}, "17"),
        ({"host": None}, None),
        ({"host": LEFT_OUT, "splunk_server": "indexer1"}, None),
        ({"host": "日本-1"}, "日本-1"),
    ],
)
def test_the_host_is_one_host_or_none(columns: dict[str, Any], host: str | None) -> None:
    assert read_row(**columns).host == host


@pytest.mark.parametrize(
    ("columns", "severity"),
    [
        ({"severity": "HIGH"}, Severity.ERROR),
        ({"severity": LEFT_OUT, "urgency": "medium"}, Severity.WARNING),
        ({"severity": "$result.severity$", "log_level": "ERROR"}, Severity.ERROR),
        ({"severity": "1"}, Severity.UNKNOWN),
        ({"severity": 5}, Severity.UNKNOWN),
        ({"severity": ["critical", "critical"]}, Severity.CRITICAL),
        ({"severity": LEFT_OUT}, Severity.UNKNOWN),
    ],
)
def test_severity_is_a_word_and_a_number_is_not_guessed(
    columns: dict[str, Any], severity: Severity
) -> None:
    assert read_row(**columns).severity is severity


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("1772442000", datetime(2026, 3, 2, 9, 0, tzinfo=UTC)),
        (1772442000.25, datetime(2026, 3, 2, 9, 0, tzinfo=UTC)),
        ("2026-03-02T10:00:00.000+01:00", datetime(2026, 3, 2, 9, 0, tzinfo=UTC)),
        (LEFT_OUT, datetime(2026, 3, 2, 9, 1, tzinfo=UTC)),
        ("soon", datetime(2026, 3, 2, 9, 1, tzinfo=UTC)),
    ],
)
def test_a_row_without_a_time_began_when_the_search_ran(value: Any, moment: datetime) -> None:
    assert read_row(_time=value).starts_at == moment


def test_the_short_second_of_the_documentation_is_no_time() -> None:
    alert = read(result=None, sid="scheduler_admin_search_W2_at_14232356_132", search_name=None)
    assert alert.starts_at is None


def test_a_time_that_cannot_be_read_is_kept_as_it_came() -> None:
    assert read_row(_time="soon").unmapped["_time"] == "soon"
    assert "_time" not in read().unmapped


@pytest.mark.parametrize(
    ("sid", "name"),
    [
        ("scheduler_admin_search_W2_at_14232356_132", "scheduler_admin_search_W2"),
        ("scheduler_admin_search_W2_at_1423235600_132", "scheduler_admin_search_W2"),
        (
            "rt_scheduler__admin__search__sudo_at_1483557185_2.2",
            "rt_scheduler__admin__search__sudo",
        ),
        (
            "scheduler__admin__search__RMD5f0_at_1772442060_17_2D5C17E8-0B3B-4B0C-A1F5-0123456789AB",
            "scheduler__admin__search__RMD5f0",
        ),
        ("1772442060.17", None),
        ("", None),
        (None, None),
    ],
)
@pytest.mark.parametrize("search_name", [None, "", "$name$"])
def test_a_search_without_a_name_is_known_by_the_part_of_sid_that_stays(
    sid: Any, name: str | None, search_name: Any
) -> None:
    if name is not None:
        assert read(sid=sid, search_name=search_name).name == name
        return
    with pytest.raises(PayloadError) as caught:
        read(sid=sid, search_name=search_name)
    assert caught.value.field == "search_name"


@pytest.mark.parametrize("result", [None, {}, LEFT_OUT])
def test_a_search_that_triggers_on_no_results_is_an_alert(result: Any) -> None:
    alert = read(result=result)
    assert (alert.host, alert.service, alert.summary) == (None, None, "")
    assert alert.fingerprint == "splunk:Shop does not answer::"


def test_words_of_the_search_go_before_the_raw_event() -> None:
    alert = read_row(message="Der Laden antwortet nicht: 店は応答しません")
    assert alert.summary == "Der Laden antwortet nicht: 店は応答しません"
    assert alert.description.endswith("no answer")
    assert read_row(message="$result.message$").summary.endswith("no answer")


def test_values_of_a_column_are_joined() -> None:
    assert read_row(user=["anna", "boris", "anna"]).labels["user"] == "anna,boris"


@pytest.mark.parametrize("link", [None, "", "javascript:alert(1)", 4, LEFT_OUT])
def test_what_is_no_address_is_no_link(link: Any) -> None:
    assert read(results_link=link).link is None


def test_the_rows_of_one_run_are_deliveries_of_their_own() -> None:
    assert splunk.delivery_id({}, sample("splunk")) is None
    assert splunk.delivery_id({"webhook-id": "msg_1"}, sample("splunk")) == "msg_1"


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], ""),
        (None, ""),
        ("text", ""),
        ({}, "search_name"),
        ({"result": {"host": "web1"}}, "search_name"),
        (sample("splunk", result="x"), "result"),
        (sample("splunk", result=[{"host": "web1"}]), "result"),
        (sample("splunk", search_name={}, sid=[]), "search_name"),
    ],
)
def test_a_mistake_names_its_field(document: Any, field: str) -> None:
    with pytest.raises(PayloadError) as caught:
        splunk.parse(document, {})
    assert caught.value.field == field
