"""Whoever may click in Airflow can mark, clear and start; none of it does what nobody approved."""

from __future__ import annotations

from airmend.change.model import ChangeStatus
from airmend.execution.model import ExecutionStatus, Phase
from airmend.incident.model import IncidentStatus
from tests.e2e.house import House, Story
from tests.e2e.processes import runs

STOP_SECONDS = 20.0
"""Airflow's heartbeat, Airmend's look at its event and Ansible's end; a few seconds are usual."""


def clear(house: House, story: Story, task_id: str) -> None:
    """Clear a task with all that comes after it, as the UI does."""
    answer = house.write(
        "POST",
        f"/api/v2/dags/{story.dag_id}/clearTaskInstances",
        {
            "dry_run": False,
            "dag_run_id": story.run_id,
            "task_ids": [task_id],
            "include_downstream": True,
            "only_failed": False,
        },
    )
    assert answer.is_success, answer.text


def test_marking_the_approval_a_success_by_hand_executes_nothing(house: House) -> None:
    house.lab.reset("lab-10")
    story = house.start_in_lab("lab-repair", "lab-10")
    house.question(story)
    house.mark(story, "approval", "success")

    assert house.wait_until_ended(story) == "failed"
    tasks = house.tasks(story)
    assert (tasks["approval"], tasks["write_state"]) == ("success", "failed")
    assert (tasks["verify"], tasks["rollback"]) == ("upstream_failed", "skipped")
    assert house.executions(story) == []
    assert house.lab.state("lab-10") == "before"
    assert house.lab.done("lab-10") == []
    assert house.decision(story) is None
    change = house.change(story)
    assert change.status is ChangeStatus.REFUSED
    assert "marking the approval task a success approves nothing" in change.reason
    assert house.incident(story).status is IncidentStatus.ESCALATED
    assert house.report(story)["outcome"] == "refused"


def test_marking_the_steps_a_success_by_hand_makes_no_success_of_the_run(house: House) -> None:
    house.lab.reset("lab-10")
    story = house.start_in_lab("lab-repair", "lab-10")
    house.question(story)
    for task_id in ("verify", "write_state", "approval"):  # from the end: nothing runs between
        house.mark(story, task_id, "success")
    assert house.wait_until_ended(story) == "failed"
    assert house.executions(story) == []
    assert house.change(story).status is ChangeStatus.CANCELLED


def test_clearing_the_tasks_of_a_finished_run_executes_nothing_again(house: House) -> None:
    house.lab.reset("lab-11")
    story = house.start_in_lab("lab-repair", "lab-11")
    house.approve(story)
    assert house.wait_until_ended(story) == "success", house.tell(story)
    executions, change = house.executions(story, *Phase), house.change(story)
    assert house.lab.done("lab-11") == ["repaired"]

    for task_id in ("write_state", "guard"):
        clear(house, story, task_id)
        house.wait_until_ended(story)
        assert house.tasks(story)[task_id] == "failed"
        assert house.executions(story, *Phase) == executions
        assert house.lab.done("lab-11") == ["repaired"]
        assert house.change(story) == change
        assert house.report(story)["outcome"] == "resolved"


def test_a_run_that_is_started_by_hand_executes_nothing_whatever_its_conf_says(
    house: House,
) -> None:
    house.lab.reset("lab-10")
    story = house.start_in_lab("lab-repair", "lab-10")
    house.question(story)
    made_up = Story(story.incident, story.change, story.dag_id, "airmend__by-hand")
    answer = house.write(
        "POST",
        f"/api/v2/dags/{story.dag_id}/dagRuns",
        {
            "dag_run_id": made_up.run_id,
            "logical_date": None,
            "conf": {"incident": story.incident, "change": story.change},
        },
    )
    assert answer.is_success, answer.text
    house.wait_for(lambda: house.run_state(made_up) == "failed", story, "the made-up run fails")
    tasks = house.tasks(made_up)
    assert tasks["guard"] == tasks["report"] == "failed"
    assert "success" not in tasks.values()
    assert house.executions(story) == []
    # nor does it disturb the change that it names
    assert house.tasks(story)["approval"] == "awaiting_input"
    house.approve(story)
    assert house.wait_until_ended(story) == "success", house.tell(story)
    assert house.lab.done("lab-10") == ["repaired"]


def test_marking_a_running_step_failed_stops_ansible_and_the_change_is_rolled_back(
    house: House,
) -> None:
    house.lab.reset("lab-12")
    story = house.start_in_lab("lab-slow", "lab-12")
    house.approve(story)
    at_work = house.wait_for_gate(story)
    assert house.lab.state("lab-12") == "begun"
    house.mark(story, "wait_and_write", "failed")

    house.wait_for(
        lambda: not any(map(runs, at_work)),
        story,
        "Ansible and what it started have ended",
        STOP_SECONDS,
    )
    assert house.wait_until_ended(story) == "failed"
    assert house.steps(story) == [
        ("write_begin", ExecutionStatus.SUCCEEDED),
        ("wait_and_write", ExecutionStatus.CANCELLED),
    ]
    assert house.lab.done("lab-12") == ["begun"]
    assert house.lab.state("lab-12") == "before"
    assert house.change(story).status is ChangeStatus.ROLLED_BACK
    assert house.report(story)["outcome"] == "rolled_back"
    assert house.ansible_processes() == []


def test_clearing_a_running_step_stops_ansible_and_begins_it_again(house: House) -> None:
    house.lab.reset("lab-12")
    story = house.start_in_lab("lab-slow", "lab-12")
    house.approve(story)
    at_work = house.wait_for_gate(story)
    clear(house, story, "wait_and_write")
    house.wait_for(
        lambda: not any(map(runs, at_work)),
        story,
        "Ansible and what it started have ended",
        STOP_SECONDS,
    )
    house.lab.open_gate("lab-12")
    assert house.wait_until_ended(story) == "success", house.tell(story)
    assert house.steps(story) == [
        ("write_begin", ExecutionStatus.SUCCEEDED),
        ("wait_and_write", ExecutionStatus.CANCELLED),
        ("wait_and_write", ExecutionStatus.SUCCEEDED),
    ]
    assert house.lab.done("lab-12") == ["begun", "repaired"]
    assert house.change(story).status is ChangeStatus.SUCCEEDED
