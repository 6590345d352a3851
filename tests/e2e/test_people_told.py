"""People and ticket systems are told, in an Airflow of its own that has somebody to tell.

A mail server and a ServiceNow stand beside it. A question that nobody answers is asked first, and
its time passes while the rest is looked at.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import psutil
import pytest
import yaml

from airmend.change.model import ChangeStatus, Verdict
from airmend.cli import estate_alerts
from airmend.incident.model import IncidentStatus
from airmend.records.model import FactKind
from airmend.review.wording import word_time
from tests.e2e.house import House, Story
from tests.e2e.lab import POLICY, write_lab_runbook
from tests.e2e.running import PROJECT, running_house
from tests.integration.itsm.lives import SERVICENOW_PLAN
from tests.integration.itsm.sites import LOGIN, PASSWORD, ServiceNow, running
from tests.integration.review.chat_server import chat_server
from tests.mail_server import MailServer, running_mail_server, text_of
from tests.postgres import free_port
from tests.ssh_hosts import SshHosts

TICKETS = "airmend-tickets"
STANDARD_STEPS = (("-5", "-2"), ("-2", "-1"), ("-1", "0"), ("0", "3"))
APPROVED_STEPS = (("-3", "-2"), *STANDARD_STEPS[1:])
"""From Authorize, or past it, over Scheduled, Implement and Review to Closed."""

ESCALATED_AFTER, REMINDED_AFTER, EXPIRES_AFTER = 20, 60, 75
UNANSWERED = {
    "name": "olivia first",
    "runbooks": ["lab-unanswered"],
    "from": ["first"],
    "escalate_after_seconds": ESCALATED_AFTER,
    "escalate_to": ["second"],
    "remind_after_seconds": REMINDED_AFTER,
}
APPROVAL = {"groups": {"first": ["olivia"], "second": ["priya"]}, "rules": [UNANSWERED]}


class Desk:
    """The ticket system, which can be taken down and comes back where it was."""

    def __init__(self) -> None:
        self.site, self.port = ServiceNow(), free_port()
        self._up = ExitStack()

    def open(self) -> None:
        """Let it answer."""
        self._up.enter_context(running(self.site, self.port))

    def close(self) -> None:
        """Let nobody answer on its port."""
        self._up.close()

    def passed(self, *wanted: tuple[str, str]) -> list[tuple[str, str]]:
        """Those of some steps of change requests that were taken, in their order."""
        return [step for step in self.site.history if step in wanted]

    def ticket(self, story: Story) -> dict[str, Any]:
        """The change request of a story."""
        (found,) = [row for row in self.site.rows() if row["correlation_id"] == story.change]
        return found


@dataclass
class Office:
    """The installation, with whom it tells."""

    house: House
    mails: MailServer
    desk: Desk
    unanswered: Story  # asked when everything began

    def look(self) -> dict[str, Any]:
        """Let the tickets be looked at now, and give what came of it."""
        house = self.house
        answer = house.write("POST", f"/api/v2/dags/{TICKETS}/dagRuns", {"logical_date": None})
        assert answer.status_code == httpx.codes.OK, answer.text
        run = f"/api/v2/dags/{TICKETS}/dagRuns/{answer.json()['dag_run_id']}"
        house.wait_for(
            lambda: house.get(run)["state"] == "success", None, "the tickets were looked at"
        )
        found = house.get(f"{run}/taskInstances/sync_tickets/xcomEntries/return_value")
        return dict(found["value"])


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, ssh_hosts: SshHosts) -> Iterator[Office]:
    """Airflow with Airmend, which tells people by mail and ServiceNow by HTTP."""
    folder = tmp_path_factory.mktemp("office")
    runbooks, tickets = folder / "runbooks", folder / "tickets.yaml"
    shutil.copytree(PROJECT / "runbooks/service-down", runbooks / "service-down")
    write_lab_runbook(runbooks, "lab-repair")
    timeout = {"approval_timeout_seconds": EXPIRES_AFTER}
    write_lab_runbook(runbooks, "lab-unanswered", change=timeout)
    tickets.write_text(yaml.safe_dump(SERVICENOW_PLAN))
    desk = Desk()
    with running_mail_server() as mails:
        desk.open()
        settings = {
            "AIRMEND_NOTIFIERS_FILE": str(PROJECT / "config/notifiers.yaml"),
            "AIRMEND_TICKETS_FILE": str(tickets),
            "AIRFLOW_CONN_AIRMEND_MAIL": json.dumps(
                {
                    "conn_type": "smtp",
                    "host": "127.0.0.1",
                    "port": mails.port,
                    "extra": {"disable_ssl": True, "disable_tls": True},
                }
            ),
            "AIRFLOW_CONN_AIRMEND_TICKETS": json.dumps(
                {
                    "conn_type": "http",
                    "host": f"http://127.0.0.1:{desk.port}",
                    "login": LOGIN,
                    "password": PASSWORD,
                }
            ),
        }
        policy = POLICY | {"approval": APPROVAL}
        with running_house(folder, ssh_hosts, policy, settings=settings, dags=(TICKETS,)) as house:
            house.wait_for(
                lambda: house.get(f"/api/v2/dags/{TICKETS}/dagRuns", state="success")["dag_runs"],
                None,
                "the tickets were looked at once",
            )
            unanswered = house.start_in_lab("lab-unanswered", "lab-1")
            yield Office(house, mails, desk, unanswered)
        desk.close()


@pytest.fixture(scope="module")
def repaired(office: Office) -> Story:
    """The demo's service broke on a host and was repaired."""
    house = office.house
    house.estate.break_service("web-1")
    story = house.start(estate_alerts.service_down("web-1", datetime.now(UTC)))
    assert house.wait_until_ended(story) == "success", house.tell(story)
    assert house.estate.health("web-1") is not None
    return story


def test_a_broken_service_is_a_change_request_that_goes_through_its_states_to_closed(
    office: Office, repaired: Story
) -> None:
    story, desk = repaired, office.desk
    office.look()
    ticket = desk.ticket(story)
    assert (ticket["state"], ticket["close_code"]) == ("3", "successful")
    assert desk.passed(*STANDARD_STEPS) == list(STANDARD_STEPS)
    notes = "\n".join(ticket["work_notes"])
    facts = len(notes.split(f"[{story.change} fact ")) - 1
    assert facts > 5
    (incident,) = [
        row for row in desk.site.rows("incident") if row["correlation_id"] == story.incident
    ]
    assert (incident["state"], incident["close_code"]) == ("6", "Resolved by change")
    assert ticket["parent"] == incident["sys_id"]


def test_while_the_ticket_system_is_down_repairs_go_on_and_it_is_told_later(
    office: Office,
) -> None:
    house, desk = office.house, office.desk
    house.lab.reset("lab-2")
    story = house.start_in_lab("lab-repair", "lab-2")
    house.question(story)
    office.look()
    ticket = desk.ticket(story)
    assert (ticket["state"], ticket["approval"]) == ("-3", "requested")

    desk.close()
    house.approve(story)
    assert house.wait_until_ended(story) == "success", house.tell(story)
    assert house.lab.state("lab-2") == "repaired"
    assert house.incident(story).status is IncidentStatus.REMEDIATED
    assert office.look()["away"]
    assert "servicenow is away" in house.command("tickets").stdout
    assert ticket["state"] == "-3"

    desk.site.history.clear()
    desk.open()
    assert "tried at the next look" in house.command("tickets", "retry").stdout
    assert office.look()["away"] == ""
    assert desk.passed(*APPROVED_STEPS) == list(APPROVED_STEPS)
    assert (ticket["state"], ticket["close_code"]) == ("3", "successful")
    assert ticket["approval"] == "approved"
    assert "priya" in "\n".join(ticket["work_notes"])
    assert "servicenow is well" in house.command("tickets").stdout
    assert len({row["correlation_id"] for row in desk.site.rows()}) == len(desk.site.rows())


def test_a_notifier_whose_process_is_killed_is_begun_once_more_and_the_question_stays_open(
    office: Office,
) -> None:
    house, mails = office.house, office.mails
    house.lab.reset("lab-3")
    mails.answers.clear()  # the mail arrives, and its sender hears nothing of it
    story = house.start_in_lab("lab-repair", "lab-3")
    port = house.wait_for(
        lambda: mails.kept_waiting[0] if mails.about(story.change) else 0, story, "a mail arrives"
    )
    (process,) = [
        each.pid
        for each in psutil.net_connections("tcp")
        if each.laddr and each.laddr[1] == port and each.pid not in {None, psutil.Process().pid}
    ]
    psutil.Process(process).kill()
    mails.answers.set()
    house.wait_for(lambda: len(mails.about(story.change)) == 2, story, "it is sent once more")
    house.approve(story)
    assert house.wait_until_ended(story) == "success", house.tell(story)
    assert len(mails.about(story.change)) == 2
    assert house.facts(story, FactKind.APPROVAL_UNTOLD) == []


def test_a_text_of_a_language_model_is_labelled_and_one_with_an_invented_number_is_rejected(
    office: Office, repaired: Story
) -> None:
    house, story = office.house, repaired
    opened = word_time(house.incident(story).opened_at)
    honest = f"The service was down on host web-1. The alert was received at {opened}."
    invented = f"{honest} It affected 4711 users."
    reports = house.stack.home / "reports"

    def ask(*texts: str) -> tuple[int, str, str]:
        with chat_server() as chat:
            chat.say(*texts)
            house.environment = {
                **house.environment,
                "AIRMEND_PROSE_URL": chat.url,
                "AIRMEND_PROSE_MODEL": "llama-9",
            }
            done = house.command("report", "prose", story.incident)
        written = (reports / f"{story.incident}.md").read_text()
        return done.returncode, done.stdout, written

    code, said, written = ask(honest)
    assert (code, said.strip()) == (0, honest), said
    assert "**Written by a language model, not by people** (llama-9, " in written
    assert honest in written
    assert "Written by a language model" in (reports / f"{story.incident}.html").read_text()

    code, said, written = ask(invented)
    assert code == 1
    assert "4711" in said
    assert "A text of the language model llama-9" in written
    assert "was rejected" in written
    assert honest not in written
    assert house.report(story)["prose"]["state"] == "rejected"


def test_a_question_that_nobody_answers_is_escalated_put_in_mind_and_then_means_no(
    office: Office,
) -> None:
    house, mails, story = office.house, office.mails, office.unanswered
    assert house.wait_until_ended(story) == "failed", house.tell(story)
    assert house.change(story).status is ChangeStatus.EXPIRED
    decision = house.decision(story)
    assert decision is not None
    assert (decision.verdict, decision.decided_by) == (Verdict.EXPIRED, "policy")
    assert house.lab.done("lab-1") == []

    told = mails.about(story.change)
    assert [mail["Subject"].split(":")[0] for mail in told] == [
        "Approval asked",
        "Approval escalated",
        "Reminder 1",
    ]
    assert {mail["To"] for mail in told} == {"on-call@example.com"}
    needs = [text_of(mail) for mail in told]
    assert "olivia" in needs[0]
    assert "priya" not in needs[0]
    assert all("olivia" in each and "priya" in each for each in needs[1:])
    assert all(f"/dags/lab-unanswered/runs/{story.run_id}/" in each for each in needs)

    (escalated,) = house.facts(story, FactKind.APPROVAL_ESCALATED)
    assert "'olivia first' was not met in time" in escalated
    (reminded,) = house.facts(story, FactKind.APPROVAL_REMINDED)
    assert reminded.startswith("Reminder 1: ")
    timeline = json.dumps(house.report(story)["timeline"])
    assert "Escalated: " in timeline
    assert "Reminder 1: " in timeline
