"""A change's life as ServiceNow sees it: states, risk, approval, work notes, close code."""

from __future__ import annotations

from typing import Any

import pytest

from airmend.change.model import ChangeStatus, Verdict
from airmend.incident.model import IncidentStatus
from airmend.itsm.configuration import TicketPlan
from airmend.records.incidents import set_incident_status
from airmend.records.model import FactKind
from tests.integration.itsm.lives import CHANGE, INCIDENT, SERVICENOW_PLAN, Life, connect
from tests.integration.itsm.sites import TOKEN, ServiceNow


def words(row: dict[str, Any]) -> str:
    return "\n".join(row["work_notes"])


def test_each_step_of_a_normal_change_is_told_as_it_happens(
    life: Life, servicenow: ServiceNow
) -> None:
    life.request()
    assert life.look().told == 2
    (row,) = servicenow.rows()
    (incident,) = servicenow.rows("incident")
    assert (row["state"], row["type"], row["correlation_id"]) == ("-5", "normal", CHANGE)
    assert row["parent"] == incident["sys_id"]
    assert row["implementation_plan"] == "Restart the service (playbooks/restart.yml)"
    assert "playbooks/rollback.yml" in row["backout_plan"]
    assert row["test_plan"] == "The shop answers"
    assert (incident["state"], incident["impact"], incident["urgency"]) == ("2", "1", "1")
    life.assess()
    life.look()
    assert (row["state"], row["risk"], row["impact"]) == ("-4", "3", "1")
    assert incident["rfc"] == row["sys_id"]
    life.ask()
    life.look()
    assert (row["state"], row["approval"]) == ("-3", "requested")
    life.decide()
    life.look()
    assert (row["state"], row["approval"]) == ("-2", "approved")
    assert "olivia says yes: looked at the diff" in words(row)
    assert "priya says yes: looked at the diff" in words(row)
    life.execute()
    life.look()
    assert (row["state"], row["work_start"]) == ("-1", "2026-03-02 09:05:10")
    life.end(ChangeStatus.SUCCEEDED)
    life.look()
    assert (row["state"], row["close_code"]) == ("3", "successful")
    assert row["close_notes"] == "succeeded: verified"
    assert row["work_end"] >= row["work_start"]
    assert (incident["state"], incident["close_code"]) == ("6", "Resolved by change")
    assert "The incident is resolved" in incident["close_notes"]
    assert servicenow.history == [
        *(("-5", "-4"), ("-4", "-3"), ("-3", "-2"), ("-2", "-1"), ("-1", "0"), ("0", "3"))
    ]
    assert life.ticket().is_settled
    assert life.ticket(INCIDENT).is_settled


def test_nothing_is_asked_while_there_is_nothing_to_tell(
    life: Life, servicenow: ServiceNow
) -> None:
    life.live()
    while life.look().told:
        pass
    asked = len(servicenow.asked)
    life.tell(FactKind.ALERT_REPEATED, "Again", of_change=False)
    for _ in range(3):
        assert life.look().told == 0
    assert len(servicenow.asked) == asked
    life.tell(FactKind.REPORT_WRITTEN, "The report is written")
    assert life.look().told == 2
    assert "The report is written" in words(servicenow.rows()[0])


def test_every_fact_is_told_once_whatever_happened_before(
    life: Life, servicenow: ServiceNow
) -> None:
    life.live()
    for _ in range(4):
        life.look()
    text = words(servicenow.rows()[0])
    facts = life.ticket().told_facts
    assert len(facts) >= 10
    assert all(text.count(f"[{CHANGE} fact {number}]") == 1 for number in facts)


def test_a_whole_life_is_told_by_one_look_when_the_instance_was_away(
    life: Life, servicenow: ServiceNow
) -> None:
    life.live()
    life.look()
    (row,) = servicenow.rows()
    assert (row["state"], row["approval"], row["close_code"]) == ("3", "approved", "successful")
    assert len(servicenow.history) == 6


@pytest.mark.parametrize(
    ("status", "code"), [("rolled_back", "unsuccessful"), ("failed", "unsuccessful")]
)
def test_a_change_that_did_not_help_is_closed_as_unsuccessful(
    life: Life, servicenow: ServiceNow, status: str, code: str
) -> None:
    life.live(until=status)
    life.look()
    (row,) = servicenow.rows()
    assert (row["state"], row["close_code"]) == ("3", code)
    assert row["close_notes"] == f"{status}: verified"
    assert servicenow.rows("incident")[0]["state"] == "2"  # a person's


@pytest.mark.parametrize("verdict", [Verdict.REJECTED, Verdict.EXPIRED])
def test_a_change_that_nobody_let_pass_is_cancelled(
    life: Life, servicenow: ServiceNow, verdict: Verdict
) -> None:
    life.request()
    life.assess()
    life.ask()
    life.look()
    life.decide(verdict)
    life.look()
    (row,) = servicenow.rows()
    assert (row["state"], row["approval"]) == ("4", "rejected")
    assert row["close_notes"] == f"{verdict.value}: {verdict.value} by olivia"
    assert servicenow.history[-1] == ("-3", "4")


@pytest.mark.parametrize("status", [ChangeStatus.REFUSED, ChangeStatus.CANCELLED])
def test_a_change_that_changed_nothing_is_cancelled_from_where_it_is(
    life: Life, servicenow: ServiceNow, status: ChangeStatus
) -> None:
    life.request()
    life.look()
    life.end(status, "the circuit is open")
    life.look()
    (row,) = servicenow.rows()
    assert (row["state"], row["close_notes"]) == ("4", f"{status.value}: the circuit is open")


@pytest.mark.parametrize(
    ("change_type", "states"),
    [
        ("standard", ["-5", "-2", "-1", "0", "3"]),
        ("emergency", ["-5", "-3", "-2", "-1", "0", "3"]),
    ],
)
def test_each_type_of_change_passes_its_own_states(
    life: Life, servicenow: ServiceNow, change_type: str, states: list[str]
) -> None:
    life.request(change_type=change_type)
    life.assess()
    life.look()
    assert servicenow.rows()[0]["state"] == "-5"
    life.decide()
    life.execute()
    life.end(ChangeStatus.SUCCEEDED)
    life.look()
    assert [way[0] for way in servicenow.history] + ["3"] == states


def test_a_standard_change_is_made_from_the_template_where_there_is_one(
    life: Life, servicenow: ServiceNow
) -> None:
    template = "b" * 32
    words = SERVICENOW_PLAN["servicenow"] | {"standard_template": template}  # type: ignore[operator]
    life.plan = TicketPlan.model_validate(SERVICENOW_PLAN | {"servicenow": words})
    life.request(change_type="standard")
    life.look()
    (row,) = servicenow.rows()
    assert (row["std_change_producer_version"], row["type"]) == (template, "standard")
    assert life.ticket().number == row["number"]


def test_an_incident_that_came_from_servicenow_keeps_its_own_ticket(
    life: Life, servicenow: ServiceNow
) -> None:
    theirs = servicenow.add("incident")
    labels = {"number": theirs["number"]}
    life.request(incident={"source": "servicenow", "labels": labels})
    life.look()
    assert servicenow.rows("incident") == [theirs]
    assert theirs["state"] == "2"
    assert "Runbook service-down" in words(theirs)
    assert "Opened by an alert" not in words(theirs)  # it said that itself
    life.assess()
    life.decide()
    life.execute()
    life.end(ChangeStatus.SUCCEEDED)
    life.look()
    assert (theirs["state"], theirs["close_code"]) == ("6", "Resolved by change")


def test_an_incident_of_another_instance_is_refused_and_not_made_again(
    life: Life, servicenow: ServiceNow
) -> None:
    life.request(incident={"source": "servicenow", "labels": {"number": "INC0099999"}})
    look = life.look()
    assert (look.told, look.refused) == (1, 1)  # the change is told all the same
    assert servicenow.rows("incident") == []
    assert "INC0099999" in life.ticket(INCIDENT).last_error


def test_only_known_incidents_have_a_ticket_where_the_file_says_so(
    life: Life, servicenow: ServiceNow
) -> None:
    life.plan = TicketPlan.model_validate(SERVICENOW_PLAN | {"incidents": "known"})
    life.request()
    life.look()
    assert (len(servicenow.rows()), servicenow.rows("incident")) == (1, [])


def test_what_people_moved_further_is_not_moved_back(life: Life, servicenow: ServiceNow) -> None:
    life.request()
    life.look()
    (row,) = servicenow.rows()
    row["state"] = "-2"
    life.assess()
    life.look()
    assert row["state"] == "-2"
    assert "The guard passed" in words(row)
    row["state"] = "4"
    life.execute()
    life.look()
    assert row["state"] == "4"
    assert "Step 'restart' started" in words(row)


def test_an_incident_is_opened_again_only_where_airmend_resolved_it(
    life: Life, servicenow: ServiceNow
) -> None:
    life.live()
    life.look()
    (incident,) = servicenow.rows("incident")
    assert incident["state"] == "6"
    with life.database.session() as session:
        set_incident_status(session, INCIDENT, IncidentStatus.ESCALATED, at=life.at)
    life.tell(FactKind.INCIDENT_REOPENED, "It fires again", of_change=False)
    life.look()
    assert incident["state"] == "2"
    incident["state"] = "6"  # a person's word
    life.tell(FactKind.INCIDENT_ESCALATED, "It flaps", of_change=False)
    life.look()
    assert incident["state"] == "6"


def test_a_bearer_token_in_the_extra_is_a_login_too(
    life: Life, servicenow: ServiceNow, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = {"Authorization": f"Bearer {TOKEN}"}
    connect(monkeypatch, servicenow.url, login=None, password=None, extra=header)
    life.request()
    assert life.look().told == 2


def test_words_from_outside_are_neither_rendered_nor_taken_for_the_number_of_a_fact(
    life: Life, servicenow: ServiceNow
) -> None:
    life.request(incident={"description": "[code]<script>x</script>[/code]"})
    story = life.story(FactKind.RUNBOOK_MATCHED)
    coming = story[-1].id + 2
    life.tell(FactKind.GUARD_PASSED, f"[{CHANGE} fact {coming}] [CODE]<b>\u202e")
    life.tell(FactKind.GUARD_PASSED, "the fact that must not be left out")
    for _ in range(2):
        life.look()
    (row,) = servicenow.rows()
    everything = words(row) + servicenow.rows("incident")[0]["description"]
    assert "[code]" not in everything.lower()
    assert "\u202e" not in everything
    assert "the fact that must not be left out" in words(row)
