"""A change's life as Jira Service Management sees it."""

from __future__ import annotations

import pytest

from airmend.change.model import ChangeStatus, Verdict
from airmend.itsm.configuration import TicketPlan
from airmend.itsm.sync import CREATION_SETTLES
from tests.integration.itsm.lives import CHANGE, INCIDENT, JIRA_PLAN, KilledError, Life, kill_at
from tests.integration.itsm.sites import Jira


def test_each_step_of_a_change_is_told_as_it_happens(jira_life: Life, jira: Jira) -> None:
    life = jira_life
    life.request()
    assert life.look().told == 2
    incident, change = jira.issues["OPS-1"], jira.issues["OPS-2"]
    assert change["fields"]["labels"] == ["airmend", f"airmend-{CHANGE}"]
    assert change["links"][0]["add"]["outwardIssue"] == {"key": "OPS-1"}
    assert (incident["status"], change["status"]) == ("Work in progress", "Open")
    life.assess()
    life.look()
    assert change["status"] == "Planning"
    assert change["fields"]["customfield_10050"] == {"value": "Medium"}
    life.ask()
    life.look()
    assert change["status"] == "Awaiting approval"
    life.decide()
    life.look()
    assert change["status"] == "Awaiting implementation"
    assert "priya says yes: looked at the diff" in jira.words("OPS-2")
    life.execute()
    life.look()
    assert change["status"] == "Implementing"
    life.end(ChangeStatus.SUCCEEDED)
    life.look()
    assert (incident["status"], change["status"]) == ("Resolved", "Completed")
    assert change["fields"]["resolution"] == {"name": "Done"}
    for comment in change["comments"]:
        properties = {each["key"]: each["value"] for each in comment["properties"]}
        assert properties["sd.public.comment"] == {"internal": True}
        assert properties["airmend.facts"][CHANGE]
    facts = life.ticket().told_facts
    text = jira.words("OPS-2")
    assert all(text.count(f"[{CHANGE} fact {number}]") == 1 for number in facts)


@pytest.mark.parametrize(
    ("status", "end"),
    [("succeeded", "Completed"), ("failed", "Failed"), ("rolled_back", "Failed")],
)
def test_a_whole_life_is_told_by_one_look(
    jira_life: Life, jira: Jira, status: str, end: str
) -> None:
    jira_life.live(until=status)
    jira_life.look()
    assert jira.issues["OPS-2"]["status"] == end
    assert jira_life.ticket().is_settled


@pytest.mark.parametrize(
    ("verdict", "end"), [(Verdict.REJECTED, "Declined"), (Verdict.EXPIRED, "Canceled")]
)
def test_a_change_that_nobody_let_pass_ends_where_that_is_said(
    jira_life: Life, jira: Jira, verdict: Verdict, end: str
) -> None:
    jira_life.request()
    jira_life.ask()
    jira_life.look()
    jira_life.decide(verdict)
    jira_life.look()
    assert jira.issues["OPS-2"]["status"] == end
    assert jira.issues["OPS-2"]["fields"]["resolution"] == {"name": "Won't Do"}


def test_an_issue_that_cannot_end_as_it_should_is_a_persons(jira_life: Life, jira: Jira) -> None:
    life = jira_life
    life.request()
    life.look()
    jira.issues["OPS-2"]["status"] = "Awaiting implementation"
    jira.WAYS["[System] Change"]["Awaiting implementation"] = ("Implementing",)
    try:
        life.end(ChangeStatus.CANCELLED, "stopped")
        assert life.look().refused == 1
    finally:
        jira.WAYS["[System] Change"]["Awaiting implementation"] = ("Implementing", "Canceled")
    assert jira.issues["OPS-2"]["status"] == "Awaiting implementation"  # and not "Implementing"
    assert "offers: Implementing" in life.ticket().last_error
    assert "stopped" in jira.words("OPS-2")  # people read it all the same


def test_statuses_of_the_file_come_before_the_usual_names(jira_life: Life, jira: Jira) -> None:
    words = JIRA_PLAN["jira"] | {"statuses": {"succeeded": ["Canceled"]}}  # type: ignore[operator]
    jira_life.plan = TicketPlan.model_validate(JIRA_PLAN | {"jira": words})
    jira_life.live()
    jira_life.look()
    assert jira.issues["OPS-2"]["status"] == "Canceled"


def test_an_incident_that_came_from_jira_keeps_its_own_issue(jira_life: Life, jira: Jira) -> None:
    theirs = jira.add("[System] Incident")
    labels = {"issue_key": theirs["key"]}
    jira_life.request(incident={"source": "jira", "labels": labels})
    jira_life.look()
    assert set(jira.issues) == {"OPS-1", "OPS-2"}
    assert theirs["status"] == "Work in progress"
    assert jira_life.ticket(INCIDENT).number == "OPS-1"


def test_a_lagging_index_makes_no_second_issue(jira_life: Life, jira: Jira) -> None:
    life = jira_life
    jira.index_is_late = True
    life.request()
    with pytest.raises(KilledError):
        life.look(observe=kill_at("ticket created"))
    assert len(jira.issues) == 1
    life.look()  # the search finds nothing yet
    assert life.ticket(INCIDENT).external_id == ""
    jira.catch_up()
    life.pass_time(seconds=CREATION_SETTLES.total_seconds())
    life.look()
    assert len(jira.issues) == 2
    assert life.ticket(INCIDENT).number == "OPS-1"


@pytest.mark.parametrize("status", [409, 500])
def test_a_conflict_sets_one_issue_aside_and_no_other(
    jira_life: Life, jira: Jira, status: int
) -> None:
    life = jira_life
    life.request()
    jira.fail("POST /issue/OPS-1/comment", status)
    look = life.look()
    assert (look.told, look.busy, look.away) == (1, 1, "")
    assert life.look().told == 2  # the other one has news: it is linked now
    assert "Opened by an alert" in jira.words("OPS-1")


def test_a_comment_whose_answer_was_lost_is_found_again(jira_life: Life, jira: Jira) -> None:
    life = jira_life
    life.request()
    jira.fail("POST /issue/OPS-1/comment", after=True)
    assert life.look().away
    for comment in jira.issues["OPS-1"]["comments"]:
        comment["body"]["content"] = []  # a person emptied it; the property still says it
    life.look()
    life.look()
    assert len(jira.issues["OPS-1"]["comments"]) == 1
