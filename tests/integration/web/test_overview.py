"""The overview of all incidents, on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event

from airmend.change.model import ChangeStatus
from airmend.incident.model import Incident
from airmend.incident.signals import Signal
from airmend.records.database import Database
from airmend.records.deliveries import count_rejection
from airmend.records.incidents import list_incidents
from airmend.web.surroundings import Surroundings
from tests.integration.review.stored import rename, store_facts, store_with_report
from tests.integration.web.conftest import Caller
from tests.integration.web.reader import NOW, Links, open_pages, see, under_way
from tests.integration.web.storm import fill_storm, make_topology
from tests.unit.review.scenarios import BASE_URL, later, resolved_standard, unmatched


@pytest.fixture
def browser(database: Database) -> Caller:
    """Someone who looks at the pages below /airmend."""
    return open_pages(database)


def test_the_overview_is_there_before_the_first_incident(browser: Caller) -> None:
    page = see(browser, "/")

    assert "No incident has been received yet" in page.text
    assert {"/airmend/", "/airmend/reports"} <= set(page.hrefs)


def test_the_overview_shows_incidents_with_their_runs_and_reports(
    browser: Caller, database: Database
) -> None:
    with database.session() as session:
        store_with_report(session, rename(resolved_standard(), 1), later(60))
        store_facts(session, rename(under_way(ChangeStatus.AWAITING_APPROVAL), 2))

    page = see(browser, "/?status=all")

    assert {
        "/airmend/incidents/inc-0001",
        "/airmend/incidents/inc-0002",
        "/airmend/reports/chg-0001",
        f"{BASE_URL}/dags/service-down/runs/airmend__inc-0001",
        f"{BASE_URL}/dags/service-down/runs/airmend__inc-0002",
    } <= set(page.hrefs)
    assert "/airmend/reports/chg-0002" not in page.hrefs
    assert "awaiting approval" in page.text
    assert "2 h ago" in page.text
    assert "<b>2</b>remediated" in browser.get("/airmend/").text
    assert (
        f"{BASE_URL}/dags/service-down/runs/airmend__inc-0002/tasks/approval/required_actions"
        in (page.hrefs)
    )


def test_the_newest_incident_comes_first(browser: Caller, database: Database) -> None:
    old, new = rename(resolved_standard(), 1), rename(unmatched(), 2)
    new = replace(new, incident=new.incident.model_copy(update={"opened_at": later(500)}))
    with database.session() as session:
        store_facts(session, old)
        store_facts(session, new)

    hrefs = [href for href in see(browser, "/?status=all").hrefs if "/incidents/" in href]

    assert hrefs == ["/airmend/incidents/inc-0002", "/airmend/incidents/inc-0001"]


def test_an_unmatched_incident_says_why_no_runbook_took_it(
    browser: Caller, database: Database
) -> None:
    with database.session() as session:
        store_facts(session, unmatched())

    for path in ("/", "/incidents/inc-0001"):
        page = see(browser, path)
        assert "details" in page.tags
        assert "disk-full: the name is not 'DiskFull'" in page.text
        assert "service-down: label 'job' is not there" in page.text


def test_deliveries_that_were_turned_away_are_counted_by_source(
    browser: Caller, database: Database
) -> None:
    with database.session() as session:
        for _ in range(3):
            count_rejection(session, "alertmanager", "bad_signature", at=later(1))

    page = browser.get("/airmend/").text

    row = '<tr><td>alertmanager</td><td>bad signature</td><td class="num">3</td></tr>'
    assert row in page


@pytest.fixture
def storm(database: Database) -> Caller:
    """Someone who looks at the pages on a bad night."""
    with database.session() as session:
        fill_storm(session, NOW)
    topology = make_topology()
    around = Surroundings(topology=lambda: topology, rank_causes=find_redis)
    return open_pages(database, surroundings=around)


def find_redis(signals: Sequence[Signal], _opened_at: datetime) -> list[SimpleNamespace]:
    """The cause, as correlation would name it: redis-cart, where it is among the signals."""
    if not any(signal.service == "redis-cart" for signal in signals):
        return []
    return [SimpleNamespace(item="redis-cart", evidence=["its alert was the first"])]


def listed(page: Links) -> list[int]:
    """The numbers of the incidents of a page, in its order."""
    found = [re.search(r"/incidents/INC-20260302-(\d+)$", href) for href in page.hrefs]
    return list(dict.fromkeys(int(match[1]) for match in found if match))


def stored(database: Database) -> list[Incident]:
    with database.session() as session:
        return list_incidents(session, limit=1000)


def test_open_incidents_are_shown_unless_others_are_asked_for(
    storm: Caller, database: Database
) -> None:
    for query, expected in (
        ("", {i.id for i in stored(database) if i.status.is_open}),
        ("?status=ended", {i.id for i in stored(database) if not i.status.is_open}),
        ("?status=escalated", {i.id for i in stored(database) if i.status == "escalated"}),
        ("?status=all", {i.id for i in stored(database)}),
    ):
        numbers = listed(see(storm, f"/{query}"))
        assert {f"INC-20260302-{number:08d}" for number in numbers} == expected, query


def test_the_numbers_beside_the_statuses_are_what_choosing_them_gives(storm: Caller) -> None:
    for narrowed in ("", "&text=disk", "&service=cart", "&period=1h", "&runbook=service-down"):
        page = storm.get(f"/airmend/?status=all{narrowed}").text
        counts = {
            name: int(count) for count, name in re.findall(r"<b>(\d+)</b>([a-z ]+)</a>", page)
        }
        assert len(counts) == 10
        for name, count in counts.items():
            shown = listed(see(storm, f"/?status={name}{narrowed}"))
            assert len(shown) == count, (name, narrowed)


def test_the_numbers_of_services_and_runbooks_are_what_choosing_them_gives(storm: Caller) -> None:
    for field in ("service", "runbook"):
        page = storm.get("/airmend/").text
        select = page[page.index(f'<select name="{field}">') :].split("</select>")[0]
        options = re.findall(r'<option value="([^"]+)">[^<]*\((\d+)\)</option>', select)
        assert options
        for name, count in options:
            assert len(listed(see(storm, f"/?{field}={name}"))) == int(count), name


def test_words_are_looked_for_in_the_incident_and_its_members(storm: Caller) -> None:
    assert 0 in listed(see(storm, "/?text=REDISDOWN"))  # a member's name
    assert 0 in listed(see(storm, "/?text=cart-0.prod"))  # a member's host
    assert listed(see(storm, "/?text=00000007")) == [7]  # its number
    assert listed(see(storm, "/?text=orders%20checkouterrors")) == [0]
    assert listed(see(storm, "/?text=orders%20disk")) == []
    assert listed(see(storm, "/?text=100%25")) == []  # a percent sign is no wildcard
    assert set(listed(see(storm, "/?text=91%20%25"))) <= set(range(1, 40, 9))


def test_a_filter_survives_the_next_page_and_the_status(storm: Caller) -> None:
    page = see(storm, "/?status=all&text=prod&period=7d")

    assert "/airmend/?status=escalated&text=prod&period=7d" in page.hrefs
    assert "/airmend/?status=all" in page.hrefs  # clear


def test_what_is_not_understood_of_an_address_is_said(storm: Caller) -> None:
    page = see(storm, "/?status=broken")

    assert "There is no status 'broken'; open incidents are shown." in page.text
    assert len(listed(page)) == len(listed(see(storm, "/")))


def test_no_address_breaks_the_page(storm: Caller) -> None:
    values = ["%00", "%ff%fe", "%F0%9F%98%80", "'%22%3Cscript%3E", "%25_\\", "a" * 5000]
    for name in ("status", "service", "runbook", "text", "period", "before"):
        for value in values:
            page = see(storm, f"/?{name}={value}")
            assert {"form", "select"} <= page.tags
            assert "script" not in page.tags


def test_pages_follow_each_other_without_a_gap_or_a_repeat(database: Database) -> None:
    with database.session() as session:
        fill_storm(session, NOW, count=130)
    browser = open_pages(database)

    seen: list[int] = []
    path: str | None = "/?status=all"
    pages = 0
    while path is not None:
        page = see(browser, path)
        pages += 1
        seen += listed(page)
        older = [href for href in page.hrefs if "before=" in href]
        path = older[0].removeprefix("/airmend") if older else None

    assert pages == 3
    assert seen == [int(incident.id[-8:]) for incident in stored(database)]
    assert len(seen) == 130


def test_the_members_of_an_incident_are_grouped_under_it(storm: Caller) -> None:
    page = see(storm, "/?text=CheckoutErrors")

    assert "10 alerts grouped here, 8 firing" in page.text
    assert "redis-cart is 1 step from checkout, 3 s after it; no runbook takes it by itself" in (
        page.text
    )
    assert page.text.count("opened it") == 1
    assert "Likely cause redis-cart: its alert was the first" in " ".join(page.text.split())


def test_a_held_back_incident_says_by_what_and_by_whom(storm: Caller) -> None:
    page = see(storm, "/?status=suppressed")

    assert (
        "MUT-20260302-QWERTZUI of olivia: muted until 2026-03-02 12:00 UTC: the rack is being moved"
    ) in page.text


def test_an_escalated_incident_says_why(storm: Caller) -> None:
    page = see(storm, "/?status=escalated")

    assert "it flaps: 4 firings within 60 minutes, so nothing is started" in page.text


def test_an_unmatched_incident_shows_what_it_is_like_with_the_score(storm: Caller) -> None:
    page = see(storm, "/?status=unmatched")

    assert "KE-1003 The open file limit is reached 0.82 open, files, limit" in page.text
    assert "disk-filling-up 0.41 disk" in page.text


@contextmanager
def counted_queries(database: Database) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("path", ["/?status=all", "/?status=all&text=a%20b&service=cart&period=7d"])
def test_a_page_needs_the_same_queries_whatever_it_shows(database: Database, path: str) -> None:
    browser = open_pages(database)
    with counted_queries(database) as for_none:
        see(browser, path)
    with database.session() as session:
        fill_storm(session, NOW, count=60)
    with counted_queries(database) as for_many:
        see(browser, path)

    assert len(for_none) == len(for_many) <= 14
