"""Mutes, windows and the kill switch at every point of a change, with real Ansible."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from airmend.change.model import ChangeStatus
from airmend.errors import ExecutionError, SuppressedError, VerificationFailedError
from airmend.execution.ansible import run_playbook
from airmend.execution.model import ExecutionStatus, Phase
from airmend.incident.model import IncidentStatus, SuppressionRule
from airmend.orchestration import batching
from airmend.orchestration.asking import open_question
from airmend.orchestration.assessment import assess_risk
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.closing import close_change
from airmend.orchestration.guarding import guard_change
from airmend.orchestration.preflight import run_preflight
from airmend.orchestration.repairing import run_step
from airmend.orchestration.rolling_back import roll_back
from airmend.orchestration.verifying import verify_change
from airmend.records.incidents import get_incident
from airmend.records.ledger import read_story
from airmend.records.model import FactKind
from airmend.records.suppressions import create_suppression, end_suppression, set_kill_switch
from tests.builders import make_rule, make_switch
from tests.integration.orchestration.conftest import NEVER, Office
from tests.integration.orchestration.test_remediation import Job
from tests.unit.incident.calendars import calendar, event

STOPPED = "held back by kill-switch of olivia: all remediations are stopped since"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here: what differs between the two is tested with the records."""
    return f"sqlite:///{tmp_path / 'records.db'}"


def stop(office: Office, is_on: bool = True) -> None:
    with office.database.session() as session:
        set_kill_switch(session, make_switch(is_on, at=office.clock()))


def mute(office: Office, scope: str = "service shop", **override: Any) -> SuppressionRule:
    now = office.clock()
    rule = make_rule(scope, **({"starts_at": now, "ends_at": now + timedelta(hours=1)} | override))
    with office.database.session() as session:
        create_suppression(session, rule)
    return rule


def status_of(office: Office, incident_id: str) -> IncidentStatus:
    with office.database.session() as session:
        return get_incident(session, incident_id).status


def texts(office: Office, incident_id: str, kind: FactKind) -> list[str]:
    with office.database.session() as session:
        return [fact.text for fact in read_story(session, incident_id) if fact.kind is kind]


# --- The guard ------------------------------------------------------------------------------


def test_the_guard_refuses_what_the_kill_switch_stops_and_the_incident_is_suppressed(
    office: Office,
) -> None:
    version = office.publish()
    change = office.request(version)
    stop(office)
    with pytest.raises(SuppressedError, match=STOPPED):
        guard_change(office.run(change, version, "guard"))
    assert office.read(change).status is ChangeStatus.REFUSED
    assert office.read(change).reason.startswith(STOPPED)
    assert status_of(office, change.incident_id) is IncidentStatus.SUPPRESSED
    (told,) = texts(office, change.incident_id, FactKind.INCIDENT_SUPPRESSED)
    assert told.startswith(f"The incident is {STOPPED}")
    assert len(texts(office, change.incident_id, FactKind.GUARD_REFUSED)) == 1
    assert texts(office, change.incident_id, FactKind.INCIDENT_ENDED) == []


def test_the_guard_goes_on_once_the_kill_switch_is_off(office: Office) -> None:
    version = office.publish()
    stop(office)
    stop(office, is_on=False)
    office.guarded(version)


def test_a_mute_that_began_after_the_alert_counts(office: Office) -> None:
    version = office.publish()
    change = office.request(version)
    rule = mute(office)
    with pytest.raises(SuppressedError, match=f"held back by {rule.id} of olivia: muted until"):
        guard_change(office.run(change, version, "guard"))
    assert status_of(office, change.incident_id) is IncidentStatus.SUPPRESSED


def test_a_mute_that_was_ended_or_is_of_another_service_does_not_count(office: Office) -> None:
    version = office.publish()
    mute(office, "service mail", id="MUT-1")
    rule = mute(office, id="MUT-2")
    with office.database.session() as session:
        end_suppression(session, rule.id, by="priya", reason="done", at=office.clock())
    office.guarded(version)


def test_a_mute_of_the_service_that_the_runbook_changes_counts_too(office: Office) -> None:
    version = office.publish(change={"type": "standard", "service": "payments"})
    change = office.request(version)
    mute(office, "service payments")
    with pytest.raises(SuppressedError):
        guard_change(office.run(change, version, "guard"))


def test_a_maintenance_window_of_a_calendar_counts_and_a_broken_calendar_too(
    office: Office,
) -> None:
    version = office.publish()
    folder = office.folder / "maintenance"
    folder.mkdir()
    office = replace(
        office, settings=office.settings.model_copy(update={"maintenance_dir": folder})
    )
    change = office.request(version)
    day = event("DTSTART;VALUE=DATE:20260302", "X-AIRMEND-SCOPE:service shop")
    (folder / "shop.ics").write_bytes(calendar(day))
    with pytest.raises(SuppressedError, match=r"held back by shop\.ics/one of shop\.ics: in m"):
        guard_change(office.run(change, version, "guard"))
    (folder / "shop.ics").write_bytes(calendar(day.replace("service shop", "servce shop")))
    other = office.request(version, 2)
    with pytest.raises(SuppressedError, match="nobody can say what is in maintenance"):
        guard_change(office.run(other, version, "guard"))
    (folder / "shop.ics").write_bytes(calendar(day.replace("service shop", "service mail")))
    office.guarded(version, 3)


# --- Before anything is changed -------------------------------------------------------------


def test_a_preflight_is_not_begun_and_nobody_is_asked_while_all_is_stopped(office: Office) -> None:
    job = Job(office)
    stop(office)
    with pytest.raises(SuppressedError, match=STOPPED):
        run_preflight(job.task("preflight"), NEVER)
    assert job.executions(Phase.PREFLIGHT) == []
    assert job.read().status is ChangeStatus.REFUSED
    assert job.incident_status() is IncidentStatus.SUPPRESSED


def test_nobody_is_asked_about_what_may_not_be_done(office: Office) -> None:
    job = Job(office)
    run_preflight(job.task("preflight"), NEVER)
    assess_risk(job.task("assess_risk"))
    stop(office)
    with pytest.raises(SuppressedError, match=STOPPED):
        open_question(job.task("approval"), {})
    assert job.read().status is ChangeStatus.REFUSED


def test_an_answer_of_yes_while_all_is_stopped_changes_nothing(office: Office) -> None:
    job = Job(office)
    job.decide()
    stop(office)
    with pytest.raises(SuppressedError, match=STOPPED):
        open_question(job.task("approval"), {})
    assert job.read().status is ChangeStatus.REFUSED
    assert not job.mark.exists()


def test_a_change_that_waited_through_a_stop_may_go_on_after_it(office: Office) -> None:
    job = Job(office)
    run_preflight(job.task("preflight"), NEVER)
    assess_risk(job.task("assess_risk"))
    assert open_question(job.task("approval"), {}).decision is None
    stop(office)
    stop(office, is_on=False)
    job.decide()
    assert job.step()["changed"] == ["web1"]


def test_an_approved_change_is_refused_before_its_first_step(office: Office) -> None:
    job = Job(office)
    job.decide()
    stop(office)
    with pytest.raises(SuppressedError, match=STOPPED):
        job.step()
    assert job.executions(Phase.STEP) == []
    assert not job.mark.exists()
    assert roll_back(job.task("rollback"), NEVER) is None
    close_change(job.task("report"))
    assert job.read().status is ChangeStatus.REFUSED
    assert job.incident_status() is IncidentStatus.SUPPRESSED


def test_a_mute_between_approval_and_step_refuses_it_too(office: Office) -> None:
    job = Job(office)
    job.decide()
    mute(office, "runbook service-down")
    with pytest.raises(SuppressedError, match="muted until"):
        job.step()
    assert not job.mark.exists()


# --- While it is done -----------------------------------------------------------------------


def two_steps(office: Office, **override: Any) -> Job:
    """A change whose second step would write a second mark."""
    mark = office.folder / "mark"
    steps = [
        {
            "id": name,
            "name": name,
            "playbook": "playbooks/restart.yml",
            "vars": {"mark": f"{mark}{ending}"},
        }
        for name, ending in (("repair", ""), ("polish", ".2"))
    ]
    return Job(office, steps=steps, **override)


def test_a_stop_between_two_steps_refuses_the_second_and_the_first_is_rolled_back(
    office: Office,
) -> None:
    job = two_steps(office)
    job.decide()
    job.step()
    stop(office)
    with pytest.raises(SuppressedError, match=STOPPED):
        run_step(job.task("polish"), "polish", NEVER)
    assert not Path(f"{job.mark}.2").exists()
    assert job.read().status is ChangeStatus.EXECUTING, "the rollback ends it"
    assert roll_back(job.task("rollback"), NEVER) is not None
    assert not job.mark.exists()
    closed = close_change(job.task("report"))
    assert not closed.resolved
    assert job.read().status is ChangeStatus.ROLLED_BACK
    assert "was stopped before its end (held back by kill-switch of olivia" in job.read().reason
    assert job.lock() is None
    assert job.incident_status() is IncidentStatus.ESCALATED, "hosts were touched: a person looks"
    report = Path(closed.files[0]).with_suffix(".md").read_text()
    assert "The repair was stopped before its end; the state before is back" in report
    assert "Find out why the repair did not help" not in report


def test_a_stop_during_verification_does_not_end_it(office: Office) -> None:
    job = Job(office)
    job.decide()
    job.step()
    stop(office)
    assert verify_change(job.task("verify"), NEVER) == {"The mark": "passed"}
    assert job.incident_status() is IncidentStatus.REMEDIATED


def test_a_stop_before_and_during_a_rollback_does_not_hinder_it(office: Office) -> None:
    job = Job(office, wanted=False)
    job.decide()
    job.step()
    with pytest.raises(VerificationFailedError):
        verify_change(job.task("verify"), NEVER)
    stop(office)
    mute(office, "all")
    assert roll_back(job.task("rollback"), NEVER) is not None
    assert not job.mark.exists()
    assert job.read().status is ChangeStatus.ROLLED_BACK
    assert job.read().reason == "the change did not resolve the incident; the state before is back"


def test_a_playbook_that_runs_when_all_is_stopped_comes_to_its_end(office: Office) -> None:
    job = Job(office, step={"playbook": "playbooks/slow.yml"})
    job.decide()

    def stop_and_let_it_end() -> None:
        while job.executions(Phase.STEP) != [ExecutionStatus.RUNNING]:
            time.sleep(0.05)
        stop(office)
        Path(f"{job.mark}.never").touch()

    other = threading.Thread(target=stop_and_let_it_end, daemon=True)
    other.start()
    job.step()
    other.join(10)
    assert job.executions(Phase.STEP) == [ExecutionStatus.SUCCEEDED]


def after_first_batch(do: Callable[[], None]) -> Callable[..., Any]:
    """Runs playbooks as ever, and something once the first batch is done."""
    calls = list[int]()

    def run(*args: Any, **kwargs: Any) -> Any:
        evidence = run_playbook(*args, **kwargs)
        calls.append(1)
        if len(calls) == 1:
            do()
        return evidence

    return run


def test_a_stop_between_two_batches_leaves_the_other_hosts_alone(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(
        office,
        targets={"pattern": "web", "max_hosts": 3},
        change={"type": "normal", "service": "shop", "canary": 1, "serial": 1},
        step={"vars": {"mark": str(office.folder / "mark")}, "retries": 2},
    )
    job.decide()
    monkeypatch.setattr(batching, "run_playbook", after_first_batch(lambda: stop(office)))
    with pytest.raises(ExecutionError, match="repair is not begun on web2: held back by kill-swi"):
        job.step()
    assert job.executions(Phase.STEP) == [ExecutionStatus.CANCELLED], "and it is not tried again"
    (told,) = texts(office, job.change.incident_id, FactKind.EXECUTION_REFUSED)
    assert STOPPED in told
    assert roll_back(job.task("rollback"), NEVER) is not None
    assert "was stopped before its end" in job.read().reason


def test_a_second_attempt_of_a_step_is_held_back(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(office, step={"playbook": "playbooks/fail.yml", "retries": 2})
    job.decide()
    monkeypatch.setattr(batching, "run_playbook", after_first_batch(lambda: stop(office)))
    with pytest.raises(SuppressedError, match=STOPPED):
        job.step()
    assert job.executions(Phase.STEP) == [ExecutionStatus.FAILED]


def test_a_run_that_was_refused_is_refused_again_with_its_reason(office: Office) -> None:
    version = office.publish()
    change = office.request(version)
    run: ChangeRun = office.run(change, version, "guard")
    stop(office)
    with pytest.raises(SuppressedError):
        guard_change(run)
    stop(office, is_on=False)
    with pytest.raises(Exception, match=r"has ended: refused \(held back by kill-switch"):
        guard_change(run)
