"""A change from preflight to report, with real Ansible on this machine and without Airflow."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from airmend.change.model import ChangeRequest, ChangeStatus, Verdict
from airmend.errors import (
    ChangeRefusedError,
    ConfigurationError,
    ExecutionCancelledError,
    ExecutionError,
    NotAuthorisedError,
    VerificationFailedError,
)
from airmend.execution.model import ExecutionStatus, Phase
from airmend.incident.model import IncidentStatus
from airmend.orchestration.answering import Answer, look_again, settle, take_answer
from airmend.orchestration.asking import Asked, open_question
from airmend.orchestration.assessment import assess_risk
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.closing import close_change
from airmend.orchestration.preflight import run_preflight
from airmend.orchestration.repairing import run_step
from airmend.orchestration.rolling_back import roll_back
from airmend.orchestration.verifying import verify_change
from airmend.records.changes import get_decision
from airmend.records.executions import list_executions
from airmend.records.incidents import get_incident, note_recovery
from airmend.records.runbooks import lock_reason
from airmend.runbook.model import RunbookVersion
from tests.integration.orchestration.conftest import NEVER, Office, as_task

FAILING_PLAYBOOK = """\
---
- name: Fail
  hosts: all
  gather_facts: false
  tasks:
    - name: Fail where it is not a rehearsal
      ansible.builtin.assert:
        that: ansible_check_mode
        fail_msg: the disk is on fire
"""

CHECK_PLAYBOOK = """\
---
- name: Look for the mark
  hosts: all
  gather_facts: false
  tasks:
    - name: Read the mark
      ansible.builtin.stat:
        path: "{{ mark }}"
      register: found
    - name: Say whether it is as wanted
      ansible.builtin.assert:
        that: found.stat.exists == wanted
"""

SLOW_PLAYBOOK = """\
---
- name: Wait for a file that never comes
  hosts: all
  gather_facts: false
  tasks:
    - name: Wait
      ansible.builtin.wait_for:
        path: "{{ mark }}.never"
        timeout: 120
      when: not ansible_check_mode
"""


class Job:
    """A normal change that writes a mark, checks it, and can take it away again."""

    def __init__(self, office: Office, **override: Any) -> None:
        self.office = office
        self.mark = office.folder / "mark"
        marked = {"mark": str(self.mark)}

        def check(wanted: bool) -> dict[str, Any]:
            return {
                "kind": "ansible",
                "name": "The mark",
                "playbook": "playbooks/check.yml",
                "vars": marked | {"wanted": wanted},
                "deadline_seconds": 30,
            }

        playbooks = {
            "playbooks/check.yml": CHECK_PLAYBOOK,
            "playbooks/fail.yml": FAILING_PLAYBOOK,
            "playbooks/slow.yml": SLOW_PLAYBOOK,
            "playbooks/broken.yml": FAILING_PLAYBOOK.replace("ansible_check_mode", "false"),
        }
        step = {
            "id": "repair",
            "name": "Repair",
            "playbook": "playbooks/restart.yml",
            "vars": marked,
        }
        fields: dict[str, Any] = {
            "change": {"type": "normal", "service": "shop"},
            "steps": [step | override.pop("step", {})],
            "verify": [check(override.pop("wanted", True))],
            "rollback": {
                "playbook": override.pop("rollback_playbook", "playbooks/rollback.yml"),
                "vars": marked,
                "verify": [check(False)],
            },
        } | override
        self.version: RunbookVersion = office.publish(playbooks=playbooks, **fields)
        self.change, self.guard = office.guarded(self.version)

    def task(self, name: str) -> ChangeRun:
        return as_task(self.guard, name)

    def decide(self, user: str = "olivia", chosen: str = "Approve") -> None:
        run_preflight(self.task("preflight"), NEVER)
        assess_risk(self.task("assess_risk"))
        self.settle()
        self.answer(user, chosen)

    def answer(self, user: str, chosen: str = "Approve") -> Asked:
        """One person answers; gives the question as it stands afterwards."""
        answer = Answer(chosen, user, self.office.clock(), "looks right")
        take_answer(self.task("approval"), answer, {}, approve="Approve", reject="Reject")
        return self.settle()

    def settle(self) -> Asked:
        return settle(self.task("approval"), {}, lambda run: look_again(run, NEVER))

    def step(self) -> dict[str, Any]:
        return run_step(self.task("repair"), "repair", NEVER)

    def read(self) -> ChangeRequest:
        return self.office.read(self.change)

    def executions(self, phase: Phase) -> list[ExecutionStatus]:
        with self.office.database.session() as session:
            found = list_executions(session, self.change.id)
        return [each.status for each in found if each.phase is phase]

    def incident_status(self) -> IncidentStatus:
        with self.office.database.session() as session:
            return get_incident(session, self.change.incident_id).status

    def lock(self) -> str | None:
        with self.office.database.session() as session:
            return lock_reason(session, self.version.runbook.id)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here: what differs between the two is tested with the records."""
    return f"sqlite:///{tmp_path / 'records.db'}"


def test_an_approved_change_repairs_verifies_and_is_reported(office: Office) -> None:
    job = Job(office)
    job.decide()
    assert not job.mark.exists()
    assert job.step()["changed"] == ["web1"]
    assert job.mark.read_text() == "repaired\n"
    assert verify_change(job.task("verify"), NEVER) == {"The mark": "passed"}
    assert roll_back(job.task("rollback"), NEVER) is None
    closed = close_change(job.task("report"))
    assert closed.resolved
    assert job.incident_status() is IncidentStatus.REMEDIATED
    report = json.loads(Path(closed.files[0]).read_text())
    assert report["approval"]["decided_by"] == "olivia"
    assert all(Path(file).stat().st_size > 0 for file in closed.files)


def test_nothing_is_executed_without_a_stored_decision(office: Office) -> None:
    job = Job(office)
    run_preflight(job.task("preflight"), NEVER)
    assess_risk(job.task("assess_risk"))
    with pytest.raises(NotAuthorisedError, match="no decision is stored"):
        job.step()
    assert job.executions(Phase.STEP) == []
    assert not job.mark.exists()


def test_no_policy_means_no_change_and_the_change_says_so(office: Office) -> None:
    job = Job(office)
    run_preflight(job.task("preflight"), NEVER)
    broken = office.settings.model_copy(update={"policy_file": office.folder / "gone.yaml"})
    with pytest.raises(ConfigurationError):
        assess_risk(replace(job.task("assess_risk"), settings=broken))
    assert job.read().status is ChangeStatus.REFUSED
    assert "gone.yaml" in job.read().reason
    assert job.incident_status() is IncidentStatus.ESCALATED


def test_a_rejection_ends_the_change_and_nothing_is_executed(office: Office) -> None:
    job = Job(office)
    job.decide(chosen="Reject")
    assert job.read().status is ChangeStatus.REJECTED
    with pytest.raises(ChangeRefusedError):
        job.step()
    assert not close_change(job.task("report")).resolved
    assert job.incident_status() is IncidentStatus.ESCALATED


@pytest.mark.parametrize("user", ["source:alertmanager", "rita", "RITA", ""])
def test_answers_of_requester_author_and_nobody_do_not_count(office: Office, user: str) -> None:
    job = Job(office)
    job.decide(user=user)
    assert open_question(job.task("approval"), {}).decision is None
    assert job.read().status is ChangeStatus.AWAITING_APPROVAL


def test_no_answer_in_time_is_a_no_and_not_before(office: Office) -> None:
    job = Job(office)
    job.decide(user="", chosen="")
    job.answer("", "")
    assert job.read().status is ChangeStatus.AWAITING_APPROVAL
    office.clock.pass_time(hours=4)
    job.answer("", "")
    assert job.read().status is ChangeStatus.EXPIRED
    with office.database.session() as session:
        decision = get_decision(session, job.change.id)
    assert decision is not None
    assert decision.verdict is Verdict.EXPIRED


def test_a_step_that_succeeded_is_not_run_again(office: Office) -> None:
    job = Job(office)
    job.decide()
    job.step()
    job.mark.write_text("touched since\n")
    assert job.step()["attempts"] == 1
    assert job.mark.read_text() == "touched since\n"
    assert job.executions(Phase.STEP) == [ExecutionStatus.SUCCEEDED]


def test_a_failing_step_is_tried_as_often_as_the_runbook_says(office: Office) -> None:
    job = Job(office, step={"playbook": "playbooks/fail.yml", "retries": 2})
    job.decide()
    with pytest.raises(ExecutionError, match="the disk is on fire"):
        job.step()
    assert job.executions(Phase.STEP) == [ExecutionStatus.FAILED] * 3


def test_a_repair_that_does_not_help_is_rolled_back(office: Office) -> None:
    job = Job(office, wanted=False)
    job.decide()
    job.step()
    with pytest.raises(VerificationFailedError):
        verify_change(job.task("verify"), NEVER)
    assert roll_back(job.task("rollback"), NEVER) is not None
    assert not job.mark.exists()
    assert job.read().status is ChangeStatus.ROLLED_BACK
    assert job.lock() is None
    assert not close_change(job.task("report")).resolved


def test_a_rollback_that_fails_locks_the_runbook_and_escalates(office: Office) -> None:
    job = Job(office, wanted=False, rollback_playbook="playbooks/fail.yml")
    job.decide()
    job.step()
    with pytest.raises(VerificationFailedError):
        verify_change(job.task("verify"), NEVER)
    with pytest.raises(ExecutionError, match="the disk is on fire"):
        roll_back(job.task("rollback"), NEVER)
    assert job.read().status is ChangeStatus.FAILED
    assert "the disk is on fire" in str(job.lock())
    assert job.incident_status() is IncidentStatus.ESCALATED


def test_a_repair_without_a_way_back_escalates_and_locks_nothing(office: Office) -> None:
    job = Job(
        office,
        wanted=False,
        rollback=None,
        change={"type": "normal", "service": "shop", "irreversible": "it was down"},
    )
    job.decide()
    job.step()
    with pytest.raises(VerificationFailedError):
        verify_change(job.task("verify"), NEVER)
    with pytest.raises(VerificationFailedError, match="no rollback: it was down"):
        roll_back(job.task("rollback"), NEVER)
    assert job.read().status is ChangeStatus.FAILED
    assert job.lock() is None
    assert job.incident_status() is IncidentStatus.ESCALATED


def test_an_incident_that_recovered_while_people_decided_is_left_alone(office: Office) -> None:
    job = Job(office)
    job.decide()
    with office.database.session() as session:
        note_recovery(session, job.change.incident_id, at=office.clock())
    with pytest.raises(ChangeRefusedError, match="is over"):
        job.step()
    assert not job.mark.exists()
    assert roll_back(job.task("rollback"), NEVER) is None
    close_change(job.task("report"))
    assert job.read().status is ChangeStatus.REFUSED
    assert "is over" in job.read().reason
    assert job.incident_status() is IncidentStatus.RECOVERED


def test_a_step_that_is_stopped_leaves_a_record_and_is_rolled_back(office: Office) -> None:
    job = Job(office, step={"playbook": "playbooks/slow.yml"})
    job.decide()
    cancelled = threading.Event()
    threading.Timer(3.0, cancelled.set).start()
    with pytest.raises(ExecutionCancelledError):
        run_step(job.task("repair"), "repair", cancelled)
    assert job.executions(Phase.STEP) == [ExecutionStatus.CANCELLED]
    assert roll_back(job.task("rollback"), NEVER) is not None
    assert job.read().status is ChangeStatus.ROLLED_BACK


def test_a_playbook_that_fails_in_check_mode_ends_the_change_unharmed(office: Office) -> None:
    job = Job(office, step={"playbook": "playbooks/broken.yml"})
    with pytest.raises(ChangeRefusedError, match="the disk is on fire"):
        run_preflight(job.task("preflight"), NEVER)
    assert job.read().status is ChangeStatus.REFUSED
    assert job.executions(Phase.PREFLIGHT) == [ExecutionStatus.FAILED]
    assert job.executions(Phase.STEP) == []
