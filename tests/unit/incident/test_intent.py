"""A ticket's words name service, host and symptom, or the ticket is left as it is."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.incident.intent import Finding, Intent, Place, fill_from_text, read_intent
from airmend.incident.mentions import KNOWN, SHAPED
from airmend.incident.model import AlertStatus
from airmend.incident.names import KnownNames, name_parts
from tests.builders import make_alert, make_incident

NAMES = KnownNames(
    services={
        "shop": ["web shop"],
        "payment-api": ["payments"],
        "Checkout Service": [],
        "db": [],
    },
    hosts={
        "web1": ["10.0.0.11", "fd00::11"],
        "web2": [],
        "srv-db-01.example.com": [],
        "db1.a.example": [],
        "db1.b.example": [],
        "größe1": [],
    },
)


def _read(summary: str, description: str = "") -> Intent:
    return read_intent(summary, description, NAMES)


def _host(summary: str, description: str = "") -> str | None:
    found = _read(summary, description).host
    return found.value if found else None


def _service(summary: str, description: str = "") -> str | None:
    found = _read(summary, description).service
    return found.value if found else None


def test_all_three_are_found_with_their_words_and_places() -> None:
    summary = "Shop: Disk on WEB1 is full"
    intent = _read(summary)
    assert intent.service == Finding("shop", "Shop", Place.SUMMARY, 0, 4, 0.8)
    assert intent.host == Finding("web1", "WEB1", Place.SUMMARY, 14, 18, 0.95)
    assert intent.symptom == Finding("disk full", "Disk on WEB1 is full", Place.SUMMARY, 6, 26, 0.9)
    assert intent.unclear == ()


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("web1 is down", "web1"),
        ("WEB1's disk is full", "web1"),
        ("web1:9100 does not answer", "web1"),
        ("ssh root@web1 hangs", "web1"),
        ("10.0.0.11 does not ping", "web1"),
        ("10.0.0.11:443 refuses", "web1"),
        ("[fd00::11]:443 refuses", "web1"),
        ("fd00:0:0::11 refuses", "web1"),
        ("srv-db-01 is down", "srv-db-01.example.com"),
        ("SRV-DB-01.EXAMPLE.COM is down", "srv-db-01.example.com"),
        ("web1.example.org is down", "web1"),
        ("Host: web2", "web2"),
        ("web1.Please look", "web1"),
        ("größe1 ist voll", "größe1"),
        ("GRÖSSE1 ist voll", "größe1"),
    ],
)
def test_a_known_host_is_found_by_each_of_its_names(text: str, host: str) -> None:
    found = _read(text).host
    assert found is not None
    assert found.value == host
    assert found.confidence >= KNOWN


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("app7.corp.example.net is down", "app7.corp.example.net"),
        ("192.0.2.77 is down", "192.0.2.77"),
        ("2001:db8::77 is down", "2001:db8::77"),
        ("host app7 is down", "app7"),
        ("Server: app7 is down", "app7"),
        ("on ip-10-1-2-3 the disk is full", "ip-10-1-2-3"),
        ("srv-app-07 is down", "srv-app-07"),
    ],
)
def test_a_host_that_nobody_knows_is_recognised_by_its_shape(text: str, host: str) -> None:
    found = _read(text).host
    assert found is not None
    assert found.value == host
    assert found.confidence < KNOWN


@pytest.mark.parametrize(
    "text",
    [
        "web10 and web are others",
        "myweb1 is another one",
        "INC0012345 for KE-1002, see CHG-12",
        "ipv6 over http2 with sha256 and utf-8",
        "eth0 of md0 on rhel8 with java-11",
        "mail from bob@web1.example.com and info@app7.example.net",
        "version 1.2.3 of nginx.conf and index.html",
        "shop.service failed",
        "/var/log/app7.corp.example/x-1.log",
        "see e.g. the manual, i.e. chapter 7",
        "restarted.Please look at it",
        "12:30:45 and 10:00",
        "127.0.0.1 and ::1 and 0.0.0.0",
        "999.1.1.1 and 1.2.3",
        "",
    ],
)
def test_what_is_no_host_is_not_taken_for_one(text: str) -> None:
    assert _read(text).host is None


def test_a_known_host_goes_before_what_only_looks_like_one() -> None:
    assert _host("app7.corp.example.net says that web1 is down") == "web1"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("web1 is down, web2 is fine", "web1"),
        ("all hosts except web1 and web2; srv-db-01 is down", "srv-db-01.example.com"),
        ("not on web1 but on web2", "web2"),
        ("web1 is down. web2 is not affected", "web1"),
        ("cannot connect to web1", "web1"),
        ("no connection to web1", "web1"),
    ],
)
def test_a_host_that_the_text_excludes_is_none_of_it(text: str, host: str) -> None:
    assert _host(text) == host


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("web1 and web2 are slow", ("web1", "web2")),
        ("web1 cannot reach srv-db-01", ("srv-db-01.example.com", "web1")),
        ("db1 is down", ("db1.a.example", "db1.b.example")),
    ],
)
def test_of_two_hosts_that_stand_equal_neither_is_taken_and_both_are_named(
    text: str, said: tuple[str, str]
) -> None:
    intent = _read(text)
    assert intent.host is None
    (sentence,) = intent.unclear
    assert sentence.startswith("host: ")
    assert all(f"'{name}'" in sentence for name in said)


def test_the_summary_decides_between_two_and_one_said_twice_is_one() -> None:
    assert _host("web1 is down", "web2 reports it") == "web1"
    assert _host("it is down", "web1 (10.0.0.11), that is WEB1") == "web1"


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("the SHOP is down", "shop"),
        ("Web Shop is down", "shop"),
        ("payment_api is slow", "payment-api"),
        ("Payment API is slow", "payment-api"),
        ("the payments hang", "payment-api"),
        ("checkout service: OOM", "Checkout Service"),
        ("unit shop.service failed", "shop"),
        ("the shop's pages hang", "shop"),
        ("db service is down", "db"),
    ],
)
def test_a_service_is_found_by_each_of_its_names(text: str, service: str) -> None:
    assert _service(text) == service


@pytest.mark.parametrize(
    "text",
    [
        "workshop",
        "shopping",
        "web-shop-01",
        "payment. API",
        "the db has a lock",
        "check out service",
    ],
)
def test_part_of_a_word_is_no_service_nor_is_a_short_name_without_the_word(text: str) -> None:
    assert _service(text) is None


def test_two_services_are_not_chosen_between() -> None:
    intent = _read("the shop cannot reach the payment-api")
    assert intent.service is None
    assert intent.unclear == (
        "service: 'payment-api' ('payment-api') and 'shop' ('shop') stand equal, so none is taken",
    )


def test_a_summary_that_says_it_is_over_speaks_for_the_description_too() -> None:
    assert _read("web1 is back up", "It was down since 9.").symptom is None
    assert _read("web1 was back up", "Now it is down. Disk is full.").symptom is None
    assert _read("web1: look at it", "It is down since 9.").symptom is not None


def test_without_known_names_shapes_and_symptoms_are_still_found() -> None:
    intent = read_intent("the disk of host web3 is full", "", KnownNames())
    assert intent.host is not None
    assert intent.symptom is not None
    assert intent.service is None


def test_names_of_nothing_but_punctuation_are_nobodys() -> None:
    names = KnownNames(services={"": [], "--": [" "]}, hosts={"": [], " ": []})
    assert read_intent("-- . -- and nothing", "", names) == Intent(None, None, None)
    assert name_parts(" -_. ") == ()


def test_a_ticket_without_fields_is_filled_and_marked() -> None:
    alert = make_alert(
        service=None,
        host=None,
        summary="Shop: disk on WEB1 is full",
        description="",
        annotations={"caller": "bob"},
        unmapped={"location": "Bern"},
    )
    filled = fill_from_text(alert, NAMES)
    assert (filled.service, filled.host) == ("shop", "web1")
    assert filled.annotations == {
        "caller": "bob",
        "inferred_service": "Shop",
        "inferred_host": "WEB1",
        "symptom": "disk full",
    }
    assert filled.unmapped["location"] == "Bern"
    assert filled.unmapped["intent"]["host"] == {
        "value": "web1",
        "words": "WEB1",
        "place": "summary",
        "start": 14,
        "end": 18,
        "confidence": 0.95,
    }
    assert filled.fingerprint == alert.fingerprint
    assert filled.labels == alert.labels
    assert fill_from_text(filled, NAMES) == filled


def test_what_the_sender_gave_is_not_changed() -> None:
    alert = make_alert(
        service="mail", host="mx1", summary="Shop on web1 is down", annotations={"symptom": "odd"}
    )
    filled = fill_from_text(alert, NAMES)
    assert (filled.service, filled.host) == ("mail", "mx1")
    assert filled.annotations == {"symptom": "odd"}


def test_a_word_that_only_looks_like_a_host_is_shown_and_not_filled_in() -> None:
    alert = make_alert(service=None, host=None, summary="srv-app-07 is down", description="")
    filled = fill_from_text(alert, NAMES)
    assert filled.host is None
    assert filled.unmapped["intent"]["host"]["value"] == "srv-app-07"
    assert filled.unmapped["intent"]["host"]["confidence"] < SHAPED


def test_the_address_of_a_web_page_is_not_filled_in() -> None:
    alert = make_alert(
        service=None,
        host=None,
        summary="slow",
        description="see https://grafana.example.com/d/abc",
    )
    assert fill_from_text(alert, NAMES).host is None


def test_what_is_unclear_is_kept_and_nothing_is_filled_in() -> None:
    alert = make_alert(service=None, host=None, summary="web1 or web2 is down", description="")
    filled = fill_from_text(alert, NAMES)
    assert filled.host is None
    assert "inferred_host" not in filled.annotations
    assert "'web1'" in filled.unmapped["intent"]["unclear"][0]


def test_a_resolved_ticket_and_one_that_says_nothing_stay_as_they_are() -> None:
    for override in (
        {"status": AlertStatus.RESOLVED, "summary": "Shop on web1 is down"},
        {"summary": "Please order a keyboard"},
    ):
        fields: dict[str, Any] = {"service": None, "host": None, "description": "", **override}
        alert = make_alert(**fields)
        assert fill_from_text(alert, NAMES) == alert


def test_an_incident_says_which_of_its_fields_were_read_out_of_words() -> None:
    incident = make_incident(annotations={"inferred_host": "WEB1", "summary": "x"})
    assert incident.inferred == ["host"]
    assert incident.facts()["inferred"] == ["host"]
    assert make_incident().inferred == []


@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_a_ticket_says_its_findings_stand_where_they_are_said_to(
    summary: str, description: str
) -> None:
    intent = _read(summary, description)
    for finding in (intent.service, intent.host, intent.symptom):
        if finding is not None:
            text = summary if finding.place is Place.SUMMARY else description
            assert text[finding.start : finding.end] == finding.words
            assert 0 < finding.confidence < 1


WORDS = "web1 web2 db1 10.0.0.11 shop payment api not no is are fine down full disk but , . except"
words = st.sampled_from(WORDS.split())


@given(st.lists(words, max_size=14).map(" ".join))
def test_a_known_name_is_taken_only_where_the_text_has_it(text: str) -> None:
    intent = _read(text)
    assert intent.host is None or intent.host.words.lower() in text
    assert intent == _read(text)


@pytest.mark.parametrize(
    "text",
    [
        "the disk on web1 is full and not slow. " * 2_600,
        "a" * 100_000,
        "a." * 50_000,
        "a-1" * 33_000,
        "1:" * 50_000,
        "abcdef0123:" * 9_000,
        "\n" * 100_000,
        "\n" + " " * 99_990,
        "not " * 25_000,
        "cpu high " * 11_000,
        "except web1 and " * 6_000,
        "'" * 100_000,
        "ß" * 100_000,
    ],
    ids=lambda text: text[:12],
)
def test_a_hundred_thousand_characters_are_read_in_a_moment(text: str) -> None:
    begun = time.perf_counter()
    _read("", text)
    assert time.perf_counter() - begun < 10  # under one second on a quiet machine


def test_twice_the_text_takes_about_twice_the_time() -> None:
    def seconds(repeats: int) -> float:
        text = "the disk on web1 is full, not slow, and cpu of web2 is high. " * repeats
        best = []
        for _ in range(3):
            begun = time.perf_counter()
            _read("", text)
            best.append(time.perf_counter() - begun)
        return min(best)

    assert seconds(800) < 6 * seconds(200) * 2  # four times the text; squares would be sixteen
