"""Changes that wait for their window or the end of a freeze, on real records, with real Ansible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from airflow.sdk.exceptions import AirflowRescheduleException

from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.errors import (
    CalendarClosedError,
    ChangeRefusedError,
    ConfigurationError,
    ExecutionError,
)
from airmend.execution.model import ExecutionStatus, Phase
from airmend.incident.model import IncidentStatus
from airmend.orchestration import batching
from airmend.orchestration.answering import settle
from airmend.orchestration.asking import Asked, open_question
from airmend.orchestration.assessment import assess_again, assess_risk
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.guarding import guard_change, hold_targets
from airmend.orchestration.opening import BUSY_AGAIN, LOOK_EVERY, NotYet
from airmend.orchestration.operators import rescheduling
from airmend.orchestration.preflight import run_preflight
from airmend.orchestration.rolling_back import roll_back
from airmend.records.incidents import get_incident, note_recovery
from airmend.records.leases import acquire_leases, holds_leases, release_leases
from airmend.records.ledger import read_story
from airmend.records.model import FactKind
from airmend.records.suppressions import create_suppression, set_kill_switch
from airmend.records.tables import ChangeRow
from tests.builders import AT, make_rule, make_switch
from tests.integration.orchestration.conftest import NEVER, Office
from tests.integration.orchestration.test_remediation import Job
from tests.integration.orchestration.test_standard_changes import grant
from tests.integration.orchestration.test_suppressing import after_first_batch

# AT is Monday, 2026-03-02, 09:00 UTC
NIGHT = {"name": "nights", "from": "22:00", "to": "02:00", "binding": True}
NOON = {"name": "noon", "from": "2026-03-02T09:00", "to": "2026-03-02T12:00"}


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here: what differs between the two is tested with the records."""
    return f"sqlite:///{tmp_path / 'records.db'}"


@pytest.fixture
def office(office: Office) -> Office:
    """An installation with a policy file."""
    settings = office.settings.model_copy(update={"policy_file": office.folder / "policy.yaml"})
    office = replace(office, settings=settings)
    plan(office)
    return office


def plan(office: Office, bands: Sequence[str] = ("low",), **calendar: Any) -> None:
    """The policy's calendar from now on."""
    path = office.settings.policy_file
    assert path is not None
    policy = {
        "calendar": calendar,
        "automatic_bands_for_standard": list(bands),
        "standard": {"success_bound": 0},
    }
    path.write_text(yaml.safe_dump(policy))


def move_to(office: Office, **after: float) -> None:
    office.clock.at = AT + timedelta(**after)
    office.seal()


def told(office: Office, change: ChangeRequest, kind: FactKind) -> list[str]:
    with office.database.session() as session:
        story = read_story(session, change.incident_id)
    return [fact.text for fact in story if fact.kind is kind]


def announce(office: Office, scope: str, *, hours: float, until: float) -> None:
    """A maintenance window, so many hours after `AT`."""
    starts_at, ends_at = AT + timedelta(hours=hours), AT + timedelta(hours=until)
    rule = make_rule(scope, id=f"MUT-{scope}", starts_at=starts_at, ends_at=ends_at)
    with office.database.session() as session:
        create_suppression(session, rule)


def waits(run: ChangeRun) -> timedelta:
    """Look at the guard, which waits; gives after how long it looks again."""
    with pytest.raises(NotYet) as caught:
        guard_change(run)
    return caught.value.looks_at - run.now()


class Desk(Job):
    """A change that is looked at without Ansible: what check mode foresees is told by the test."""

    foreseen = "as expected"
    looks = 0

    def assess(self) -> None:
        assess_risk(self.task("assess_risk"))
        self.look(self.task("assess_risk"))

    def decide(self, user: str = "olivia", chosen: str = "Approve") -> None:
        self.assess()
        self.settle()
        self.answer(user, chosen)

    def settle(self) -> Asked:
        return settle(self.task("approval"), {}, self.look)

    def look(self, run: ChangeRun) -> None:
        self.looks += 1
        hold_targets(run)
        assess_again(run)
        with run.database.session() as session:
            row = session.get_one(ChangeRow, run.change_id)
            row.foreseen = {"repair": self.foreseen}


def approved(office: Office) -> Desk:
    """A change that olivia approved at nine o'clock, and that waits for the night."""
    plan(office, windows=[NIGHT])
    job = Desk(office)
    with pytest.raises(NotYet):
        job.decide()
    return job


def holds(job: Job) -> bool:
    with job.office.database.session() as session:
        return holds_leases(session, job.change.id, ["web1"], now=job.office.clock())


# --- The guard ------------------------------------------------------------------------------


def test_in_a_freeze_the_guard_waits_holds_nothing_and_goes_on_at_its_end(office: Office) -> None:
    version = office.publish()
    plan(office, freezes=[NOON])
    change = office.request(version)
    guard = office.run(change, version, "guard")
    assert waits(guard) == LOOK_EVERY
    assert waits(guard) == LOOK_EVERY
    (waited,) = told(office, change, FactKind.CALENDAR_WAITED)  # once, however often it looks
    assert waited == (
        "Waits, since the freeze 'noon' lasts until Mon 2026-03-02 12:00 UTC; "
        "the next free slot begins at Mon 2026-03-02 12:00 UTC"
    )
    with office.database.session() as session:
        assert acquire_leases(session, "CHG-9", ["web1"], now=AT, until=AT) == []
        release_leases(session, "CHG-9")
    move_to(office, hours=3, seconds=-1)
    assert waits(guard) == timedelta(seconds=1)
    move_to(office, hours=3)
    assert guard_change(guard)
    assert office.read(change).status is ChangeStatus.ASSESSING


@pytest.mark.parametrize(("hours", "ends"), [(3, False), (2, True)])
def test_a_freeze_that_lasts_longer_than_the_change_may_wait_refuses_it(
    office: Office, hours: int, ends: bool
) -> None:
    version = office.publish()
    plan(office, freezes=[NOON], longest_wait_hours=hours)
    office.clock.at = AT
    change = office.request(version)
    guard = office.run(change, version, "guard")
    if not ends:
        waits(guard)
        return
    with pytest.raises(CalendarClosedError, match="begins at Mon 2026-03-02 12:00 UTC"):
        guard_change(guard)
    assert office.read(change).status is ChangeStatus.REFUSED
    assert "the freeze 'noon' lasts until" in office.read(change).reason


def test_a_freeze_that_refuses_lets_nothing_wait_and_names_the_next_free_slot(
    office: Office,
) -> None:
    version = office.publish()
    plan(office, freezes=[NOON | {"refuse": True}], windows=[NIGHT])
    change = office.request(version)
    with pytest.raises(CalendarClosedError, match="next free slot begins at Mon 2026-03-02 22:00"):
        guard_change(office.run(change, version, "guard"))
    with office.database.session() as session:
        assert get_incident(session, change.incident_id).status is IncidentStatus.ESCALATED


def test_a_change_that_fits_into_no_window_bothers_nobody(office: Office) -> None:
    version = office.publish()
    plan(office, windows=[NIGHT | {"to": "22:09"}])  # and its steps may take ten minutes
    change = office.request(version)
    with pytest.raises(CalendarClosedError, match="no slot is free within 400 days"):
        guard_change(office.run(change, version, "guard"))


def test_only_changes_that_the_freeze_lets_pass_by_name_are_let_pass(office: Office) -> None:
    version = office.publish()
    plan(office, freezes=[NOON | {"except_types": ["standard"]}])
    assert guard_change(office.run(office.request(version, 1), version, "guard"))
    plan(office, freezes=[NOON])
    waits(office.run(office.request(version, 2), version, "guard"))


def test_a_calendar_file_that_is_gone_stops_the_change(office: Office) -> None:
    version = office.publish()
    plan(office, freezes=[{"name": "year end", "file": "gone.ics"}])
    change = office.request(version)
    with pytest.raises(ConfigurationError, match=r"gone\.ics cannot be read"):
        guard_change(office.run(change, version, "guard"))
    assert office.read(change).status is ChangeStatus.REFUSED


@pytest.mark.parametrize("end", ["resolved", "stopped"])
def test_whatever_ends_a_change_ends_its_wait_for_a_freeze(office: Office, end: str) -> None:
    version = office.publish()
    plan(office, freezes=[NOON])
    change = office.request(version)
    guard = office.run(change, version, "guard")
    waits(guard)
    end_it(office, change, end)
    with pytest.raises(ChangeRefusedError):
        guard_change(guard)
    assert office.read(change).status is ChangeStatus.REFUSED


def end_it(office: Office, change: ChangeRequest, how: str) -> None:
    with office.database.session() as session:
        if how == "resolved":
            note_recovery(session, change.incident_id, at=office.clock())
        else:
            set_kill_switch(session, make_switch(at=office.clock()))


# --- The approval ---------------------------------------------------------------------------


def test_people_are_asked_at_once_and_told_when_the_change_would_begin(office: Office) -> None:
    plan(office, windows=[NIGHT])
    job = Desk(office)
    job.assess()
    asked = job.settle()
    assert asked.decision is None
    assert (
        "- `Once approved it waits, since its window 'nights' is closed; "
        "the next free slot begins at Mon 2026-03-02 22:00 UTC.`"
    ) in asked.body


def test_people_are_told_that_maintenance_will_hold_it_back_when_its_window_opens(
    office: Office,
) -> None:
    plan(office, windows=[NIGHT])
    job = Desk(office)
    announce(office, "service shop", hours=12.5, until=14)
    announce(office, "service mail", hours=12.5, until=14)
    job.assess()
    body = job.settle().body
    told = "Then it would be held back by MUT-service shop of olivia, and end: the disk is being"
    assert told in body
    assert "MUT-service mail" not in body


def test_an_approved_change_waits_for_its_window_and_is_looked_at_again_then(
    office: Office,
) -> None:
    job = approved(office)
    (waited,) = told(office, job.change, FactKind.CALENDAR_WAITED)
    assert waited == (
        "Waits, since its window 'nights' is closed; "
        "the next free slot begins at Mon 2026-03-02 22:00 UTC"
    )
    assert not holds(job)
    looks = job.looks
    move_to(office, hours=12, minutes=59)  # and the time to answer is over long since
    with pytest.raises(NotYet):
        job.settle()
    move_to(office, hours=13)
    assert job.settle().approved
    assert holds(job)
    assert job.looks == looks + 1
    assert job.step()["changed"] == ["web1"]


def test_a_task_that_died_while_it_waited_goes_on_waiting(office: Office) -> None:
    job = approved(office)
    for _ in range(2):
        with pytest.raises(NotYet):
            job.settle()
    assert len(told(office, job.change, FactKind.CALENDAR_WAITED)) == 1
    move_to(office, hours=13, minutes=20)
    assert job.settle().approved


def test_what_is_different_when_the_window_opens_is_asked_again(office: Office) -> None:
    job = approved(office)
    job.foreseen = "somebody was here"
    move_to(office, hours=13)
    asked = job.settle()
    assert asked.decision is None
    assert "earlier answers are void" in asked.body
    assert job.answer("olivia").approved


@pytest.mark.parametrize("end", ["resolved", "stopped"])
def test_whatever_ends_a_change_ends_its_wait_for_the_window(office: Office, end: str) -> None:
    job = approved(office)
    end_it(office, job.change, end)
    with pytest.raises(ChangeRefusedError):
        job.settle()
    assert job.read().status is ChangeStatus.REFUSED
    assert not job.mark.exists()


def test_a_window_that_moved_away_while_a_change_waited_refuses_it_in_the_end(
    office: Office,
) -> None:
    job = approved(office)
    plan(office, windows=[NIGHT | {"days": ["fri"]}])  # 4 days and 13 hours after nine o'clock
    with pytest.raises(CalendarClosedError, match="begins at Fri 2026-03-06 22:00 UTC"):
        job.settle()
    assert job.read().status is ChangeStatus.REFUSED


def test_a_target_that_is_busy_when_the_window_opens_is_waited_for(office: Office) -> None:
    job = approved(office)
    move_to(office, hours=13)
    with office.database.session() as session:
        until = office.clock() + timedelta(hours=1)
        acquire_leases(session, "CHG-9", ["web1"], now=office.clock(), until=until)
    with pytest.raises(NotYet) as caught:
        job.settle()
    assert caught.value.looks_at == office.clock() + BUSY_AGAIN
    assert job.read().status is ChangeStatus.AWAITING_APPROVAL
    with office.database.session() as session:
        release_leases(session, "CHG-9")
    assert job.settle().approved


def test_a_freeze_that_begins_while_people_think_is_waited_for(office: Office) -> None:
    job = Desk(office)
    job.assess()
    job.settle()
    plan(office, freezes=[NOON])
    with pytest.raises(NotYet):
        job.answer("olivia")
    move_to(office, hours=3)
    assert job.settle().approved


def test_what_the_policy_approves_waits_too_and_is_assessed_anew(office: Office) -> None:
    plan(office, windows=[NIGHT], bands=["low", "moderate"])
    job = Job(office, change={"type": "standard", "service": "shop"})
    grant(job)
    run_preflight(job.task("preflight"), NEVER)
    assess_risk(job.task("assess_risk"))
    looks: list[ChangeRun] = []

    def settle_it() -> Asked:
        def look(run: ChangeRun) -> None:
            looks.append(run)
            hold_targets(run)
            assess_again(run)

        return settle(job.task("approval"), {}, look)

    with pytest.raises(NotYet):
        settle_it()
    assert open_question(job.task("approval"), {}).decision is None
    move_to(office, hours=13)
    assert open_question(job.task("approval"), {}).decision is None  # it is not looked at yet
    asked = settle_it()
    assert asked.decision is not None
    assert asked.decision.decided_by == "policy"
    assert len(looks) == 1
    assert told(office, job.change, FactKind.APPROVAL_ASKED) == []


# --- The steps ------------------------------------------------------------------------------


def test_a_freeze_that_began_after_the_approval_lets_no_step_begin(office: Office) -> None:
    job = Desk(office)
    job.decide()
    plan(office, freezes=[NOON])
    with pytest.raises(CalendarClosedError, match="no step begins in it"):
        job.step()
    assert job.read().status is ChangeStatus.REFUSED
    assert job.executions(Phase.STEP) == []


def test_a_window_that_closed_before_the_first_step_lets_it_not_begin(office: Office) -> None:
    plan(office, windows=[{"name": "day", "from": "08:00", "to": "10:00", "binding": True}])
    job = Desk(office)
    job.decide()
    move_to(office, hours=1)
    with pytest.raises(CalendarClosedError, match="its window 'day' is closed"):
        job.step()


def test_a_freeze_between_two_steps_stops_the_second_and_lets_the_rollback_run(
    office: Office,
) -> None:
    job = Desk(office)
    job.decide()
    job.step()
    plan(office, freezes=[NOON])
    with pytest.raises(CalendarClosedError):
        job.step()  # as the next step would be
    assert roll_back(job.task("rollback"), NEVER) is not None
    assert not job.mark.exists()
    assert job.read().status is ChangeStatus.ROLLED_BACK
    assert "the freeze 'noon' lasts until" in job.read().reason


def test_a_freeze_between_two_batches_leaves_the_other_hosts_alone(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Desk(
        office,
        targets={"pattern": "web", "max_hosts": 3},
        change={"type": "normal", "service": "shop", "canary": 1, "serial": 1},
        step={"vars": {"mark": str(office.folder / "mark")}, "retries": 2},
    )
    job.decide()
    freeze = after_first_batch(lambda: plan(office, freezes=[NOON]))
    monkeypatch.setattr(batching, "run_playbook", freeze)
    with pytest.raises(ExecutionError, match="not begun on web2: the freeze 'noon' lasts until"):
        job.step()
    assert job.executions(Phase.STEP) == [ExecutionStatus.CANCELLED], "and it is not tried again"
    (refused,) = told(office, job.change, FactKind.EXECUTION_REFUSED)
    assert "no step begins in it" in refused
    assert roll_back(job.task("rollback"), NEVER) is not None


# --- Other changes --------------------------------------------------------------------------


def test_a_change_on_the_same_service_is_a_factor_and_is_shown(office: Office) -> None:
    other = office.publish(id="another", targets={"pattern": "web2", "max_hosts": 1})
    first = office.request(other, 7)
    assert guard_change(office.run(first, other, "guard"))
    job = Desk(office)
    job.assess()
    risk = job.read().risk
    assert risk is not None
    (factor,) = [it for it in risk.factors if it.name == "overlapping changes"]
    assert (factor.contribution, factor.input) == (0.8, "CHG-7 on shop too")
    body = job.settle().body
    assert "- `It overlaps with CHG-7 on shop too.`" in body
    assert "- `Beside these, the next free slot begins at Mon 2026-03-02 09:10 UTC.`" in body


@pytest.mark.parametrize(
    ("scope", "slot"),
    [
        ("service shop", "10:30"),
        ("all", "10:30"),
        ("expression incident.labels.job == 'none'", "09:10"),
        ("expression incident.labels.job > 3", "10:30"),  # which would hold it back too
    ],
)
def test_the_slot_that_is_offered_avoids_what_would_hold_the_change_back(
    office: Office, scope: str, slot: str
) -> None:
    other = office.publish(id="another", targets={"pattern": "web2", "max_hosts": 1})
    assert guard_change(office.run(office.request(other, 7), other, "guard"))
    job = Desk(office)
    announce(office, scope, hours=0.25, until=1.5)
    job.assess()
    assert f"Beside these, the next free slot begins at Mon 2026-03-02 {slot}" in job.settle().body


def test_a_refusal_names_a_slot_outside_of_maintenance(office: Office) -> None:
    version = office.publish()
    plan(office, freezes=[NOON | {"refuse": True}])
    announce(office, "service shop", hours=2.5, until=5)
    change = office.request(version)
    with pytest.raises(CalendarClosedError, match="next free slot begins at Mon 2026-03-02 14:00"):
        guard_change(office.run(change, version, "guard"))


@pytest.mark.parametrize(("began", "asked_again"), [("before", False), ("after", True)])
def test_another_change_voids_answers_when_it_began_after_them_and_not_when_it_has_ended(
    office: Office, began: str, asked_again: bool
) -> None:
    other = office.publish(id="another", targets={"pattern": "web2", "max_hosts": 1})
    first = office.request(other, 7)
    run = office.run(first, other, "guard")
    if began == "before":
        assert guard_change(run)
    job = Desk(office)
    job.assess()
    job.settle()
    if began == "before":
        with office.database.session() as session:
            run.end(session, ChangeStatus.CANCELLED, "a person stopped it")
    else:
        assert guard_change(run)
    asked = job.answer("olivia")
    assert asked.approved is not asked_again
    if asked_again:
        assert "what raises the risk: overlapping changes came" in asked.body


# --- Airflow ----------------------------------------------------------------------------------


def test_a_wait_becomes_a_reschedule_of_the_task() -> None:
    with pytest.raises(AirflowRescheduleException) as caught, rescheduling():
        raise NotYet(AT)
    assert caught.value.reschedule_date == AT
