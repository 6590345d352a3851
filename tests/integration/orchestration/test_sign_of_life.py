"""Work under way stops when its claim or a target is lost, and not before."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from airmend.change.model import ChangeStatus
from airmend.errors import ExecutionCancelledError, LeaseLostError, StoreUnavailableError
from airmend.execution.model import ExecutionStatus, Phase
from airmend.orchestration import sign_of_life
from airmend.orchestration.repairing import run_step
from airmend.orchestration.sign_of_life import Fence
from airmend.records.executions import claim_execution
from airmend.records.leases import acquire_leases, held_until
from tests.integration.orchestration.conftest import NEVER, Office
from tests.integration.orchestration.test_remediation import Job


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here: what differs between the two is tested with the records."""
    return f"sqlite:///{tmp_path / 'records.db'}"


def begin_work(office: Office) -> Fence:
    """A fence around work that has just been claimed."""
    _, run = office.guarded(office.publish())
    with office.database.session() as session:
        claim = claim_execution(
            session,
            run.change_id,
            Phase.STEP,
            "repair",
            task_id="repair",
            owner=run.owner,
            now=office.clock(),
        )
    return Fence(run, claim.execution.id)


def end_of_lease(office: Office) -> Any:
    with office.database.session() as session:
        return held_until(session, "CHG-1", ["web1"], now=office.clock())


def take_over(office: Office) -> None:
    """Another change takes the target as soon as its lease is over."""
    office.clock.at = end_of_lease(office)
    with office.database.session() as session:
        until = office.clock() + timedelta(hours=1)
        assert not acquire_leases(session, "CHG-9", ["web1"], now=office.clock(), until=until)


def test_work_goes_on_while_claim_and_target_are_held(office: Office) -> None:
    fence = begin_work(office)
    assert fence.find_reason_to_stop() is None
    office.clock.at = end_of_lease(office) - timedelta(seconds=1)
    assert fence.find_reason_to_stop() is None


def test_work_stops_when_another_change_took_its_target(office: Office) -> None:
    fence = begin_work(office)
    take_over(office)
    assert fence.find_reason_to_stop() == "a target is not held any more"


def test_work_stops_when_another_process_took_it_over(office: Office) -> None:
    fence = begin_work(office)
    office.clock.pass_time(seconds=31)
    with office.database.session() as session:
        claim = claim_execution(
            session,
            "CHG-1",
            Phase.STEP,
            "repair",
            task_id="repair",
            owner="another process",
            now=office.clock(),
        )
    assert claim.mine
    assert fence.find_reason_to_stop() == "another process took this work over"


def test_without_the_records_work_goes_on_only_as_long_as_its_lease_was_known_to_last(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    fence = begin_work(office)
    end = end_of_lease(office)

    def be_away(*_args: object) -> bool:
        raise StoreUnavailableError("the records are away")

    monkeypatch.setattr(sign_of_life, "sign_of_life", be_away)
    office.clock.at = end - timedelta(seconds=1)
    assert fence.find_reason_to_stop() is None
    office.clock.at = end
    assert fence.find_reason_to_stop() == "a target is not held any more"


def test_a_playbook_is_stopped_in_the_middle_and_its_change_goes_no_further(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(office, step={"playbook": "playbooks/slow.yml"})
    job.decide()
    beats = 0

    def lose_the_target(*args: Any) -> bool:
        nonlocal beats
        beats += 1
        if beats == 1:
            raise StoreUnavailableError("the records are away")
        return True

    find = Fence.find_reason_to_stop

    def look(fence: Fence) -> str | None:
        if beats:
            take_over(office)
        return find(fence)

    monkeypatch.setattr(sign_of_life, "SIGN_OF_LIFE_SECONDS", 0.2)
    monkeypatch.setattr(sign_of_life, "sign_of_life", lose_the_target)
    monkeypatch.setattr(Fence, "find_reason_to_stop", look)
    with pytest.raises(ExecutionCancelledError):
        run_step(job.task("repair"), "repair", threading.Event())
    assert beats == 2
    assert job.executions(Phase.STEP) == [ExecutionStatus.CANCELLED]
    with pytest.raises(LeaseLostError):
        run_step(job.task("repair"), "repair", NEVER)
    assert job.read().status is ChangeStatus.EXECUTING  # the rollback's, now
