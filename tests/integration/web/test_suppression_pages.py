"""The page of mutes and of the kill switch, its forms, and the alarm at the top of all pages."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI

from airmend.records.database import Database
from airmend.records.incidents import create_incident
from airmend.records.ledger import append_fact
from airmend.records.model import FactKind
from airmend.records.suppressions import (
    coming_suppressions,
    create_suppression,
    kill_switch_log,
    set_kill_switch,
)
from airmend.settings import Settings
from airmend.web.pages import create_pages
from airmend.web.problems import add_problem_handlers
from airmend.web.suppression_pages import create_suppression_pages
from tests.builders import AT, make_incident, make_rule, make_switch
from tests.integration.orchestration.conftest import Clock
from tests.integration.web.conftest import Caller
from tests.integration.web.people import by, find_operator, require_viewer
from tests.unit.incident.calendars import calendar, event

PAGE = "/airmend/suppressions"
BAIT = "</td><script>alert(1)</script>{{ 7 * 7 }}"


class Seen(HTMLParser):
    """The text, the tags and the forms of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.actions: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "form":
            self.actions.append(dict(attrs)["action"] or "")

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "maintenance"
    path.mkdir()
    day = event("DTSTART;VALUE=DATE:20260302", "X-AIRMEND-SCOPE:service mail")
    (path / "mail.ics").write_bytes(calendar(day))
    return path


@pytest.fixture
def browser(database: Database, clock: Clock, folder: Path) -> Caller:
    """Someone who looks at all pages below /airmend."""
    settings = Settings(maintenance_dir=folder)
    inner, airflow = FastAPI(), FastAPI()
    add_problem_handlers(inner)
    inner.include_router(
        create_pages(database, settings, clock=clock), dependencies=[Depends(require_viewer)]
    )
    inner.include_router(
        create_suppression_pages(
            database, settings, viewer=require_viewer, operator=find_operator, clock=clock
        )
    )
    airflow.mount("/airmend", inner)
    return Caller(airflow)


def see(browser: Caller, who: str = "olivia", path: str = PAGE) -> Seen:
    answer = browser.get(path, **by(who))
    assert answer.status_code == 200, answer.text
    return Seen(answer.text)


def send(browser: Caller, path: str = "", who: str = "olivia", **form: Any) -> httpx.Response:
    return browser.post(PAGE + path, data={"reason": "it smokes"} | form, **by(who))


# --- What is shown --------------------------------------------------------------------------


def test_the_page_is_there_before_the_first_rule(browser: Caller, folder: Path) -> None:
    (folder / "mail.ics").write_bytes(calendar())
    assert "Nothing is muted, and nothing is in maintenance" in see(browser).text


def test_rules_of_records_and_calendars_are_shown_with_who_and_why(
    browser: Caller, database: Database, clock: Clock
) -> None:
    with database.session() as session:
        create_suppression(session, make_rule("expression incident.host == 'web1'"))
    text = see(browser, "victor").text
    for word in ("incident.host == 'web1'", "olivia", "the disk is being replaced", "mail.ics/one"):
        assert word in text
    clock.pass_time(hours=2)
    page = see(browser, "victor")
    assert page.text.index("mail.ics/one") < page.text.index("Past") < page.text.index("MUT-2026")


def test_viewers_see_no_forms_and_operators_do(browser: Caller, database: Database) -> None:
    with database.session() as session:
        create_suppression(session, make_rule())
    assert see(browser, "victor").actions == []
    assert see(browser).actions == [
        "/airmend/suppressions/stop",
        "/airmend/suppressions/MUT-20260302-00000001/end",
        "/airmend/suppressions",
    ], "a window of a calendar is ended in its calendar"


@pytest.mark.parametrize(
    "path", ["/airmend/", "/airmend/reports", "/airmend/incidents/inc-0001", PAGE, "/airmend/x"]
)
def test_the_kill_switch_is_at_the_top_of_every_page(
    browser: Caller, database: Database, folder: Path, path: str
) -> None:
    with database.session() as session:
        create_incident(session, make_incident())
    told = "All remediations are stopped"
    path = "/airmend/incidents/none" if path == "/airmend/x" else path
    before = browser.get(path, **by("victor")).text
    assert told not in before
    with database.session() as session:
        set_kill_switch(session, make_switch(reason=BAIT))
    (folder / "mail.ics").write_text("hello")
    page = Seen(browser.get(path, **by("victor")).text)
    assert "since 2026-03-02 09:00:00 UTC by olivia" in page.text.replace("\n", " ")
    assert page.text.index(told) < page.text.index(BAIT)
    assert "A maintenance calendar cannot be used, so nothing is remediated:" in page.text
    assert "script" not in page.tags


def test_what_people_wrote_stays_text(browser: Caller, database: Database) -> None:
    with database.session() as session:
        rule = make_rule("service x", author=BAIT, reason=BAIT)
        create_suppression(session, rule.model_copy(update={"ended_by": BAIT}))
    page = see(browser)
    assert "script" not in page.tags
    assert BAIT in page.text


def test_the_page_may_send_forms_to_this_site_alone_and_nothing_else(browser: Caller) -> None:
    headers = browser.get(PAGE, **by("olivia")).headers
    policy = headers["content-security-policy"]
    assert "form-action 'self'" in policy
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    assert headers["referrer-policy"] == "same-origin", "else a browser hides the origin of a form"
    other = browser.get("/airmend/", **by("olivia")).headers
    assert other["referrer-policy"] == "no-referrer"


# --- What forms do --------------------------------------------------------------------------


def test_an_operator_mutes_with_the_form(browser: Caller, database: Database) -> None:
    answer = send(browser, kind="mute", scope="service", value="shop", minutes="120")
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    with database.session() as session:
        (rule,) = coming_suppressions(session, AT)
    assert (rule.author, rule.reason, str(rule.scope)) == ("olivia", "it smokes", "service shop")
    assert (rule.until - rule.starts_at).total_seconds() == 7200


def test_an_operator_ends_a_rule_with_the_form(browser: Caller, database: Database) -> None:
    with database.session() as session:
        create_suppression(session, make_rule())
    assert send(browser, f"/{make_rule().id}/end", "priya").status_code == 303
    with database.session() as session:
        assert coming_suppressions(session, AT) == []


def test_an_operator_stops_and_resumes_with_the_form(browser: Caller, database: Database) -> None:
    for word in ("stop", "resume"):
        assert send(browser, f"/{word}").status_code == 303
    with database.session() as session:
        assert [entry.is_on for entry in kill_switch_log(session, limit=9)] == [False, True]


FORMS = ["", "/stop", "/resume", "/MUT-20260302-00000001/end"]
WHOLE = {"kind": "mute", "scope": "all", "value": "", "minutes": "30"}


@pytest.mark.parametrize("path", FORMS)
def test_neither_viewers_nor_other_sites_act(
    browser: Caller, database: Database, path: str
) -> None:
    with database.session() as session:
        create_suppression(session, make_rule())
    body = WHOLE | {"reason": "x"}
    assert browser.post(PAGE + path, data=body, **by("victor")).status_code == 403
    assert browser.post(PAGE + path, data=body, **by("nobody")).status_code == 401
    evil = by("olivia", Origin="https://evil.example")
    assert browser.post(PAGE + path, data=body, **evil).status_code == 403
    assert browser.post(PAGE + path, json=body, **by("olivia")).status_code == 415
    with database.session() as session:
        assert coming_suppressions(session, AT) == [make_rule()]
        assert kill_switch_log(session, limit=9) == []


@pytest.mark.parametrize(
    ("form", "fact"),
    [
        ({"scope": "service", "value": " "}, "scope: the service is empty, and that never means"),
        ({"scope": "all", "value": "shop"}, "scope: 'all' takes no value"),
        ({"scope": "expression", "value": "x"}, "scope: 'x' is not defined"),
        ({"scope": "everything"}, "scope: is none of expression, runbook, service, all"),
        ({"kind": ""}, "kind: is none of mute, maintenance"),
        ({"minutes": "-5"}, "minutes: is not a number of minutes"),
        ({"minutes": "0"}, "ends_at: is not after the start"),
        ({"minutes": "999999"}, "ends_at: is more than 30 days after the start"),
        ({"reason": ""}, "reason: is empty"),
        ({"value": BAIT, "scope": "expression"}, "scope: "),
    ],
)
def test_a_form_that_cannot_be_is_shown_with_what_is_wrong(
    browser: Caller, database: Database, form: dict[str, str], fact: str
) -> None:
    answer = send(browser, **(WHOLE | form))
    assert answer.status_code == 422
    page = Seen(answer.text)
    assert f"Nothing was done: {fact}" in page.text
    assert "script" not in page.tags
    with database.session() as session:
        assert coming_suppressions(session, AT) == []


@pytest.mark.parametrize("path", ["/none/end", "/mail.ics%2Fone/end", "/%00/end", "/MUT-none/end"])
def test_a_rule_that_is_not_there_is_said_not_to_be_there(browser: Caller, path: str) -> None:
    assert send(browser, path).status_code in {404, 422}


def test_a_form_that_there_is_not_is_not_found(browser: Caller) -> None:
    assert send(browser, "/pause").status_code == 404


def test_a_form_with_too_many_fields_is_refused(browser: Caller) -> None:
    fields = {f"field{number}": "x" for number in range(30)}
    assert send(browser, "/stop", **fields).status_code == 400


def test_every_page_says_when_the_audit_log_lets_no_change_begin(
    browser: Caller, database: Database, clock: Clock
) -> None:
    with database.session() as session:
        incident = make_incident()
        create_incident(session, incident)
        append_fact(session, FactKind.ALERT_REPEATED, "again", at=clock(), incident_id=incident.id)
    clock.pass_time(minutes=15)
    for path in (PAGE, "/airmend/"):
        assert "No change begins" not in see(browser, path=path).text
    clock.pass_time(seconds=1)
    for path in (PAGE, "/airmend/"):
        assert "No change begins: the audit log was not sealed" in see(browser, path=path).text
