"""Cut off anywhere, away for hours, refused: one ticket each, nothing twice, nothing lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete

from airmend.change.model import ChangeStatus
from airmend.itsm.configuration import TicketPlan
from airmend.itsm.sync import CREATION_SETTLES
from airmend.records.model import FactKind
from airmend.records.tables import LedgerRow
from airmend.records.ticket_systems import read_system, take_turn
from airmend.records.tickets import retry_tickets
from tests.integration.itsm.lives import (
    CHANGE,
    INCIDENT,
    SERVICENOW_PLAN,
    KilledError,
    Life,
    connect,
    kill_at,
)
from tests.integration.itsm.sites import ServiceNow

STEPS = [
    *("intent recorded", "ticket created", "ticket recorded", "note written", "note recorded"),
    *("ticket brought", "told recorded"),
]


def pause(life: Life) -> timedelta | None:
    """How long the system is still left alone."""
    with life.database.session() as session:
        state = read_system(session, "servicenow")
    assert state is not None
    return state.paused_until - life.at if state.paused_until else None


@pytest.mark.parametrize("time", [1, 2])
@pytest.mark.parametrize("step", STEPS)
def test_a_look_that_is_killed_anywhere_leaves_one_ticket_that_says_everything_once(
    life: Life, servicenow: ServiceNow, step: str, time: int
) -> None:
    life.live()
    with pytest.raises(KilledError):
        life.look(observe=kill_at(step, time))
    for _ in range(4):
        life.pass_time(minutes=2)
        life.look()
    (row,) = servicenow.rows()
    (incident,) = servicenow.rows("incident")
    assert (row["state"], incident["state"]) == ("3", "6")
    text = "\n".join(row["work_notes"])
    assert all(text.count(f"[{CHANGE} fact {it}]") == 1 for it in life.ticket().told_facts)
    linked = {fact.text for fact in life.story(FactKind.TICKET_LINKED)}
    assert linked == {
        f"The change is {row['number']} in ServiceNow",
        f"The incident is {incident['number']} in ServiceNow",
    }


def test_a_killed_look_is_made_good_on_both_databases(
    stored_life: Life, servicenow: ServiceNow
) -> None:
    life = stored_life
    life.live()
    with pytest.raises(KilledError):
        life.look(observe=kill_at("ticket created"))
    life.pass_time(minutes=2)
    life.look()
    assert (len(servicenow.rows()), len(servicenow.rows("incident"))) == (1, 1)
    assert life.ticket().is_settled


@pytest.mark.parametrize(
    "on", ["POST /change_request", "PATCH /change_request", "GET /change_request"]
)
@pytest.mark.parametrize("after", [False, True])
def test_a_line_that_is_cut_costs_a_look_and_nothing_else(
    life: Life, servicenow: ServiceNow, on: str, after: bool
) -> None:
    life.live()
    servicenow.fail(on, after=after)
    assert "no answer" in life.look().away
    for _ in range(3):
        life.pass_time(minutes=2)
        life.look()
    (row,) = servicenow.rows()
    assert row["state"] == "3"
    text = "\n".join(row["work_notes"])
    assert all(text.count(f"[{CHANGE} fact {it}]") == 1 for it in life.ticket().told_facts)


def test_a_ticket_that_may_have_been_created_is_waited_for(
    life: Life, servicenow: ServiceNow
) -> None:
    life.plan = TicketPlan.model_validate(SERVICENOW_PLAN | {"incidents": "known"})
    life.request()
    servicenow.fail("POST /change_request")  # cut before: nothing was created
    life.look()
    begun = life.ticket().intended_at
    assert begun is not None
    life.at = begun + CREATION_SETTLES - timedelta(seconds=61)
    life.look()
    assert servicenow.rows() == []
    life.at = begun + CREATION_SETTLES - timedelta(seconds=60)  # a look is a minute later
    life.look()
    assert len(servicenow.rows()) == 1


def test_the_repair_goes_on_while_the_system_is_away_and_everything_is_told_later(
    life: Life, servicenow: ServiceNow, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, "http://127.0.0.1:9")  # nobody listens there
    for part in (life.request, life.assess, life.ask, life.decide, life.execute):
        part()
        assert life.look().away
    life.end(ChangeStatus.SUCCEEDED)
    assert life.look().away
    assert servicenow.rows() == []
    connect(monkeypatch, servicenow.url)
    life.pass_time(minutes=15)
    assert life.look().told == 2
    (row,) = servicenow.rows()
    assert (row["state"], row["approval"]) == ("3", "approved")
    text = "\n".join(row["work_notes"])
    for words in ("Approval asked", "olivia says yes", "Step 'restart' started", "succeeded"):
        assert words in text


def test_a_system_that_is_away_is_asked_less_and_less_often(
    life: Life, servicenow: ServiceNow
) -> None:
    life.request()
    pauses = []
    for _ in range(7):
        servicenow.fail("GET", 503)
        life.look()
        wait = pause(life)
        assert wait is not None
        pauses.append(wait.total_seconds())
        life.at += wait - timedelta(minutes=1)  # a look is a minute later
    assert pauses == [30, 60, 120, 240, 480, 900, 900]
    assert len(servicenow.asked) == 7


def test_the_system_says_itself_when_it_wants_to_be_asked_again(
    life: Life, servicenow: ServiceNow
) -> None:
    life.request()
    servicenow.fail("GET", 429, headers={"Retry-After": "600"})
    life.look()
    assert pause(life) == timedelta(minutes=10)
    for _ in range(9):
        life.look()
    assert len(servicenow.asked) == 1
    assert life.look().told == 2  # ten minutes are over, to the second


def test_a_password_that_is_wrong_is_not_tried_until_the_account_is_locked(
    life: Life, servicenow: ServiceNow, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, servicenow.url, password="a wrong one")
    life.request()
    look = life.look()
    assert "answered 401, User Not Authenticated" in look.away
    assert "a wrong one" not in look.away
    for _ in range(14):
        life.look()
    assert len(servicenow.asked) == 1
    connect(monkeypatch, servicenow.url)
    with life.database.session() as session:
        assert retry_tickets(session) == 2
    assert life.look().told == 2


def test_a_page_where_json_belongs_is_a_system_that_is_away(
    life: Life, servicenow: ServiceNow
) -> None:
    life.request()
    servicenow.fail("GET", 200, body=b"<html>Your instance is hibernating</html>")
    assert "no answer of its API" in life.look().away
    servicenow.fail("GET", 302, headers={"Location": "/login.do"})
    assert "no answer of its API" in life.look().away
    assert not servicenow.count("GET /login.do")


def test_a_system_that_hangs_is_given_up_after_the_timeout(
    life: Life, servicenow: ServiceNow
) -> None:
    life.request()
    servicenow.fail("GET", hangs=True)
    assert "Timeout" in life.look().away
    servicenow.closed.set()


def test_what_is_refused_is_told_in_the_story_once_and_not_hammered(
    life: Life, servicenow: ServiceNow
) -> None:
    life.plan = TicketPlan.model_validate(SERVICENOW_PLAN | {"servicenow": {}})
    life.request()
    look = life.look()
    assert (look.told, look.refused) == (1, 1)
    assert "Assignment group" in life.ticket().last_error
    for _ in range(14):
        life.look()
    assert servicenow.count("POST /change_request") == 1
    life.pass_time(minutes=5)
    life.look()
    assert servicenow.count("POST /change_request") == 2
    (fact,) = life.story(FactKind.TICKET_REFUSED)
    assert "Assignment group" in fact.text
    life.plan = TicketPlan.model_validate(SERVICENOW_PLAN)
    with life.database.session() as session:
        assert retry_tickets(session, CHANGE) == 1
    assert life.look().told >= 1
    assert life.ticket().last_error == ""


def test_an_illegal_transition_is_refused_and_the_notes_are_there(
    life: Life, servicenow: ServiceNow
) -> None:
    life.request()
    life.look()
    life.assess()
    servicenow.fail(
        "PATCH /change_request",
        403,
        body={"error": {"message": "Operation Failed", "detail": "aborted by Business Rule"}},
    )
    assert life.look().refused == 1
    assert "aborted by Business Rule" in life.ticket().last_error


def test_a_column_that_is_left_as_it_was_is_no_endless_round(
    life: Life, servicenow: ServiceNow
) -> None:
    servicenow.silent_columns = {"risk", "approval"}
    life.live()
    life.look()
    (row,) = servicenow.rows()
    assert row["state"] == "3"  # the instance computes its risk itself: no mistake
    life.tell(FactKind.REPORT_WRITTEN, "The report is written")
    servicenow.silent_columns = {"work_notes"}
    assert life.look().refused == 2
    assert "work notes are not there" in life.ticket().last_error


def test_a_state_that_is_left_as_it_was_is_told_to_people(
    life: Life, servicenow: ServiceNow
) -> None:
    servicenow.silent_columns = {"state"}
    life.live()
    assert life.look().refused == 2
    assert "the state is '-5' and not '-4'" in life.ticket().last_error


def test_only_one_look_at_a_time_tells_anything(stored_life: Life, servicenow: ServiceNow) -> None:
    life = stored_life
    life.request()
    with life.database.session() as session:
        assert take_turn(session, "servicenow", "another", life.at)
    assert life.look().told == 0
    assert servicenow.asked == []
    life.pass_time(minutes=7, seconds=59)
    assert life.look().told == 0
    life.pass_time(seconds=-59)  # the next look is ten minutes after the turn began
    assert life.look().told == 2


def test_what_was_there_before_the_first_look_is_told_to_nobody(
    life: Life, servicenow: ServiceNow
) -> None:
    life.request(incident={"opened_at": life.at - timedelta(days=1)})
    assert life.look().told == 0
    assert life.tickets() == 0


def test_a_fact_that_is_seen_late_is_told_though_its_number_is_low(
    stored_life: Life, servicenow: ServiceNow
) -> None:
    life = stored_life
    life.request()
    life.tell(FactKind.GUARD_PASSED, "Held back by a slow transaction")
    (late,) = life.story(FactKind.GUARD_PASSED)
    life.assess()  # guard passed a second time
    with life.database.session() as session:
        session.execute(delete(LedgerRow).where(LedgerRow.id == late.id))
    life.end(ChangeStatus.REFUSED, "no")
    life.look()
    life.look()
    assert life.ticket().is_settled
    with life.database.session() as session:
        session.add(LedgerRow(**late.model_dump() | {"kind": late.kind.value}))
    life.look()
    assert "Held back by a slow transaction" in "\n".join(servicenow.rows()[0]["work_notes"])


def test_an_incident_without_a_change_has_a_ticket_that_the_story_links_to(
    life: Life, servicenow: ServiceNow
) -> None:
    life.open_incident()
    life.look()
    assert life.ticket(INCIDENT).number == servicenow.rows("incident")[0]["number"]
    (fact,) = life.story(FactKind.TICKET_LINKED)
    assert fact.evidence["url"].startswith(f"{servicenow.url}/nav_to.do?uri=incident.do")
