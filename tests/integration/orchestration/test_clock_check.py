"""A clock that cannot be trusted stops changes, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from airmend.change.model import ChangeStatus
from airmend.errors import ClockError
from airmend.execution.model import ExecutionStatus, Phase
from airmend.incident.model import IncidentStatus
from airmend.orchestration.guarding import guard_change
from airmend.orchestration.repairing import run_step
from airmend.orchestration.rolling_back import roll_back
from airmend.records.incidents import get_incident
from tests.integration.orchestration.conftest import NEVER, Office
from tests.integration.orchestration.test_remediation import Job


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here: what differs between the two is tested with the records."""
    return f"sqlite:///{tmp_path / 'records.db'}"


def test_a_worker_whose_clock_is_not_that_of_the_records_begins_nothing(office: Office) -> None:
    version = office.publish()
    change = office.request(version)
    run = office.run(change, version, "guard")
    apart = timedelta(seconds=31)
    with pytest.raises(ClockError, match="more than 30 s apart"):
        guard_change(replace(run, database_clock=lambda _session: office.clock() + apart))
    assert office.read(change).status is ChangeStatus.REFUSED
    with office.database.session() as session:  # a person is called
        assert get_incident(session, change.incident_id).status is IncidentStatus.ESCALATED
    apart = timedelta(seconds=30)
    again = office.run(office.request(version, 2), version, "guard")
    assert guard_change(replace(again, database_clock=lambda _session: office.clock() + apart))


def test_a_clock_that_goes_back_stops_the_next_step_and_not_the_rollback(office: Office) -> None:
    job = Job(office)
    job.decide()
    job.step()
    office.clock.pass_time(seconds=-31)
    with pytest.raises(ClockError, match="something was recorded at"):
        run_step(job.task("repair"), "repair", NEVER)
    assert roll_back(job.task("rollback"), NEVER) is not None
    assert job.executions(Phase.STEP) == [ExecutionStatus.SUCCEEDED]
    assert job.read().status is ChangeStatus.ROLLED_BACK
