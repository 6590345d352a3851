"""What holds for every page for people: nothing runs, nothing is lost, text stays text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airmend.records.database import Database
from airmend.web.surroundings import Surroundings
from tests.integration.review.stored import rename, store_facts, store_with_report
from tests.integration.web.conftest import Caller
from tests.integration.web.reader import Links, open_pages, see
from tests.integration.web.storm import fill_storm, make_topology
from tests.unit.review.scenarios import later, resolved_standard, unmatched


@pytest.fixture
def browser(database: Database) -> Caller:
    """Someone who looks at the pages below /airmend."""
    return open_pages(database)


@pytest.mark.parametrize(
    "path",
    [
        "/incidents/inc-none",
        "/reports/chg-none",
        "/reports/by-run?dag=service-down&run=none",
        "/incidents/%3Cscript%3E",
        "/incidents/%00",
        "/reports/%00",
        "/reports/by-run?dag=%00&run=%00",
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
    assert "form-action 'self'" in policy
    assert not {"script", "link", "iframe", "object", "embed"} & Links(answer.text).tags
    assert 'method="post"' not in answer.text.lower()
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


def test_a_storm_of_hostile_and_foreign_texts_stays_text(database: Database) -> None:
    with database.session() as session:
        fill_storm(session, later(0))
    topology = make_topology()
    browser = open_pages(database, surroundings=Surroundings(topology=lambda: topology))

    overview = see(browser, "/?status=all")
    for href in [href for href in overview.hrefs if "/incidents/" in href][:20]:
        page = see(browser, href.removeprefix("/airmend"))
        assert not {"script", "img"} & page.tags
        assert not [link for link in page.hrefs if link.startswith("javascript:")]
        assert "svg" in page.tags


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

    # the overview under each status besides, and one download of each kind
    assert len({path.split("?")[0] for path in seen}) == 9
    assert "/airmend/?status=remediated" in seen
