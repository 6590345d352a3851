"""The pages for people, mounted as Airflow mounts them, on both databases."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from fastapi import FastAPI

from airmend.change.model import ChangeStatus
from airmend.records.database import Database
from airmend.records.deliveries import count_rejection
from airmend.review.model import PostIncidentReport, ReportFacts
from airmend.settings import Settings
from airmend.web.pages import create_pages
from airmend.web.suppression_pages import create_suppression_pages
from tests.integration.review.stored import rename, store_facts, store_with_report
from tests.integration.web.conftest import Caller
from tests.unit.review.scenarios import (
    BASE_URL,
    approved_on_three_hosts,
    later,
    rejected,
    resolved_standard,
    rolled_back,
    unmatched,
)

NOW = later(7200)


class Links(HTMLParser):
    """The links and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.hrefs: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.hrefs += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def browser(database: Database) -> Caller:
    """Someone who looks at the pages below /airmend."""
    settings = Settings(base_url=BASE_URL)
    inner = FastAPI()
    inner.include_router(create_pages(database, settings, clock=lambda: NOW))
    inner.include_router(
        create_suppression_pages(
            database,
            settings,
            viewer=lambda: None,
            operator=lambda: None,
            clock=lambda: NOW,
        )
    )
    airflow = FastAPI()
    airflow.mount("/airmend", inner)
    return Caller(airflow)


def under_way(status: ChangeStatus) -> ReportFacts:
    facts = approved_on_three_hosts()
    assert facts.change
    change = facts.change.model_copy(update={"status": status, "ended_at": None, "reason": ""})
    return replace(facts, change=change, decision=None, executions=[])


def see(browser: Caller, path: str) -> Links:
    answer = browser.get(f"/airmend{path}")
    assert answer.status_code == 200, answer.text
    return Links(answer.text)


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

    page = see(browser, "/")

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


def test_the_newest_incident_comes_first(browser: Caller, database: Database) -> None:
    old, new = rename(resolved_standard(), 1), rename(unmatched(), 2)
    new = replace(new, incident=new.incident.model_copy(update={"opened_at": later(500)}))
    with database.session() as session:
        store_facts(session, old)
        store_facts(session, new)

    hrefs = [href for href in see(browser, "/").hrefs if "/incidents/" in href]

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


def test_the_story_of_an_incident_names_its_evidence(browser: Caller, database: Database) -> None:
    with database.session() as session:
        store_with_report(session, resolved_standard(), later(60))

    page = see(browser, "/incidents/inc-0001")

    assert "Guard: may begin on web1" in page.text
    assert f"{BASE_URL}/dags/service-down/runs/airmend__inc-0001/tasks/guard" in page.hrefs
    assert "/airmend/reports/chg-0001" in page.hrefs


def test_reports_are_listed_newest_first_page_by_page(browser: Caller, database: Database) -> None:
    with database.session() as session:
        for number in range(1, 53):
            store_with_report(session, rename(rejected(), number), later(number))

    first = see(browser, "/reports")
    older = next(href for href in first.hrefs if "before=" in href)
    second = see(browser, older.removeprefix("/airmend"))

    def listed(page: Links) -> list[str]:
        return [href for href in page.hrefs if re.search(r"/reports/chg-\d+$", href)]

    assert listed(first)[0] == "/airmend/reports/chg-0052"
    assert len(listed(first)) == 50
    assert listed(second) == ["/airmend/reports/chg-0002", "/airmend/reports/chg-0001"]


def test_a_report_is_a_page_and_two_downloads(browser: Caller, database: Database) -> None:
    with database.session() as session:
        store_with_report(session, rolled_back(), later(60))

    page = browser.get("/airmend/reports/chg-0001")
    data = browser.get("/airmend/reports/chg-0001.json")
    text = browser.get("/airmend/reports/chg-0001.md")

    assert page.headers["content-type"].startswith("text/html")
    assert "The repair did not help; the state before is back" in page.text
    assert PostIncidentReport.model_validate(data.json()).outcome.value == "rolled_back"
    assert data.headers["content-disposition"] == 'attachment; filename="inc-0001.json"'
    assert text.headers["content-type"].startswith("text/markdown")
    assert text.headers["content-disposition"] == 'attachment; filename="inc-0001.md"'
    assert text.text.startswith("# ServiceDown: rolled back")


def test_the_tab_of_a_dag_run_shows_its_report(browser: Caller, database: Database) -> None:
    with database.session() as session:
        store_with_report(session, resolved_standard(), later(60))

    page = browser.get(
        "/airmend/reports/by-run", params={"dag": "service-down", "run": "airmend__inc-0001"}
    )

    assert "Repaired, and the checks passed" in page.text
    assert 'content="3"' not in page.text


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (ChangeStatus.AWAITING_APPROVAL, "Waiting for a person's approval"),
        (ChangeStatus.EXECUTING, "The steps run"),
        (ChangeStatus.ROLLING_BACK, "It did not help: the state before is brought back"),
    ],
)
def test_the_tab_of_a_run_under_way_names_the_stage_and_looks_again(
    browser: Caller, database: Database, status: ChangeStatus, words: str
) -> None:
    with database.session() as session:
        store_facts(session, under_way(status))

    page = browser.get("/airmend/reports/by-run?dag=service-down&run=airmend__inc-0001").text

    assert '<meta http-equiv="refresh" content="3">' in page
    (now,) = re.findall(r'<li class="now"[^>]*>([^<]*)</li>', page)
    assert now.replace("&#39;", "'") == words


def test_a_plus_in_a_run_id_survives_the_address(browser: Caller, database: Database) -> None:
    facts = resolved_standard()
    assert facts.change
    run_id = "manual__2026-03-02T09:00:00+00:00"
    with database.session() as session:
        changed = facts.change.model_copy(update={"run_id": run_id})
        store_facts(session, replace(facts, change=changed))

    page = browser.get(f"/airmend/reports/by-run?dag=service-down&run={run_id}")

    assert page.status_code == 200
    assert "No report yet" in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/incidents/inc-none",
        "/reports/chg-none",
        "/reports/by-run?dag=service-down&run=none",
        "/incidents/%3Cscript%3E",
    ],
)
def test_what_is_not_there_is_a_page_with_404(browser: Caller, path: str) -> None:
    answer = browser.get(f"/airmend{path}")

    assert answer.status_code == 404
    assert "Nothing here" in answer.text
    assert "<script" not in answer.text


@pytest.mark.parametrize("ending", ["json", "md"])
def test_a_download_that_is_not_there_is_a_problem(browser: Caller, ending: str) -> None:
    answer = browser.get(f"/airmend/reports/chg-none.{ending}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/incidents/inc-0001",
        "/incidents/none",
        "/reports",
        "/reports/chg-0001",
        "/reports/chg-0001.md",
        "/reports/by-run?dag=service-down&run=airmend__inc-0001",
    ],
)
def test_no_page_may_load_or_run_anything(browser: Caller, database: Database, path: str) -> None:
    with database.session() as session:
        store_with_report(session, resolved_standard(), later(60))

    answer = browser.get(f"/airmend{path}")

    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert "script-src" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not {"script", "link", "form", "iframe"} & Links(answer.text).tags
    assert "target=" not in answer.text


def test_what_came_from_outside_stays_text(browser: Caller, database: Database) -> None:
    bait = "</td><script>alert(1)</script>{{ 7 * 7 }}"
    facts = unmatched()
    incident = facts.incident.model_copy(
        update={"name": bait, "summary": bait, "host": bait, "service": bait}
    )
    with database.session() as session:
        store_facts(session, replace(facts, incident=incident))

    for path in ("/", "/incidents/inc-0001"):
        page = see(browser, path)
        assert "script" not in page.tags
        assert bait in page.text


def test_every_link_to_a_page_of_ours_leads_somewhere(browser: Caller, database: Database) -> None:
    with database.session() as session:
        store_with_report(session, rename(resolved_standard(), 1), later(60))
        store_facts(session, rename(unmatched(), 2))

    waiting, seen = ["/airmend/"], set[str]()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = browser.get(path)
        assert answer.status_code == 200, path
        if answer.headers["content-type"].startswith("text/html"):
            found = {href for href in Links(answer.text).hrefs if href.startswith("/")}
            waiting += [href for href in found - seen if href not in waiting]

    assert len(seen) == 8
