"""Maintenance windows from iCalendar files: what is understood, and what is a mistake."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.incident.calendar_file import read_calendar
from airmend.incident.model import Scope, ScopeKind
from tests.documents import ROOT, blocks_of
from tests.unit.incident.calendars import END, SCOPE, START, calendar, event, window

FROM, TO = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
FAR = datetime(2026, 6, 30, tzinfo=UTC)
SHOP = Scope(kind=ScopeKind.SERVICE, value="shop")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+00:00")


def times(*events: str, head: str = "") -> list[tuple[str, str]]:
    """Start and end in UTC, as `03-01 21:00`, of all that takes place from February to April."""
    file = read_calendar("shop.ics", calendar(*events, head=head))
    assert file.mistakes == []
    found = [each for it in file.windows for each in it.recurrence.between(FROM, TO)]
    return [(f"{start:%m-%d %H:%M}", f"{end:%m-%d %H:%M}") for start, end in sorted(found)]


def starts(*events: str, head: str = "") -> list[str]:
    return [start for start, _ in times(*events, head=head)]


def mistake(*events: str, head: str = "") -> str:
    file = read_calendar("shop.ics", calendar(*events, head=head))
    (only,) = file.mistakes
    return only


# --- What an event says ---------------------------------------------------------------------


def test_an_event_says_what_it_covers_who_made_it_and_why() -> None:
    organiser = "ORGANIZER;CN=Olivia:mailto:olivia@example.org"
    (found,) = read_calendar("shop.ics", calendar(window(organiser))).windows
    assert (found.id, found.summary, found.author) == ("shop.ics/one", "Patch night", "Olivia")
    assert found.scopes == [SHOP]


def test_an_event_without_an_organiser_is_the_files() -> None:
    (found,) = read_calendar("shop.ics", calendar(window())).windows
    assert found.author == "shop.ics"


@pytest.mark.parametrize(
    ("lines", "scopes"),
    [
        (["X-AIRMEND-SCOPE:service shop"], [SHOP]),
        ([r"DESCRIPTION:Airmend: Service shop\nmore"], [SHOP]),
        ([r"DESCRIPTION:Hello<br>airmend: service shop<br/>bye"], [SHOP]),
        (["X-AIRMEND-SCOPE:all"], [Scope(kind=ScopeKind.ALL)]),
        (
            ["X-AIRMEND-SCOPE:runbook disk-full", r"DESCRIPTION:airmend: service shop"],
            [Scope(kind=ScopeKind.RUNBOOK, value="disk-full"), SHOP],
        ),
        (
            [r"DESCRIPTION:airmend: expression incident.host in ['a'\, 'b']"],
            [Scope(kind=ScopeKind.EXPRESSION, value="incident.host in ['a', 'b']")],
        ),
    ],
)
def test_a_scope_is_a_property_or_a_line_of_the_description(
    lines: list[str], scopes: list[Scope]
) -> None:
    file = read_calendar("a.ics", calendar(event(START, END, *lines)))
    assert file.mistakes == []
    assert file.windows[0].scopes == scopes


@pytest.mark.parametrize(
    ("lines", "fact"),
    [
        ([], "does not say which incidents it covers"),
        (["DESCRIPTION:shop is down"], "does not say which incidents it covers"),
        (["X-AIRMEND-SCOPE:"], "its scope '' is not understood"),
        (["DESCRIPTION:airmend: servic shop"], "its scope 'servic shop' is not understood"),
        (["DESCRIPTION:airmend: service"], "its scope 'service': the service is empty"),
        (["DESCRIPTION:airmend: all of them"], "'all' takes no value"),
        (["DESCRIPTION:airmend: expression"], "the expression is empty"),
        (["DESCRIPTION:airmend: expression incident.hots == 'a'"], "Did you mean 'host'?"),
        ([r"DESCRIPTION:airmend: service shop\nairmend: sevice mail"], "'sevice mail'"),
    ],
)
def test_an_event_without_a_good_scope_is_a_mistake_and_never_means_all(
    lines: list[str], fact: str
) -> None:
    file = read_calendar("a.ics", calendar(event(START, END, *lines), window(uid="two")))
    assert [each.id for each in file.windows] == ["a.ics/two"]
    (told,) = file.mistakes
    assert told.startswith("a.ics: event 'Patch night': ")
    assert fact in told


# --- When it takes place --------------------------------------------------------------------


def test_a_window_is_in_the_zone_of_its_event() -> None:
    assert times(window()) == [("03-01 21:00", "03-02 01:00")]


def test_a_series_stays_at_its_hour_when_summer_time_begins() -> None:
    weekly = window("RRULE:FREQ=WEEKLY;COUNT=6")
    assert starts(weekly)[3:] == ["03-22 21:00", "03-29 20:00", "04-05 20:00"]


def test_the_first_start_counts_though_the_rule_does_not_give_it() -> None:
    assert starts(window("RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=2")) == [
        "03-01 21:00",
        "03-03 21:00",
        "03-10 21:00",
    ]


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20260315T210000Z", "03-15 21:00"),
        ("20260315T205959Z", "03-08 21:00"),
        ("20260315", "03-15 21:00"),
        ("20260315T220000", "03-15 21:00"),
    ],
)
def test_a_series_ends_with_its_last_start(until: str, last: str) -> None:
    assert starts(window(f"RRULE:FREQ=WEEKLY;UNTIL={until}"))[-1] == last


def test_what_is_taken_out_of_a_series_does_not_take_place() -> None:
    series = window(
        "RRULE:FREQ=WEEKLY;COUNT=4",
        "EXDATE;TZID=Europe/Berlin:20260308T220000",
        "EXDATE;VALUE=DATE:20260315",
        "RDATE:20260310T210000Z",
    )
    assert starts(series) == ["03-01 21:00", "03-10 21:00", "03-22 21:00"]


def test_an_occurrence_that_was_moved_takes_place_at_its_new_time_alone() -> None:
    moved = event(
        "RECURRENCE-ID;TZID=Europe/Berlin:20260308T220000",
        "DTSTART;TZID=W. Europe Standard Time:20260309T230000",
        "DTEND;TZID=W. Europe Standard Time:20260310T000000",
    )
    assert starts(window("RRULE:FREQ=WEEKLY;COUNT=2"), moved) == ["03-01 21:00", "03-09 22:00"]


def test_an_occurrence_that_was_cancelled_does_not_take_place() -> None:
    gone = window("RECURRENCE-ID;TZID=Europe/Berlin:20260301T220000", "STATUS:CANCELLED")
    assert starts(window("RRULE:FREQ=WEEKLY;COUNT=2"), gone) == ["03-08 21:00"]
    assert starts(window("STATUS:CANCELLED")) == []


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("", ("03-28 00:00", "03-30 00:00")),
        ("X-WR-TIMEZONE:Europe/Berlin", ("03-27 23:00", "03-29 22:00")),
    ],
)
def test_whole_days_are_days_of_the_calendars_zone(head: str, expected: tuple[str, str]) -> None:
    days = event("DTSTART;VALUE=DATE:20260328", "DTEND;VALUE=DATE:20260330", SCOPE)
    assert times(days, head=head) == [expected]


def test_a_day_without_an_end_is_one_day_and_recurs_by_days() -> None:
    assert starts(event("DTSTART;VALUE=DATE:20260301", SCOPE, "RRULE:FREQ=DAILY;COUNT=2")) == [
        "03-01 00:00",
        "03-02 00:00",
    ]


def test_a_time_without_a_zone_is_one_of_the_calendars_zone() -> None:
    floating = event("DTSTART:20260301T220000", "DURATION:PT4H", SCOPE)
    assert times(floating) == [("03-01 22:00", "03-02 02:00")]
    assert times(floating, head="X-WR-TIMEZONE:Europe/Berlin") == [("03-01 21:00", "03-02 01:00")]


def test_a_zone_that_the_file_describes_itself_is_known() -> None:
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:Office\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
        "TZOFFSETFROM:+0300\r\nTZOFFSETTO:+0300\r\nEND:STANDARD\r\nEND:VTIMEZONE"
    )
    office = event("DTSTART;TZID=Office:20260301T220000", "DURATION:PT1H", SCOPE)
    assert times(zone, office) == [("03-01 19:00", "03-01 20:00")]


def test_a_window_that_lasts_over_the_change_of_clocks_keeps_its_exact_length() -> None:
    night = event(
        "DTSTART;TZID=Europe/Berlin:20260329T010000",
        "DTEND;TZID=Europe/Berlin:20260329T040000",
        SCOPE,
    )
    assert times(night) == [("03-29 00:00", "03-29 02:00")]


# --- Mistakes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "fact"),
    [
        ([START], "it has no end"),
        ([END], "it has no start"),
        ([START, "DTEND;TZID=Europe/Berlin:20260301T210000"], "ends before it starts"),
        ([START, "DURATION:PT0S"], "ends before it starts"),
        ([START, "DURATION:P31D"], "lasts longer than 30 days"),
        ([START, "DTEND;VALUE=DATE:20260303"], "ends with a day"),
        (["DTSTART;VALUE=DATE:20260301", END], "ends with a time"),
        (["DTSTART;VALUE=DATE:20260301", "DURATION:PT5H"], "does not last whole days"),
        (["DTSTART:00010101T000000", "DURATION:PT5H"], "starts before 1970"),
        (["DTSTART;TZID=Mars/Base:20260301T220000", "DURATION:PT5H"], "'Mars/Base' of its DTSTART"),
        ([START, "DTEND:2026030"], "its DTEND is not understood"),
        ([START, END, "RRULE:FREQ=SOMETIMES"], "its RRULE is not understood"),
        ([START, END, "RRULE:FREQ=SECONDLY"], "it recurs SECONDLY"),
        ([START, END, "RRULE:FREQ=DAILY;BYHOUR=1,2"], "its DAILY rule has BYHOUR"),
        ([START, END, "RRULE:FREQ=DAILY;BYWEEKNO=3"], "its DAILY rule has BYWEEKNO"),
        ([START, END, "RRULE:FREQ=DAILY;INTERVAL=0"], "not above 0"),
        ([START, END, "RRULE:FREQ=DAILY;COUNT=0"], "not above 0"),
        ([START, END, "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"], "never have such a day"),
        ([START, END, "RRULE:FREQ=DAILY;BYMONTH=13"], "never have such a day"),
        ([START, END, "RRULE:FREQ=YEARLY;BYSETPOS=400"], "its RRULE 'FREQ=YEARLY;BYSETPOS=400'"),
        ([START, END, "RRULE:RSCALE=CHINESE;FREQ=YEARLY"], "is not understood"),
        ([START, END, "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"], "several RRULEs"),
        ([START, END, "EXRULE:FREQ=DAILY"], "has an EXRULE"),
        ([START, END, "RDATE;VALUE=PERIOD:20260301T000000Z/PT1H"], "its RDATE has a period"),
        ([START, START, END], "it has several DTSTART"),
        (
            [START, END, "RECURRENCE-ID;RANGE=THISANDFUTURE:20260301T210000Z"],
            "changes all later occurrences",
        ),
    ],
)
def test_what_is_not_certain_is_a_mistake(lines: list[str], fact: str) -> None:
    told = mistake(event(*lines, SCOPE))
    assert told.startswith("shop.ics: event 'Patch night': ")
    assert fact in told
    assert told.count(". ") >= 1, "fact and remedy"


@pytest.mark.parametrize(
    ("data", "fact"),
    [
        (b"", "no whole VCALENDAR"),
        (b"hello", "is not an iCalendar file"),
        (b"\xff\xfe\x00", "is not an iCalendar file"),
        (calendar(window())[:-20], "no whole VCALENDAR"),
        (calendar(window())[:90], "no whole VCALENDAR"),
        (window().encode(), "no whole VCALENDAR"),
        (b"A" * 1_048_577, "more than 1048576 bytes"),
        (calendar(*[window()] * 1001), "more than 1000 events"),
        (calendar(window(), head="X-WR-TIMEZONE:Mars/Base"), "'Mars/Base' is not known"),
    ],
)
def test_a_file_that_cannot_be_used_has_a_mistake_and_no_windows(data: bytes, fact: str) -> None:
    file = read_calendar("shop.ics", data)
    assert file.windows == ()
    (told,) = file.mistakes
    assert told.startswith("shop.ics: ")
    assert fact in told


def test_a_calendar_without_events_is_no_mistake() -> None:
    file = read_calendar("shop.ics", calendar())
    assert (list(file.windows), list(file.mistakes)) == ([], [])


_LINES: list[Any] = [
    START,
    END,
    SCOPE,
    "RRULE:FREQ=WEEKLY;BYDAY=MO,-1TU",
    "RRULE:FREQ=MONTHLY;BYSETPOS=-1;BYDAY=FR",
    "EXDATE:20260301T000000Z",
    "RDATE;VALUE=DATE:20260301",
    "DTSTART;VALUE=DATE:99991231",
    "DURATION:-P1D",
    "RECURRENCE-ID:20260301T000000Z",
    "BEGIN:VALARM",
    "END:VEVENT",
]


@given(st.lists(st.sampled_from(_LINES) | st.text(max_size=40), max_size=8))
def test_whatever_stands_in_a_file_gives_windows_or_mistakes(lines: list[str]) -> None:
    file = read_calendar("x.ics", calendar(event(*lines)).decode().encode("utf-8", "replace"))
    for each in file.windows:
        assert each.scopes
        for start, end in each.recurrence.between(FROM, TO):
            assert start < end <= start + timedelta(days=31)


@given(st.binary(max_size=300))
def test_whatever_bytes_a_file_holds_it_is_told_and_not_raised(data: bytes) -> None:
    file = read_calendar("x.ics", data)
    assert file.mistakes or not file.windows


def test_the_calendar_of_the_documents_is_read_as_they_say() -> None:
    blocks = blocks_of(ROOT / "docs/operations.md")
    (block,) = [block for block in blocks if block.language == "ics"]
    file = read_calendar("docs.ics", block.text.encode())
    assert file.mistakes == []
    (found,) = file.windows
    assert (found.author, found.summary) == ("Olivia", "Patch night")
    assert found.scopes == [
        SHOP,
        Scope(kind=ScopeKind.EXPRESSION, value='incident.host == "db-1"'),
    ]
    given = [f"{start:%m-%d %H:%M}" for start, _ in found.recurrence.between(FROM, FAR)]
    assert given == ["03-01 21:00", "05-03 20:00", "06-07 20:00"]
