"""A normal change waits for a person; what he or she says is what happens."""

from __future__ import annotations

import tarfile
from datetime import UTC, datetime
from pathlib import Path

import httpx

from airmend.change.model import ChangeStatus, Verdict
from airmend.cli import estate_alerts
from airmend.execution.model import ExecutionStatus, Phase
from airmend.incident.model import IncidentStatus
from airmend.records.model import FactKind
from tests.e2e.house import House, Story


def old_logs(house: House, host: str) -> dict[str, bytes]:
    """Rotated logs of a host, by name."""
    return {path.name: path.read_bytes() for path in house.estate.log_folder(host).glob("*.log-*")}


def packed(folder: Path) -> dict[str, bytes]:
    """The files in all archives below a folder, by name."""
    found = {}
    for path in folder.rglob("*.tar.gz"):
        with tarfile.open(path) as archive:
            for member in archive.getmembers():
                content = archive.extractfile(member)
                assert content is not None
                found[Path(member.name).name] = content.read()
    return found


def test_an_approved_change_goes_to_the_canary_first_and_then_to_the_rest(house: House) -> None:
    now = datetime.now(UTC)
    hosts = ["web-1", "web-2", "web-3"]
    house.estate.fill_disk(hosts, now, file_megabytes=1)
    before = {host: old_logs(house, host) for host in hosts}
    assert all(len(files) == 4 for files in before.values())

    story = house.start(estate_alerts.disk_filling_up("web-2", now))
    question = house.question(story)
    assert "on 3 hosts" in question["subject"]
    for text in ("chance to fail", "What raises it most", *hosts, "```diff", "shop.log-"):
        assert text in question["body"]
    assert {host: old_logs(house, host) for host in hosts} == before  # nobody has said yes
    assert house.steps(story) == []

    house.answer(story, "priya", "Approve", "go on")
    assert house.wait_until_ended(story) == "success", house.tell(story)

    for host in hosts:
        assert old_logs(house, host) == {}
        assert packed(house.estate.log_folder(host) / "archive") == before[host]
    (step,) = house.executions(story, Phase.STEP)
    assert step.status is ExecutionStatus.SUCCEEDED
    assert step.playbook is not None
    assert step.playbook.changed_hosts == hosts
    canary = [task.at for task in step.playbook.tasks if task.host == "web-1"]
    rest = [task.at for task in step.playbook.tasks if task.host != "web-1"]
    assert max(canary) < min(rest)

    decision = house.decision(story)
    assert decision is not None
    assert (decision.verdict, decision.decided_by) == (Verdict.APPROVED, "priya")
    assert decision.comment == "go on"
    report = house.report(story)
    assert report["outcome"] == "resolved"
    assert report["approval"]["decided_by"] == "priya"
    assert report["approval"]["waited_seconds"] > 0
    assert report["approval"]["covers_change"] is True
    assert [host["name"] for host in report["steps"][0]["hosts"]] == hosts
    house.send(estate_alerts.resolved(estate_alerts.disk_filling_up("web-2", now), now))


def check_nothing_was_done(house: House, story: Story, host: str) -> None:
    """No playbook ran, the run failed, and a person has the incident."""
    assert house.executions(story) == []
    assert house.lab.state(host) == "before"
    assert house.lab.done(host) == []
    tasks = house.tasks(story)
    assert tasks["approval"] == "failed"
    assert tasks["write_state"] == "upstream_failed"
    assert tasks["rollback"] == "skipped"
    assert house.incident(story).status is IncidentStatus.ESCALATED


def test_a_rejected_change_executes_nothing_and_its_run_has_failed(house: House) -> None:
    house.lab.reset("lab-1")
    story = house.start_in_lab("lab-repair", "lab-1")
    house.answer(story, "olivia", "Reject", "not today")

    assert house.wait_until_ended(story) == "failed"
    check_nothing_was_done(house, story, "lab-1")
    assert house.change(story).status is ChangeStatus.REJECTED
    report = house.report(story)
    assert report["outcome"] == "rejected"
    assert report["approval"]["decided_by"] == "olivia"
    assert report["approval"]["comment"] == "not today"
    # whoever comes after the decision changes nothing
    assert house.respond(story, "priya", "Approve").status_code == httpx.codes.CONFLICT


def test_a_change_that_nobody_answers_expires_and_its_run_has_failed(house: House) -> None:
    house.lab.reset("lab-2")
    story = house.start_in_lab("lab-expires", "lab-2")
    house.question(story)

    assert house.wait_until_ended(story) == "failed"
    check_nothing_was_done(house, story, "lab-2")
    assert house.change(story).status is ChangeStatus.EXPIRED
    decision = house.decision(story)
    assert decision is not None
    assert (decision.verdict, decision.decided_by) == (Verdict.EXPIRED, "policy")
    assert house.report(story)["outcome"] == "expired"


def test_the_author_of_a_runbook_cannot_approve_it_and_somebody_else_can(house: House) -> None:
    house.lab.reset("lab-3")
    story = house.start_in_lab("lab-by-olivia", "lab-3")
    house.answer(story, "olivia", "Approve", "mine is fine")
    assert len(house.facts(story, FactKind.APPROVAL_IGNORED)) == 1
    house.question(story)  # it goes on waiting
    assert house.decision(story) is None
    assert house.steps(story) == []

    house.approve(story)
    assert house.wait_until_ended(story) == "success", house.tell(story)
    decision = house.decision(story)
    assert decision is not None
    assert decision.decided_by == "priya"
    report = house.report(story)
    assert "olivia is an author of this runbook" in str(report["approval"]["ignored"])


def test_a_viewer_cannot_answer(house: House) -> None:
    house.lab.reset("lab-4")
    story = house.start_in_lab("lab-repair", "lab-4")
    house.question(story)
    assert house.respond(story, "victor", "Approve").status_code == httpx.codes.FORBIDDEN
    assert house.tasks(story)["approval"] == "awaiting_input"
    house.answer(story, "priya", "Reject")
    assert house.wait_until_ended(story) == "failed"
