"""A person starts a runbook in Airflow, or breaks the glass: who it is, Airflow's login says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from airmend.change.emergency import BREAK_GLASS
from airmend.change.model import ChangeStatus, ChangeType
from airmend.incident.model import IncidentStatus
from airmend.records.changes import change_of_run
from airmend.records.model import FactKind
from tests.e2e.house import House, Story

REASON = "the alert has another name today, the error is the same"


@pytest.fixture
def incident(house: House) -> str:
    """An incident about a lab host that no runbook takes."""
    house.lab.reset("lab-7")
    house.settle("lab-7")
    body = house.lab.alert("lab-repair", "lab-7") | {"name": "NobodyKnowsThis"}
    answer = house.send(body, source="generic", signed=True)
    assert answer["outcome"] == "unmatched", answer
    return str(answer["incident"])


def trigger(house: House, user: str, incident: str, run_id: str, **form: Any) -> Story:
    """Somebody triggers the DAG through Airflow's REST API; the run as a story without change."""
    conf = {"incident": incident, "reason": REASON, "emergency": False} | form
    answer = house.write(
        "POST",
        "/api/v2/dags/lab-repair/dagRuns",
        {"dag_run_id": run_id, "logical_date": None, "conf": conf},
        user=user,
    )
    assert answer.status_code == httpx.codes.OK, answer.text
    return Story(incident, "", "lab-repair", run_id)


def made(house: House, asked: Story) -> Story:
    """The story of the run's change, once the guard has made it."""

    def find() -> Story | None:
        with house.database.session() as session:
            change = change_of_run(session, asked.dag_id, asked.run_id)
        if change is None:
            return None
        return Story(asked.incident, change.id, asked.dag_id, asked.run_id)

    return house.wait_for(find, None, "the guard makes the change")


def break_glass(house: House, incident: str, run_id: str) -> Story:
    """An emergency change of admin's, run to its end."""
    story = made(house, trigger(house, "admin", incident, run_id, emergency=True))
    assert house.wait_until_ended(story) == "success", house.tell(story)
    return story


def test_whoever_asks_by_hand_waits_for_the_approval_of_somebody_else(
    house: House, incident: str
) -> None:
    story = made(house, trigger(house, "olivia", incident, "by-hand-normal"))
    change = house.change(story)
    assert (change.requested_by, change.change_type) == ("olivia", ChangeType.NORMAL)
    body = house.question(story)["body"]
    assert "**Asked for by hand** by `olivia`" in body
    assert "LabRepair" in body
    house.answer(story, "olivia", "Approve", "my own")
    assert "olivia requested this change" in house.facts(story, FactKind.APPROVAL_IGNORED)[0]
    house.approve(story, "priya")
    assert house.wait_until_ended(story) == "success", house.tell(story)
    assert house.lab.state("lab-7") == "repaired"
    assert house.incident(story).status is IncidentStatus.REMEDIATED


def test_an_admin_breaks_the_glass_and_an_operator_cannot(house: House, incident: str) -> None:
    refused = trigger(house, "priya", incident, "by-hand-refused", emergency=True)
    house.wait_for(lambda: house.run_state(refused) == "failed", None, "the run fails")
    (told,) = house.facts(refused, FactKind.REQUEST_REFUSED)
    assert "priya may not run emergency changes" in told
    assert house.lab.done("lab-7") == []

    story = break_glass(house, incident, "by-hand-emergency")
    assert house.change(story).status is ChangeStatus.SUCCEEDED
    assert house.lab.done("lab-7") == ["repaired"]
    decision = house.decision(story)
    assert decision is not None
    assert (decision.decided_by, decision.basis) == ("admin", BREAK_GLASS)
    report = house.report(story)
    assert report["request"]["reason"] == REASON
    assert report["review"]["reviewed_at"] is None

    page = "/airmend/reviews"
    form = {"verdict": "justified", "notes": "the host was repaired, and nobody was there"}
    with house.stack.client("priya") as client:
        assert story.change in client.get(page).text
        done = client.post(f"{page}/{story.change}", data=form, follow_redirects=True)
    assert done.status_code == httpx.codes.OK, done.text
    assert house.facts(story, FactKind.REVIEW_COMPLETED) == [
        f"The emergency change was reviewed by priya: justified. {form['notes']}"
    ]


def test_a_reviewer_by_a_role_of_airflow_may_use_the_command(house: House, incident: str) -> None:
    story = break_glass(house, incident, "by-hand-reviewed-at-a-terminal")
    words = ("review", "complete", story.change, "--verdict", "not_justified")
    notes = ("--notes", "olivia was there and could have approved it")
    refused = house.command(*words, *notes, "--by", "victor")
    assert refused.returncode == 1
    assert "victor" in refused.stdout
    assert house.facts(story, FactKind.REVIEW_COMPLETED) == []
    done = house.command(*words, *notes, "--by", "priya")
    assert done.returncode == 0, done.stdout
    assert house.facts(story, FactKind.REVIEW_COMPLETED) == [
        f"The emergency change was reviewed by priya: not justified. {notes[1]}"
    ]
