"""The guard: one change at a time on a target, and none that should not begin."""

from __future__ import annotations

from typing import Any

import pytest

from airmend.change.model import ChangeStatus
from airmend.errors import (
    ChangeRefusedError,
    NoTargetsError,
    RunbookLockedError,
    TargetBusyError,
)
from airmend.incident.model import IncidentStatus
from airmend.orchestration.guarding import guard_change
from airmend.orchestration.publication import publish_runbooks
from airmend.records.incidents import get_incident, note_recovery
from airmend.records.ledger import read_story
from airmend.records.model import FactKind
from airmend.records.runbooks import lock_runbook
from airmend.runbook.catalog import load_catalog
from tests.integration.orchestration.conftest import Office
from tests.runbook_folders import write_runbook

ALL_WEB: dict[str, Any] = {"pattern": "web", "max_hosts": 3}


def _status_of_incident(office: Office, incident_id: str) -> IncidentStatus:
    with office.database.session() as session:
        return get_incident(session, incident_id).status


def test_a_change_takes_its_targets_and_goes_on(office: Office) -> None:
    version = office.publish()
    change, _ = office.guarded(version)
    assert [target.name for target in change.targets] == ["web1"]
    assert change.targets[0].address == "127.0.0.1"


def test_the_guard_may_be_killed_and_run_again(office: Office) -> None:
    version = office.publish()
    change, run = office.guarded(version)
    assert guard_change(run)
    with office.database.session() as session:
        kinds = [fact.kind for fact in read_story(session, change.incident_id)]
    assert kinds.count(FactKind.GUARD_PASSED) == 1


def test_a_busy_target_is_waited_for_and_then_taken(office: Office) -> None:
    version = office.publish()
    _, first = office.guarded(version, 1)
    second = office.run(office.request(version, 2), version, "guard")
    assert not guard_change(second)
    with office.database.session() as session:
        first.end(session, ChangeStatus.SUCCEEDED, "done")
    assert guard_change(second)


def test_another_runbook_waits_for_the_same_target_too(office: Office) -> None:
    one = office.publish()
    other = office.publish(id="clean-logs", targets=ALL_WEB)
    office.guarded(one, 1)
    assert not guard_change(office.run(office.request(other, 2), other, "guard"))


def test_waiting_ends_with_the_policys_limit_and_names_the_holder(office: Office) -> None:
    version = office.publish()
    office.guarded(version, 1)
    change = office.request(version, 2)
    run = office.run(change, version, "guard")
    assert not guard_change(run)
    office.clock.pass_time(seconds=301)
    with pytest.raises(TargetBusyError, match="web1 is held by CHG-1"):
        guard_change(run)
    assert office.read(change).status is ChangeStatus.REFUSED
    assert _status_of_incident(office, change.incident_id) is IncidentStatus.ESCALATED


def test_a_host_outside_the_runbooks_targets_is_refused(office: Office) -> None:
    version = office.publish()
    change = office.request(version, inputs={"host": "db1", "service": "shop"})
    with pytest.raises(NoTargetsError, match="db1"):
        guard_change(office.run(change, version, "guard"))
    assert office.read(change).targets == []


def test_more_hosts_than_the_runbook_allows_are_refused(office: Office) -> None:
    version = office.publish(targets={"pattern": "web", "max_hosts": 2})
    change = office.request(version)
    with pytest.raises(ChangeRefusedError, match="3"):
        guard_change(office.run(change, version, "guard"))


def test_a_recovered_incident_is_left_alone(office: Office) -> None:
    version = office.publish()
    change = office.request(version)
    with office.database.session() as session:
        note_recovery(session, change.incident_id, at=office.clock())
    with pytest.raises(ChangeRefusedError, match="is over"):
        guard_change(office.run(change, version, "guard"))
    assert _status_of_incident(office, change.incident_id) is IncidentStatus.RECOVERED


def test_a_locked_runbook_is_refused_with_the_reason(office: Office) -> None:
    version = office.publish()
    office.guarded(version, 1)
    change = office.request(version, 2)
    with office.database.session() as session:
        lock_runbook(
            session,
            version.runbook.id,
            reason="the rollback failed",
            change_id="CHG-1",
            at=office.clock(),
        )
    with pytest.raises(RunbookLockedError, match="the rollback failed"):
        guard_change(office.run(change, version, "guard"))


def test_a_runbook_that_got_a_mistake_starts_nothing_new(office: Office) -> None:
    version = office.publish()
    change = office.request(version)
    folder = write_runbook(office.settings.runbooks_dir, steps=[])
    office.clock.pass_time(seconds=1)
    with office.database.session() as session:
        publish_runbooks(session, load_catalog(folder.parent), {}, at=office.clock())
    with pytest.raises(ChangeRefusedError, match=r"runbook\.yaml"):
        guard_change(office.run(change, version, "guard"))


def test_an_edit_between_alert_and_run_counts_when_it_still_takes_the_incident(
    office: Office,
) -> None:
    old = office.publish()
    change = office.request(old)
    new = office.publish(version="1.0.1")
    assert guard_change(office.run(change, new, "guard"))
    assert office.read(change).runbook_digest == new.digest
    assert office.read(change).runbook_version == "1.0.1"


def test_an_edit_that_no_longer_takes_the_incident_refuses_it(office: Office) -> None:
    old = office.publish()
    change = office.request(old)
    new = office.publish(version="2.0.0", match=["incident.name == 'SomethingElse'"])
    with pytest.raises(ChangeRefusedError, match=r"version 2\.0\.0 does not take"):
        guard_change(office.run(change, new, "guard"))
