"""Reading an object whose names nobody can rely on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.errors import PayloadError
from airmend.incident.document import Document, fingerprint_key, first_host, first_word
from airmend.incident.fields import read_priority
from airmend.incident.model import Severity


@pytest.mark.parametrize("key", ["Problem URL", "ProblemURL", "problem_url", "PROBLEM.URL"])
def test_a_name_is_found_however_it_is_written(key: str) -> None:
    document = Document({key: "https://a.example/1"})
    assert document.link("ProblemURL") == "https://a.example/1"
    assert document.rest() == {}


def test_a_name_without_letters_is_a_name_too() -> None:
    assert Document({"---": "x", "主机": "web1"}).word("主机") == "web1"


@pytest.mark.parametrize("value", [None, "", "  ", [], {}, "{{host.name}}", "$HOSTNAME", "{PID}"])
def test_what_says_nothing_counts_as_not_sent(value: Any) -> None:
    document = Document({"first": value, "second": "x"})
    assert document.text("first", "second") == "x"
    assert document.take("first") is None


def test_zero_and_false_say_something() -> None:
    document = Document({"value": 0, "active": False})
    assert (document.text("value"), document.text("active")) == ("0", "false")


def test_what_was_not_read_is_left_by_its_own_name() -> None:
    document = Document({"A": 1, "b": "read", "c": {"x": "read", "y": 2}, "d": "{{x}}", "e": None})
    assert (document.text("b"), document.part("c").text("x")) == ("read", "read")
    assert document.rest() == {"A": 1, "c": {"y": 2}, "d": "{{x}}"}


def test_a_value_of_another_kind_than_asked_for_is_left() -> None:
    document = Document({"host": ["a"], "link": "javascript:x", "at": "soon", "part": "text"})
    assert document.host("host") is None
    assert document.link("link") is None
    assert document.moment("at") is None
    assert document.part("part").rest() == {}
    assert document.rest() == {"host": ["a"], "link": "javascript:x", "at": "soon", "part": "text"}


@pytest.mark.parametrize(
    "value",
    [1772442000, 1772442000000, "1772442000", "2026-03-02T09:00:00Z", "2026-03-02 09:00:00"],
)
def test_a_time_is_read_in_every_form(value: Any) -> None:
    document = Document({"at": value})
    assert document.moment("at") == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert document.rest() == {}


def test_a_missing_name_is_told_with_its_place_and_a_remedy() -> None:
    with pytest.raises(PayloadError) as caught:
        Document({"id": "n/a"}, "event").require("id", "number", remedy="send it")
    assert str(caught.value) == "event.id: is missing; send it"


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("web1:9100", "web1"),
        ("web1", "web1"),
        ("web1,web2", None),
        ("{HOST.NAME}:9100", None),
        ("host-{{env}}", None),
        ("$HOSTNAME", None),
        ("unknown:80", None),
        ("", None),
    ],
)
def test_a_host_is_one_host(value: str, host: str | None) -> None:
    assert Document({"host": value}).host("host") == host
    assert first_host({"a": "", "b": value}, "a", "b") == host


def test_the_first_label_that_names_something_counts() -> None:
    assert first_word({"a": "n/a", "c": "x", "d": "y"}, "a", "b", "c", "d") == "x"
    assert first_word({}, "a") == ""


def test_a_key_that_is_too_long_is_hashed() -> None:
    assert fingerprint_key("zabbix", "a", "b") == "zabbix:a:b"
    long, other = (fingerprint_key("zabbix", "k" * 500 + end) for end in ("1", "2"))
    assert long != other
    assert len(long) <= 128


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_no_value_makes_reading_fail(value: Any) -> None:
    document = Document({"x": value})
    document.text("x"), document.word("x"), document.host("x"), document.link("x")
    document.moment("x"), document.part("x").rest(), document.take("x")
    assert document.rest() == {}


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        (1, Severity.CRITICAL),
        ("1", Severity.CRITICAL),
        ("P1", Severity.CRITICAL),
        ("p2", Severity.ERROR),
        ("SEV-3", Severity.WARNING),
        ("3 - Moderate", Severity.WARNING),
        (4.0, Severity.INFO),
        ("P5", Severity.INFO),
        ("Critical", Severity.CRITICAL),
        (6, Severity.UNKNOWN),
        ("P10", Severity.UNKNOWN),
        (True, Severity.UNKNOWN),
        (None, Severity.UNKNOWN),
        ([1], Severity.UNKNOWN),
    ],
)
def test_a_priority_counts_from_the_most_urgent(value: Any, severity: Severity) -> None:
    assert read_priority(value) is severity
