"""The pages of the reports, on both databases."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from airmend.change.model import ChangeStatus
from airmend.records.database import Database
from airmend.review.document import PostIncidentReport
from tests.integration.review.stored import rename, store_facts, store_with_report
from tests.integration.web.conftest import Caller
from tests.integration.web.reader import Links, open_pages, see, under_way
from tests.unit.review.scenarios import later, rejected, resolved_standard, rolled_back


@pytest.fixture
def browser(database: Database) -> Caller:
    """Someone who looks at the pages below /airmend."""
    return open_pages(database)


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
