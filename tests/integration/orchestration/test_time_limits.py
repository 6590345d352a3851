"""The time that a change may take, and the sign of life while it works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airmend.change.model import ChangeStatus
from airmend.errors import (
    ExecutionTimeoutError,
)
from airmend.execution.model import ExecutionStatus, Phase
from airmend.orchestration.repairing import run_step
from airmend.orchestration.rolling_back import roll_back
from tests.integration.orchestration.conftest import NEVER, Office
from tests.integration.orchestration.test_remediation import Job


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here: what differs between the two is tested with the records."""
    return f"sqlite:///{tmp_path / 'records.db'}"


def two_steps(office: Office) -> Job:
    """A change of two steps that together may take a minute."""
    mark = {"mark": str(office.folder / "mark")}
    steps: list[dict[str, Any]] = [
        {"id": name, "name": name, "playbook": f"playbooks/{file}.yml", "vars": mark, "retries": 2}
        for name, file in (("repair", "restart"), ("repair_more", "rollback"))
    ]
    limits = {"type": "normal", "service": "shop", "timeout_seconds": 60}
    job = Job(office, steps=steps, change=limits)
    job.decide()
    return job


def test_all_steps_together_take_no_longer_than_the_change_may(office: Office) -> None:
    job = two_steps(office)
    job.step()
    office.clock.pass_time(seconds=60)
    with pytest.raises(ExecutionTimeoutError, match="60 seconds of all steps together are over"):
        run_step(job.task("repair_more"), "repair_more", NEVER)
    assert job.mark.exists()  # the second step would have removed it
    assert job.executions(Phase.STEP) == [ExecutionStatus.SUCCEEDED, ExecutionStatus.TIMED_OUT]


def test_a_change_whose_time_is_over_is_still_rolled_back(office: Office) -> None:
    job = two_steps(office)
    job.step()
    office.clock.pass_time(minutes=5)
    with pytest.raises(ExecutionTimeoutError):
        run_step(job.task("repair_more"), "repair_more", NEVER)
    assert roll_back(job.task("rollback"), NEVER) is not None
    assert not job.mark.exists()
    assert job.read().status is ChangeStatus.ROLLED_BACK


def test_the_result_of_a_step_that_was_in_time_stands_when_its_task_begins_again(
    office: Office,
) -> None:
    job = two_steps(office)
    job.step()
    office.clock.pass_time(minutes=5)
    assert job.step()["attempts"] == 1
