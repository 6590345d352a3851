"""Alerts of a sender that a file describes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.errors import PayloadError
from airmend.incident.fields import MAX_ALERTS
from airmend.incident.mapping.form import SenderForm
from airmend.incident.mapping.source import MappedSource
from airmend.incident.model import Alert, AlertStatus, Severity
from tests.unit.incident.mapping.checkmk import form, notification, payload, source
from tests.unit.incident.sample_files import LEFT_OUT
from tests.unit.incident.test_sources import any_json, any_text

SINCE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def read(mapped: MappedSource | None = None, **override: Any) -> Alert:
    """The alert of a payload with one notification, fields of which are replaced or left out."""
    (alert,) = (mapped or source()).parse(payload(notification(**override)), {})
    return alert


def whole(**override: Any) -> MappedSource:
    """A sender whose payload is one alert."""
    alert = {"name": "alert.check", "status": "alert.state"} | override
    return MappedSource("plain", SenderForm.model_validate({"alert": alert}))


def test_every_field_finds_its_place() -> None:
    alert = read()
    assert (alert.source, alert.name) == ("checkmk", "HTTP")
    assert (alert.status, alert.severity) == (AlertStatus.FIRING, Severity.CRITICAL)
    assert alert.fingerprint == "checkmk:berlin:17"
    assert (alert.service, alert.host) == ("shop", "web1")
    assert (alert.summary, alert.description) == ("no answer", "tried three times")
    assert alert.labels == {"team": "web", "urgent": "true"}
    assert alert.annotations == {"site": "berlin", "counts": '{"tries":3}'}
    assert (alert.starts_at, alert.ends_at) == (SINCE, None)
    assert alert.link == "https://monitoring.example/17"
    assert alert.links == {"graph": "https://monitoring.example/17/graph"}
    assert not alert.is_test
    assert source().PROOFS == ("bearer", "basic")


def test_what_no_expression_takes_is_kept() -> None:
    unmapped = read().unmapped
    assert (unmapped["note"], unmapped["id"]) == ("kept", 17)
    assert unmapped["body"] == {"id": "n-1", "site": "berlin"}
    assert not {"output", "state", "url", "notifications"} & set(unmapped)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("PROBLEM", AlertStatus.FIRING),
        ("problem ", AlertStatus.FIRING),
        (2, AlertStatus.FIRING),
        ("RECOVERY", AlertStatus.RESOLVED),
        ("Ok", AlertStatus.RESOLVED),
    ],
)
def test_the_table_says_which_words_fire_and_which_are_over(word: Any, status: AlertStatus) -> None:
    alert = read(state=word)
    assert alert.status is status
    assert alert.fingerprint == read().fingerprint


def test_a_word_to_ignore_gives_no_alert_and_leaves_the_others() -> None:
    body = payload(notification(state="ACKNOWLEDGEMENT"), notification(id=18, state="OK"))
    (alert,) = source().parse(body, {})
    assert alert.fingerprint == "checkmk:berlin:18"


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("DOWN", Severity.CRITICAL),
        ("warn", Severity.WARNING),
        ("error", Severity.ERROR),
        ("P1", Severity.CRITICAL),
        ("purple", Severity.UNKNOWN),
        (None, Severity.UNKNOWN),
        ({}, Severity.UNKNOWN),
    ],
)
def test_a_word_that_no_table_has_is_read_as_usual(word: Any, severity: Severity) -> None:
    assert read(level=word).severity is severity


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (1772442000, SINCE),
        ("1772442000000", SINCE),
        (1772442000123456789, datetime(2026, 3, 2, 9, 0, 0, 123456, UTC)),
        ("2026-03-02T10:00:00+01:00", SINCE),
        ("2026-03-02 09:00:00.123456789 +0000 UTC", datetime(2026, 3, 2, 9, 0, 0, 123456, UTC)),
        (0, None),
        (None, None),
    ],
)
def test_times_are_iso_or_count_from_1970(value: Any, moment: datetime | None) -> None:
    alert = read(since=value)
    assert alert.starts_at == moment
    assert "not_read" not in alert.unmapped


def test_a_time_that_cannot_be_read_is_said() -> None:
    alert = read(since="yesterday")
    assert alert.starts_at is None
    assert alert.unmapped["not_read"] == {"starts_at": "is no time: yesterday"}


@pytest.mark.parametrize(
    ("tags", "labels"),
    [
        ({"team": "web", "n": 3, "x": {"a": 1}}, {"team": "web", "n": "3"}),
        ([{"key": "team", "value": "web"}], {"team": "web"}),
        (["team:web", "urgent"], {"team": "web", "urgent": "true"}),
        ([["team", "web"]], {"team": "web"}),
        (None, {}),
        (7, {}),
    ],
)
def test_labels_come_in_any_form(tags: Any, labels: dict[str, str]) -> None:
    assert read(tags=tags).labels == labels


def test_labels_may_be_taken_one_by_one() -> None:
    mapped = source(labels={"check": "alert.check.name", "none": "alert.nothing", "c": "'x'"})
    assert read(mapped).labels == {"check": "HTTP", "c": "x"}


def test_a_function_without_a_value_leaves_its_field_out_and_says_so() -> None:
    alert = read(source(summary="join(',', alert.tags)"), tags=None)
    assert alert.summary == ""
    assert "join" in alert.unmapped["not_read"]["summary"]


@pytest.mark.parametrize(
    ("host", "expected"),
    [("web1:6556", "web1"), (["web1"], "web1"), ("{{host}}", None), ("a b", None), (None, None)],
)
def test_the_host_is_one_host_or_none(host: Any, expected: str | None) -> None:
    assert read(host=host).host == expected


@pytest.mark.parametrize(("kind", "is_test"), [("TEST", True), ("REAL", False), (None, False)])
def test_a_test_is_only_what_the_expression_says_is_true(kind: Any, is_test: bool) -> None:
    assert read(kind=kind).is_test is is_test
    assert not read(source(is_test="alert.kind"), kind="TEST").is_test


def test_without_a_list_the_payload_is_one_alert() -> None:
    (alert,) = whole().parse({"check": "HTTP", "state": "firing", "x": 1}, {})
    assert (alert.name, alert.status) == ("HTTP", AlertStatus.FIRING)
    assert alert.unmapped == {"x": 1}


def test_an_object_where_the_list_is_expected_is_one_alert() -> None:
    (alert,) = source().parse(payload(notifications=notification()), {})
    assert alert.name == "HTTP"


def test_without_an_expression_for_it_labels_service_and_host_identify() -> None:
    mapped = source(fingerprint=LEFT_OUT)
    one, again = read(mapped), read(mapped, state="OK", output="fine", since=1)
    assert one.fingerprint == again.fingerprint
    assert one.fingerprint != read(mapped, host="web2").fingerprint
    assert one.fingerprint != read(mapped, tags="team:db").fingerprint


def test_a_long_fingerprint_is_told_from_another_one_that_begins_alike() -> None:
    one, two = read(id="x" * 500 + "a"), read(id="x" * 500 + "b")
    assert one.fingerprint != two.fingerprint
    assert len(one.fingerprint) < 128


def test_the_delivery_is_named_by_a_signing_proxy_a_header_or_the_body() -> None:
    mapped = source()
    headers = {"x-notification-id": "h-1"}
    assert mapped.delivery_id(headers | {"webhook-id": "msg_1"}, payload()) == "msg_1"
    assert mapped.delivery_id(headers, payload()) == "h-1"
    assert mapped.delivery_id({}, payload()) == "n-1"
    assert mapped.delivery_id({}, [1]) is None
    assert whole().delivery_id({}, payload()) is None


def test_a_payload_cannot_become_an_expression() -> None:
    text = "alert.id || body | to_string(@)"
    alert = read(output=text, host="[?a]", tags={"{{ x }}": "${y}"})
    assert alert.summary == text
    assert alert.labels == {"{{ x }}": "${y}"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "notifications"),
        (None, "notifications"),
        ({}, "notifications"),
        (payload(notifications="x"), "notifications"),
        (payload(notifications=[{}] * (MAX_ALERTS + 1)), "notifications"),
        (payload("x"), "notifications[0]"),
        (payload(notification(), {}), "notifications[1].state"),
        (payload(notification(state="FLAPPING")), "notifications[0].state"),
        (payload(notification(check=None)), "notifications[0].check.name"),
        (payload(notification(check={"name": "n/a"})), "notifications[0].check.name"),
        (payload(notification(id=None), site=None), "site"),
    ],
)
def test_a_mistake_names_its_field(body: Any, field: str) -> None:
    with pytest.raises(PayloadError) as caught:
        source().parse(body, {})
    assert caught.value.field == field


def test_a_word_that_the_file_does_not_know_is_quoted_with_those_that_it_knows() -> None:
    with pytest.raises(PayloadError, match=r"'FLAPPING'.*file of 'checkmk'.*recovery"):
        read(state="FLAPPING")


def test_a_delivery_that_costs_too_much_is_refused() -> None:
    mapped = source(summary="to_string([body, body, body])")
    many = [notification(id=number, details="x" * 1_000) for number in range(200)]
    with pytest.raises(PayloadError, match="more steps"):
        mapped.parse(payload(*many), {})


def test_a_thousand_alerts_are_within_the_budget() -> None:
    many = [notification(id=number) for number in range(MAX_ALERTS)]
    assert len(source().parse(payload(*many), {})) == MAX_ALERTS


def check(mapped: MappedSource, document: Any, headers: dict[str, str]) -> None:
    """The laws of every source; see `test_sources.py`."""
    identity = mapped.delivery_id(headers, document)
    assert identity is None or isinstance(identity, str)
    try:
        alerts = mapped.parse(document, headers)
    except PayloadError as error:
        str(error).encode()
        return
    for alert in alerts:
        text = json.dumps(alert.model_dump(mode="json"), ensure_ascii=False, allow_nan=False)
        text.encode()
        assert "\\u0000" not in text
        assert alert.fingerprint.startswith(f"{mapped.name}:")


@given(any_json, st.dictionaries(any_text, any_text))
def test_any_json_gives_alerts_or_a_payload_error(body: Any, headers: dict[str, str]) -> None:
    for mapped in (source(), whole()):
        check(mapped, body, headers)


@given(st.dictionaries(st.sampled_from(list(notification())), any_json), any_json)
def test_odd_values_give_alerts_or_a_payload_error(override: dict[str, Any], site: Any) -> None:
    check(source(), payload(notification(**override), site=site), {})


def test_nesting_without_end_is_no_crash() -> None:
    deep: Any = "x"
    for _ in range(50_000):
        deep = [deep]
    check(source(), payload(notification(tags=deep, counts=deep)), {})
    assert form()["alerts"] == "body.notifications"
