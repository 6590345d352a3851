"""A person in a real browser: find the runbook, read what is asked, approve, read the report.

Pictures of every page are left in artifacts/screenshots, for people to look at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from airmend.cli import estate_alerts
from airmend.cli.environment import passwords_file
from airmend.records.model import FactKind
from tests.e2e.house import House, Story
from tests.e2e.running import PROJECT
from tests.programs import require_program

SCREENSHOTS = PROJECT / "artifacts/screenshots"
TITLE = "Raise the open file limit of the shop"
PATIENCE_MILLISECONDS = 60_000


@pytest.fixture
def page(house: House) -> Iterator[Page]:
    """A page of the machine's Chromium, on which priya has logged in."""
    with logged_in(house, "priya") as page:
        yield page


@contextmanager
def logged_in(house: House, user: str) -> Iterator[Page]:
    """A page of the machine's Chromium, on which somebody has logged in."""
    program = require_program("chromium")
    password = json.loads(passwords_file(house.stack.home).read_text())[user]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server"],
        )
        page = browser.new_page(viewport={"width": 1400, "height": 1000}, locale="en-US")
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        expect.set_options(timeout=PATIENCE_MILLISECONDS)
        page.goto(house.stack.url)
        page.get_by_label("Username").fill(user)
        page.get_by_label("Password").fill(password)
        photograph(page, "1-login")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("link", name="Dags", exact=True)).to_be_visible()
        yield page
        browser.close()


def photograph(page: Page, name: str) -> None:
    """Keep a picture of what is seen."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")


def test_a_person_finds_reads_approves_and_follows_a_change_in_the_browser(
    house: House, page: Page
) -> None:
    now = datetime.now(UTC)
    house.estate.exhaust_descriptors("web-1")
    before = house.estate.configuration("web-1").read_text()
    alert = estate_alerts.descriptors_exhausted("web-1", now)
    story = house.start(alert)
    house.question(story)

    page.goto(f"{house.stack.url}/dags")
    page.get_by_placeholder("Search Dags").fill("Raise the open file")
    dag = page.get_by_role("link", name=TITLE)
    expect(dag).to_have_count(1)
    photograph(page, "2-runbooks")
    dag.click()
    page.get_by_role("button", name="Documentation").or_(
        page.get_by_role("button", name="Dag Docs")
    ).click()
    expect(page.get_by_text("KE-1003")).to_be_visible()
    photograph(page, "3-runbook-explained")

    page.goto(f"{house.stack.url}/dags/{story.dag_id}/runs/{story.run_id}")
    expect(page.get_by_text("Required Actions")).to_be_visible()
    photograph(page, "4-run-that-waits")

    page.goto(
        f"{house.stack.url}/dags/{story.dag_id}/runs/{story.run_id}/tasks/approval/required_actions"
    )
    for text in (
        re.compile(r"\d+% chance to fail, impact \d of 4"),
        "no clean run on this service yet",
        "What check mode shows",
        "An approval is bound to all of this",
    ):
        expect(page.get_by_text(text).first).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text=re.compile("^web-1$"))).to_be_visible()
    photograph(page, "5-approval")
    diff = page.get_by_text("+open_files = 1024")
    diff.scroll_into_view_if_needed()
    expect(diff).to_be_visible()
    expect(page.get_by_text("-open_files = 128")).to_be_visible()
    photograph(page, "6-approval-diff")
    assert house.estate.configuration("web-1").read_text() == before

    page.get_by_role("group").filter(has_text="comment").get_by_role("textbox").fill(
        "the diff is right"
    )
    page.get_by_role("button", name="Approve").scroll_into_view_if_needed()
    photograph(page, "7-approval-answer")
    page.get_by_role("button", name="Approve").click()
    assert house.wait_until_ended(story) == "success", house.tell(story)
    (decided,) = house.facts(story, FactKind.APPROVAL_DECIDED)
    assert decided.startswith("Approved by priya")
    decision = house.decision(story)
    assert decision is not None
    assert decision.comment == "the diff is right"

    page.goto(f"{house.stack.url}/dags/{story.dag_id}/runs/{story.run_id}")
    page.locator("a[href$='/plugin/airmend-report']").click()
    report = page.frame_locator("iframe")
    expect(report.get_by_text(story.incident).first).to_be_visible()
    expect(report.locator("svg").first).to_be_visible()
    expect(report.get_by_text("priya").first).to_be_visible()
    photograph(page, "8-report-in-airflow")
    page.goto(f"{house.stack.url}/airmend/reports/{story.change}")
    page.screenshot(path=SCREENSHOTS / "9-report.png", full_page=True)

    page.goto(f"{house.stack.url}/plugin/airmend-incidents")
    incidents = page.frame_locator("iframe")
    incidents.get_by_role("link", name=re.compile("^\\d+ ?remediated$")).click()
    row = incidents.get_by_role("row").filter(has_text="ProcessNearFDLimits").first
    expect(row).to_contain_text("remediated")
    photograph(page, "10-incidents")
    row.get_by_role("link", name="ProcessNearFDLimits").click()
    expect(incidents.get_by_text(story.change).first).to_be_visible()
    photograph(page, "11-incident")

    page.goto(f"{house.stack.url}/plugin/airmend-reports")
    expect(page.frame_locator("iframe").get_by_text("ProcessNearFDLimits").first).to_be_visible()
    photograph(page, "12-reports")
    house.send(estate_alerts.resolved(alert, now))


def answer_in_browser(house: House, story: Story, user: str, comment: str) -> str:
    """Approve as one person in a browser of his or her own; gives what the person read."""
    house.question(story)
    with logged_in(house, user) as page:
        page.goto(
            f"{house.stack.url}/dags/{story.dag_id}/runs/{story.run_id}"
            "/tasks/approval/required_actions"
        )
        expect(page.get_by_text("Needs a yes of").first).to_be_visible()
        read = page.locator("body").inner_text()
        photograph(page, f"20-two-of-three-{user}")
        page.get_by_role("group").filter(has_text="comment").get_by_role("textbox").fill(comment)
        page.get_by_role("button", name="Approve").click()
        house.wait_for(
            lambda: [t for t in house.facts(story, FactKind.APPROVAL_VOTED) if comment in t],
            story,
            f"the answer of {user} is on record",
        )
    return read


def test_two_of_three_approve_in_the_browser(house: House) -> None:
    house.lab.reset("lab-9")
    story = house.start_in_lab("lab-needs-two", "lab-9")
    first = answer_in_browser(house, story, "olivia", "the state is wrong")
    assert "2 of admin, olivia, priya (two leads)" in first
    second = answer_in_browser(house, story, "priya", "I see it too")
    assert "the state is wrong" in second
    assert "1 more to go" in second
    assert house.wait_until_ended(story) == "success", house.tell(story)
    decision = house.decision(story)
    assert decision is not None
    assert decision.decided_by == "olivia, priya"
    assert house.lab.done("lab-9") == ["repaired"]
    page = (house.stack.home / "reports" / f"{story.incident}.md").read_text()
    assert "olivia said yes" in page
    assert "priya said yes" in page


def test_a_viewer_filters_the_incidents_and_sees_what_one_affects(house: House) -> None:
    alert = unknown_alert("CheckoutSlow", "shop", "web-3", "An order takes 4 seconds.")
    answer = house.send(alert)

    with logged_in(house, "victor") as page:
        page.goto(f"{house.stack.url}/plugin/airmend-incidents")
        incidents = page.frame_locator("iframe")
        row = incidents.get_by_role("row").filter(has_text="CheckoutSlow").first
        expect(row).to_be_visible()
        photograph(page, "13-incidents-open")

        incidents.get_by_label("Text").fill("nothing is called like this")
        incidents.get_by_role("button", name="Filter").click()
        expect(incidents.get_by_text("No incident is like this.")).to_be_visible()
        clear = incidents.get_by_role("link", name="clear")
        clear.click()
        expect(clear).to_have_count(0)
        incidents.get_by_label("Text").fill("checkoutslow web-3")
        incidents.get_by_label("Service").select_option("shop")
        incidents.get_by_role("button", name="Filter").click()
        expect(clear).to_be_visible()
        expect(incidents.get_by_role("link", name="CheckoutSlow")).to_have_count(1)
        expect(row).to_contain_text("unmatched")
        expect(row).to_contain_text("An order takes 4 seconds.")
        incidents.get_by_text("Why no runbook took it").click()
        expect(incidents.get_by_text("service-down").first).to_be_visible()
        photograph(page, "14-incidents-filtered")

        row.get_by_role("link", name="CheckoutSlow").click()
        expect(incidents.get_by_text(answer["incident"]).first).to_be_visible()
        picture = incidents.get_by_role("img", name="Services around CheckoutSlow")
        expect(picture).to_be_visible()
        expect(picture.locator(".firing")).to_contain_text(re.compile("shop.*1 firing", re.DOTALL))
        expect(picture.get_by_text("newsletter", exact=True)).to_be_visible()
        photograph(page, "15-incident-affected")
        member = incidents.get_by_role("listitem").filter(has_text="opened it")
        expect(member).to_contain_text("firing for")
        member.get_by_text(re.compile("^1 alert")).click()
        expect(member.get_by_text("fingerprint", exact=True)).to_be_visible()
        member.scroll_into_view_if_needed()
        photograph(page, "16-incident-alerts")
        assert incidents.locator("form").count() == 0
    house.send(estate_alerts.resolved(alert, datetime.now(UTC)))


def test_alerts_of_one_cause_are_one_incident_and_its_cause_is_named(house: House) -> None:
    alerts = [
        unknown_alert("PagesSlow", "shop", "web-2", "A page takes 9 seconds."),
        unknown_alert("OrdersLate", "checkout", "order-1", "An order takes 12 seconds."),
        unknown_alert("MailsLate", "newsletter", "mail-1", "A mail takes an hour."),
    ]
    answers = [house.send(alert) for alert in alerts]
    assert [answer["outcome"] for answer in answers] == ["unmatched", "joined", "joined"]
    assert len({answer["incident"] for answer in answers}) == 1

    with logged_in(house, "victor") as page:
        page.goto(f"{house.stack.url}/plugin/airmend-incidents")
        incidents = page.frame_locator("iframe")
        why = incidents.get_by_role("row").filter(has_text="3 alerts grouped here, 3 firing").first
        expect(why).to_contain_text(re.compile(r"Likely cause\s*(shop|web-2)"))
        why.get_by_text("3 alerts grouped here").click()
        expect(why).to_contain_text("checkout is 2 hops from web-2, where PagesSlow fired")
        photograph(page, "17-incident-grouped")

        incidents.get_by_role("link", name="PagesSlow").click()
        causes = incidents.get_by_role("list").filter(has_text="PagesSlow on web-2, first of all")
        expect(causes.first).to_be_visible()
        picture = incidents.get_by_role("img", name="Services around PagesSlow")
        expect(picture.locator(".firing")).to_have_count(3)
        causes.first.scroll_into_view_if_needed()
        photograph(page, "18-incident-cause")
    for alert in alerts:
        house.send(estate_alerts.resolved(alert, datetime.now(UTC)))


def test_an_operator_mutes_and_stops_in_the_browser(house: House, page: Page) -> None:
    alert = unknown_alert("MailsLate", "newsletter", "mail-2", "A mail takes an hour.")
    down = estate_alerts.service_down("web-2", datetime.now(UTC))
    page.goto(f"{house.stack.url}/plugin/airmend-incidents")
    inside = page.frame_locator("iframe")
    inside.get_by_role("link", name="Suppression").click()
    mute = inside.locator("form").filter(has_text="Begin now")
    mute.get_by_label("Which").fill("newsletter")
    mute.get_by_label("Why").fill("its host is being moved")
    mute.get_by_role("button", name="Begin now").click()
    rule = inside.get_by_role("row").filter(has_text="newsletter").first
    expect(rule).to_contain_text("priya")
    photograph(page, "19-muted")
    assert house.send(alert)["outcome"] == "suppressed"
    inside.get_by_role("link", name="Incidents").click()
    inside.get_by_role("link", name=re.compile("^[0-9]+ ?suppressed$")).click()
    expect(inside.get_by_text("priya: muted until")).to_be_visible()
    photograph(page, "20-suppressed")

    inside.get_by_role("link", name="Suppression").click()
    stop = inside.locator("form").filter(has_text="Stop all remediations")
    stop.get_by_label("Why").fill("a drill")
    try:
        stop.get_by_role("button").click()
        expect(inside.get_by_text("On: no remediation begins")).to_be_visible()
        assert house.send(down)["outcome"] == "suppressed"
        inside.get_by_role("link", name="Incidents").click()
        expect(inside.get_by_role("alert")).to_contain_text("a drill")
        photograph(page, "21-stopped")
    finally:
        page.goto(f"{house.stack.url}/plugin/airmend-incidents")
        inside.get_by_role("link", name="Suppression").first.click()
        resume = inside.locator("form").filter(has_text="Let remediations begin again")
        resume.get_by_label("Why").fill("the drill is over")
        resume.get_by_role("button").click()
    expect(inside.get_by_text("Off: remediations run")).to_be_visible()
    ending = inside.get_by_role("row").filter(has_text="newsletter").first
    ending.get_by_role("textbox").fill("it has moved")
    ending.get_by_role("button", name="End").click()
    expect(inside.get_by_text("Nothing is muted")).to_be_visible()
    for each in (alert, down):
        house.send(estate_alerts.resolved(each, datetime.now(UTC)))


def test_a_viewer_sees_what_is_suppressed_and_has_no_form(house: House) -> None:
    with logged_in(house, "victor") as page:
        page.goto(f"{house.stack.url}/plugin/airmend-incidents")
        inside = page.frame_locator("iframe")
        inside.get_by_role("link", name="Suppression").click()
        expect(inside.get_by_role("heading", name="Kill switch")).to_be_visible()
        expect(inside.locator("form")).to_have_count(0)


def unknown_alert(name: str, service: str, host: str, summary: str) -> dict[str, Any]:
    """An alert that no runbook takes."""
    alert = estate_alerts.descriptors_exhausted(host, datetime.now(UTC))
    (each,) = alert["alerts"]
    each["labels"] |= {"alertname": name, "service": service}
    each["annotations"]["summary"] = summary
    each["fingerprint"] = estate_alerts.fingerprint_like_alertmanager(each["labels"])
    return alert


@pytest.mark.parametrize(
    "path", ["", "?status=all", "reports", "incidents/INC-1", "reports/CHG-1.json"]
)
def test_nobody_reads_the_pages_without_a_login(house: House, path: str) -> None:
    answer = httpx.get(f"{house.stack.url}/airmend/{path}", trust_env=False)
    assert answer.status_code == httpx.codes.UNAUTHORIZED
