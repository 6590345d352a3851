"""A change that does not help is undone, or a person gets it; never is it called a success."""

from __future__ import annotations

from datetime import UTC, datetime

from airmend.change.model import ChangeStatus
from airmend.cli import estate_alerts
from airmend.execution.model import ExecutionStatus, Phase
from airmend.incident.model import IncidentStatus
from airmend.records.model import FactKind
from tests.e2e.house import House


def test_a_change_that_fails_its_verification_is_rolled_back_byte_for_byte(house: House) -> None:
    now = datetime.now(UTC)
    configuration = house.estate.configuration("web-3")
    before = configuration.read_bytes()
    house.estate.exhaust_descriptors("web-3")
    alert = estate_alerts.descriptors_exhausted("web-3", now)

    story = house.start(alert)
    house.approve(story)
    assert house.wait_until_ended(story) == "failed"

    assert configuration.read_bytes() == before
    health = house.estate.health("web-3")
    assert health is not None
    assert (health["status"], health["open_files"]) == ("ok", 128)
    assert house.steps(story) == [
        ("raise_limit", ExecutionStatus.SUCCEEDED),
        ("apply_limit", ExecutionStatus.SUCCEEDED),
    ]
    states = {each.phase: each.status for each in house.executions(story)}
    assert states[Phase.VERIFY] is ExecutionStatus.FAILED
    assert states[Phase.ROLLBACK] is ExecutionStatus.SUCCEEDED
    assert states[Phase.ROLLBACK_VERIFY] is ExecutionStatus.SUCCEEDED
    tasks = house.tasks(story)
    assert (tasks["verify"], tasks["rollback"], tasks["report"]) == ("failed", "success", "failed")
    assert house.change(story).status is ChangeStatus.ROLLED_BACK
    assert house.incident(story).status is IncidentStatus.ESCALATED
    report = house.report(story)
    assert report["outcome"] == "rolled_back"
    assert report["rollback"][0]["status"] == "succeeded"
    over = house.send(estate_alerts.resolved(alert, now))
    assert over["status"] == "recovered"


def test_a_rollback_that_fails_escalates_and_locks_the_runbook(house: House) -> None:
    house.lab.reset("lab-5")
    story = house.start_in_lab("lab-hopeless", "lab-5")
    house.approve(story)
    assert house.wait_until_ended(story) == "failed"

    assert house.lab.state("lab-5") == "worse"
    assert house.lab.done("lab-5") == ["worse"]
    assert house.tasks(story)["rollback"] == "failed"
    assert house.change(story).status is ChangeStatus.FAILED
    assert house.incident(story).status is IncidentStatus.ESCALATED
    (locked,) = house.facts(story, FactKind.RUNBOOK_LOCKED)
    assert "the state before is lost" in locked
    assert house.report(story)["outcome"] == "rollback_failed"

    # the next incident finds the runbook locked, on another host too
    house.lab.reset("lab-6")
    second = house.start_in_lab("lab-hopeless", "lab-6")
    assert house.wait_until_ended(second) == "failed"
    assert house.tasks(second)["guard"] == "failed"
    assert house.executions(second, *Phase) == []
    assert house.lab.state("lab-6") == "before"
    assert house.change(second).status is ChangeStatus.REFUSED
    assert "runbook lab-hopeless is locked: the rollback failed" in house.change(second).reason
    assert house.report(second)["outcome"] == "refused"


def test_a_host_that_refuses_connections_is_found_out_before_anything_is_changed(
    house: House,
) -> None:
    house.lab.reset("lab-8")
    machine = house.lab.machine("lab-8")
    house.hosts.refuse(machine)
    try:
        story = house.start_in_lab("lab-repair", "lab-8")
        assert house.wait_until_ended(story) == "failed"
    finally:
        house.hosts.accept(machine)

    tasks = house.tasks(story)
    assert (tasks["preflight"], tasks["approval"]) == ("failed", "upstream_failed")
    assert house.executions(story) == []
    assert house.lab.state("lab-8") == "before"
    change = house.change(story)
    assert change.status is ChangeStatus.REFUSED
    assert "Connection refused" in change.reason
    report = house.report(story)
    assert report["outcome"] == "refused"
    (preflight,) = report["preflight"]["runs"]
    assert preflight["hosts"][0]["totals"]["unreachable"] == 1
