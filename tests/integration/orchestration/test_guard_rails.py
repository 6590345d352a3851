"""Budgets and the circuit breaker, over real records."""

from __future__ import annotations

from pathlib import Path

import pytest

from airmend.change.circuit import open_circuit
from airmend.change.guard_rails import GuardRails
from airmend.change.model import ChangeStatus
from airmend.errors import BudgetSpentError, RunbookLockedError
from airmend.incident.model import IncidentStatus
from airmend.orchestration.guarding import guard_change
from airmend.records.incidents import get_incident
from airmend.records.runbooks import lock_reason, unlock_runbook
from airmend.runbook.model import RunbookVersion
from tests.integration.orchestration.conftest import Office


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here: what differs between the two is tested with the records."""
    return f"sqlite:///{tmp_path / 'records.db'}"


def finish(office: Office, version: RunbookVersion, number: int, status: ChangeStatus) -> None:
    """Let a change begin and end."""
    change, run = office.guarded(version, number)
    with office.database.session() as session:
        run.end(session, status, "as the test says")
    office.clock.pass_time(seconds=1)
    with office.database.session() as session:
        open_circuit(session, GuardRails(), change.id, at=office.clock())


def lock_of(office: Office, version: RunbookVersion) -> str | None:
    with office.database.session() as session:
        return lock_reason(session, version.runbook.id)


def test_the_fourth_change_of_a_runbook_within_an_hour_is_refused_and_a_person_called(
    office: Office,
) -> None:
    version = office.publish()
    for number in (1, 2, 3):
        finish(office, version, number, ChangeStatus.SUCCEEDED)
    change = office.request(version, 4)
    with pytest.raises(BudgetSpentError, match="3 changes of runbook service-down"):
        guard_change(office.run(change, version, "guard"))
    assert office.read(change).status is ChangeStatus.REFUSED
    with office.database.session() as session:
        incident = get_incident(session, change.incident_id)
    assert incident.status is IncidentStatus.ESCALATED
    office.clock.pass_time(hours=1)
    office.seal()
    office.guarded(version, 5)


def test_a_guard_that_is_run_again_is_counted_once(office: Office) -> None:
    version = office.publish()
    finish(office, version, 1, ChangeStatus.SUCCEEDED)
    _, run = office.guarded(version, 2)
    for _ in range(5):
        assert guard_change(run)
    with office.database.session() as session:
        run.end(session, ChangeStatus.SUCCEEDED, "done")
    office.guarded(version, 3)


def test_two_failures_in_a_row_lock_the_runbook_until_a_person_unlocks_it(office: Office) -> None:
    version = office.publish()
    finish(office, version, 1, ChangeStatus.ROLLED_BACK)
    assert lock_of(office, version) is None
    finish(office, version, 2, ChangeStatus.FAILED)
    assert lock_of(office, version) == "its last 2 changes did not help, the latest is CHG-2"
    with pytest.raises(RunbookLockedError, match="its last 2 changes did not help"):
        guard_change(office.run(office.request(version, 3), version, "guard"))
    with office.database.session() as session:
        unlock_runbook(session, version.runbook.id, by="olga", reason="seen", at=office.clock())
        open_circuit(session, GuardRails(), "CHG-2", at=office.clock())  # closed again
    assert lock_of(office, version) is None
    office.clock.pass_time(hours=1)
    office.seal()
    finish(office, version, 4, ChangeStatus.ROLLED_BACK)  # nothing has succeeded since
    assert lock_of(office, version) == "its last 2 changes did not help, the latest is CHG-4"


def test_a_success_between_two_failures_keeps_the_runbook_free(office: Office) -> None:
    version = office.publish()
    finish(office, version, 1, ChangeStatus.FAILED)
    finish(office, version, 2, ChangeStatus.SUCCEEDED)
    finish(office, version, 3, ChangeStatus.FAILED)
    assert lock_of(office, version) is None


def test_changes_that_touched_nothing_are_no_failures(office: Office) -> None:
    version = office.publish()
    finish(office, version, 1, ChangeStatus.FAILED)
    finish(office, version, 2, ChangeStatus.REJECTED)
    assert lock_of(office, version) is None
