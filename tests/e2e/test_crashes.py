"""kill -9 in the middle: what was acknowledged or begun ends well, and nothing is done twice."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise

import httpx
import pytest

from airmend.change.model import ChangeStatus
from airmend.cli.stack import API_SERVER, SCHEDULER
from airmend.execution.model import ExecutionStatus, Phase
from airmend.records.changes import changes_without_run
from tests.e2e.house import House, Story

BEGUN = ("write_begin", ExecutionStatus.SUCCEEDED)
REPAIRED = ("wait_and_write", ExecutionStatus.SUCCEEDED)


def stored_without_run(house: House) -> str:
    """The change that is stored and has no run yet; empty while there is none."""
    with house.database.session() as session:
        waiting = changes_without_run(session)
    return waiting[0].id if waiting else ""


def check_done_once(house: House, story: Story, host: str) -> None:
    """Both steps were done, each of them once, and one Ansible at a time."""
    assert house.lab.done(host) == ["begun", "repaired"]
    succeeded = [each for each in house.steps(story) if each[1] is ExecutionStatus.SUCCEEDED]
    assert succeeded == [BEGUN, REPAIRED]
    executions = house.executions(story, Phase.PREFLIGHT, Phase.STEP)
    for earlier, later in pairwise(executions):
        assert earlier.ended_at is not None
        assert earlier.ended_at <= later.started_at
    assert house.change(story).status is ChangeStatus.SUCCEEDED
    assert house.report(story)["outcome"] == "resolved"


def start_slow_steps(house: House, *hosts: str) -> dict[str, Story]:
    """Changes whose second step waits on their hosts, each for its gate."""
    for host in hosts:
        house.lab.reset(host)
    stories = {host: house.start_in_lab("lab-slow", host) for host in hosts}
    for story in stories.values():
        house.approve(story)
    for story in stories.values():
        house.wait_for_gate(story)
    return stories


def test_an_alert_survives_the_kill_of_the_api_server_before_its_run_was_started(
    house: House,
) -> None:
    under_way = start_slow_steps(house, "lab-1", "lab-6")
    house.lab.reset("lab-2")
    alert = house.lab.alert("lab-repair", "lab-2")

    # Airflow's database is held, so that the server gets as far as storing the change
    with (
        closing(sqlite3.connect(house.stack.home / "airflow/airflow.db", timeout=30)) as airflow,
        ThreadPoolExecutor(1) as sender,
    ):
        airflow.isolation_level = None
        airflow.execute("BEGIN IMMEDIATE")
        sent = sender.submit(house.deliver, alert, source="generic", signed=True)
        change = house.wait_for(lambda: stored_without_run(house), None, "the change is stored")
        house.stack.kill(API_SERVER)
        airflow.execute("ROLLBACK")
        with pytest.raises(httpx.TransportError):
            sent.result()
    assert stored_without_run(house) == change
    # one of the steps that run comes to its end meanwhile
    house.lab.open_gate("lab-6")
    house.wait_for(lambda: house.lab.done("lab-6")[1:], under_way["lab-6"], "the step ends")
    house.stack.start(API_SERVER)
    house.stack.wait_until_healthy()

    # the sender had no answer and sends it again: it is known
    again = house.send(alert, source="generic", signed=True)
    assert (again["outcome"], again["change"]) == ("repeated", change)
    story = house.story(change)

    # upkeep looks every minute, and may have looked already
    house.wait_for(lambda: story.run_id in house.runs(story.dag_id), story, "upkeep starts the run")
    house.approve(story)
    house.lab.open_gate("lab-1")
    assert house.wait_until_ended(story) == "success", house.tell(story)
    assert house.steps(story) == [("write_state", ExecutionStatus.SUCCEEDED)]
    assert house.lab.done("lab-2") == ["repaired"]
    assert house.runs(story.dag_id).count(story.run_id) == 1

    # and what ran meanwhile never noticed
    for host, slow in under_way.items():
        assert house.wait_until_ended(slow) == "success", house.tell(slow)
        assert house.steps(slow) == [BEGUN, REPAIRED]
        check_done_once(house, slow, host)


def test_the_kill_of_the_scheduler_loses_no_step_and_doubles_none(house: House) -> None:
    house.lab.reset("lab-5")
    asking = house.start_in_lab("lab-slow", "lab-5")
    short, long = start_slow_steps(house, "lab-3", "lab-4").values()
    house.question(asking)
    house.stack.kill(SCHEDULER)

    # without a scheduler: a step comes to its end, and people are heard
    house.lab.open_gate("lab-3")
    house.wait_for(
        lambda: house.task(short, "wait_and_write")["state"] == "success", short, "the step ends"
    )
    house.lab.open_gate("lab-5")
    assert house.respond(asking, "priya", "Approve").status_code == httpx.codes.OK

    house.stack.start(SCHEDULER)
    house.stack.wait_until_healthy()
    for story, host in ((short, "lab-3"), (asking, "lab-5")):
        assert house.wait_until_ended(story) == "success", house.tell(story)
        assert house.steps(story) == [BEGUN, REPAIRED]
        check_done_once(house, story, host)

    # a step that is longer than the new scheduler believes in is taken from its process
    house.wait_for(
        lambda: house.task(long, "wait_and_write")["try_number"] > 1, long, "it is taken over"
    )
    house.lab.open_gate("lab-4")
    assert house.wait_until_ended(long) == "success", house.tell(long)
    check_done_once(house, long, "lab-4")
