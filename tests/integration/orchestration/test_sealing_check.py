"""A log that is not sealed in time, or that somebody touched, lets no change begin."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from airmend.change.model import ChangeRequest, ChangeStatus, ChangeType
from airmend.errors import AuditError, TouchedLogError, UnsealedError
from airmend.incident.model import IncidentStatus
from airmend.orchestration.assessment import assess_risk
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.guarding import guard_change
from airmend.orchestration.opening import NotYet
from airmend.orchestration.preflight import run_preflight
from airmend.orchestration.sealing_check import LOOK_EVERY, PATIENCE
from airmend.records.incidents import get_incident
from airmend.records.ledger import append_fact, read_story
from airmend.records.model import FactKind
from airmend.runbook.model import RunbookVersion
from tests.integration.orchestration.conftest import NEVER, Office
from tests.integration.orchestration.test_remediation import Job

LIMIT_SECONDS = 900


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here: what differs between the two is tested with the records."""
    return f"sqlite:///{tmp_path / 'records.db'}"


def tell(office: Office, change: ChangeRequest) -> None:
    """Something is recorded now."""
    with office.database.session() as session:
        append_fact(
            session,
            FactKind.ALERT_REPEATED,
            "again",
            at=office.clock(),
            incident_id=change.incident_id,
        )


def ask(
    office: Office, version: RunbookVersion, number: int, **override: object
) -> tuple[ChangeRequest, ChangeRun]:
    change = office.request(version, number, **override)
    return change, office.run(change, version, "guard")


def touch(office: Office) -> None:
    """Seal what there is, change it, and let the sealer find it."""
    office.seal()
    with office.database.session() as session:
        session.execute(text("DELETE FROM audit_leaves WHERE position = 0"))
    with pytest.raises(TouchedLogError):
        office.seal()


def test_before_the_first_seal_the_oldest_fact_counts(office: Office) -> None:
    version = office.publish()
    office.clock.pass_time(days=300)  # an installation that was made long ago and never used
    change, run = ask(office, version, 1)
    tell(office, change)
    office.clock.pass_time(seconds=LIMIT_SECONDS)
    assert guard_change(run)


def test_one_second_beyond_the_limit_no_change_begins_and_a_person_is_called(
    office: Office,
) -> None:
    version = office.publish()
    change, run = ask(office, version, 1)
    tell(office, change)
    office.clock.pass_time(seconds=LIMIT_SECONDS + 1)
    with pytest.raises(NotYet) as caught:
        guard_change(run)
    assert caught.value.looks_at == office.clock() + LOOK_EVERY
    office.clock.pass_time(seconds=PATIENCE.total_seconds())
    with pytest.raises(UnsealedError, match=r"longer than the 900 s .* airmend-sealing"):
        guard_change(run)
    assert office.read(change).status is ChangeStatus.REFUSED
    with office.database.session() as session:
        incident = get_incident(session, change.incident_id)
        story = [fact.kind for fact in read_story(session, incident.id)]
    assert incident.status is IncidentStatus.ESCALATED
    assert story.count(FactKind.SEAL_WAITED) == 1


def test_after_an_outage_a_change_waits_for_the_seal_and_goes_on(office: Office) -> None:
    version = office.publish()
    change, run = ask(office, version, 1)
    tell(office, change)
    office.clock.pass_time(days=2)
    with pytest.raises(NotYet):
        guard_change(run)
    office.clock.pass_time(minutes=1)
    office.seal()
    assert guard_change(run)


def test_what_came_after_the_last_seal_counts_from_its_own_time(office: Office) -> None:
    version = office.publish()
    first, run = ask(office, version, 1)
    tell(office, first)
    office.seal()
    office.clock.pass_time(days=2)  # nothing happens, so nothing waits
    tell(office, first)
    office.clock.pass_time(seconds=LIMIT_SECONDS)
    assert guard_change(run)


def test_a_log_that_was_touched_refuses_at_once_until_it_is_sealed_again(office: Office) -> None:
    version = office.publish()
    change, run = ask(office, version, 1)
    tell(office, change)
    touch(office)
    with pytest.raises(UnsealedError, match=r"the audit log does not verify: .* are missing"):
        guard_change(run)
    assert office.read(change).status is ChangeStatus.REFUSED


def test_once_the_log_is_restored_and_sealed_changes_begin_again(office: Office) -> None:
    version = office.publish()
    change, _ = ask(office, version, 1)
    tell(office, change)
    office.seal()
    with office.database.session() as session:
        session.execute(text("CREATE TABLE kept AS SELECT * FROM audit_leaves"))
    touch(office)
    with pytest.raises(TouchedLogError):
        office.seal()  # said once, however often it is found
    with office.database.session() as session:
        assert session.scalar(text("SELECT count(*) FROM audit_actions")) == 1
        session.execute(text("DELETE FROM audit_leaves"))
        session.execute(text("INSERT INTO audit_leaves SELECT * FROM kept"))
    office.seal()
    _, run = ask(office, version, 2)
    assert guard_change(run)


def anchored(office: Office, folder: Path) -> Office:
    """The installation with an anchor, a folder that another team keeps."""
    folder.mkdir()
    settings = office.settings.model_copy(update={"audit_anchor": str(folder)})
    return replace(office, settings=settings)


def falsify(folder: Path) -> None:
    """The anchor holds another root than the newest checkpoint of the log."""
    newest = max(folder.iterdir())
    name, size, root, *rest = newest.read_text().split("\n")
    other = ("A" if root[0] != "A" else "B") + root[1:]
    newest.write_text("\n".join([name, size, other, *rest]))


def test_an_anchor_that_holds_another_checkpoint_refuses_until_a_person_put_it_right(
    office: Office, tmp_path: Path
) -> None:
    anchor = tmp_path / "anchor"
    office = anchored(office, anchor)
    version = office.publish()
    change, run = ask(office, version, 1)
    tell(office, change)
    office.seal()
    kept = max(anchor.iterdir()).read_text()
    falsify(anchor)
    tell(office, change)
    for _ in range(3):  # no later seal passes over it
        office.clock.pass_time(minutes=1)
        with pytest.raises(TouchedLogError, match="the anchor has another checkpoint"):
            office.seal()
    with pytest.raises(UnsealedError, match=r"the anchor has another checkpoint of \d+ records"):
        guard_change(run)
    assert office.read(change).status is ChangeStatus.REFUSED
    max(anchor.iterdir()).write_text(kept)  # what the other team has was the right one
    office.seal()
    _, run = ask(office, version, 2)
    assert guard_change(run)


def test_an_anchor_that_refuses_the_newest_checkpoint_refuses_changes_until_it_takes_it(
    office: Office, tmp_path: Path
) -> None:
    anchor, other = tmp_path / "anchor", tmp_path / "other"
    office = anchored(office, anchor)
    version = office.publish()
    change, run = ask(office, version, 1)
    tell(office, change)
    for size in range(1, 100):  # another log was there before
        signed = f"\n\u2014 example.com/another {'A' * 12}\n"
        note = f"example.com/another\n{size}\n{'A' * 43}=\n{signed}"
        (anchor / f"checkpoint-{size:012d}").write_text(note)
    for _ in range(2):
        with pytest.raises(TouchedLogError, match="the anchor has another checkpoint"):
            office.seal()
    with pytest.raises(UnsealedError):
        guard_change(run)
    office = anchored(office, other)  # a person gave this log an anchor of its own
    office.seal()
    _, run = ask(office, version, 2)
    assert guard_change(run)


def test_an_anchor_that_is_away_lets_changes_begin(office: Office, tmp_path: Path) -> None:
    anchor = tmp_path / "anchor"
    office = anchored(office, anchor)
    version = office.publish()
    change, run = ask(office, version, 1)
    tell(office, change)
    anchor.rmdir()
    for _ in range(2):
        with pytest.raises(AuditError, match="takes no checkpoint"):
            office.seal()
    assert guard_change(run)


@pytest.mark.parametrize(("passes", "begins"), [("[budgets]", False), ("[sealing]", True)])
def test_an_emergency_change_begins_only_where_the_policy_lets_it_pass(
    office: Office, tmp_path: Path, passes: str, begins: bool
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(f"emergency: {{passes: {passes}}}\n")
    office = replace(office, settings=office.settings.model_copy(update={"policy_file": policy}))
    version = office.publish()
    change, run = ask(office, version, 1, change_type=ChangeType.EMERGENCY)
    tell(office, change)
    touch(office)
    if begins:
        assert guard_change(run)
    else:
        with pytest.raises(UnsealedError):
            guard_change(run)


def approved(office: Office) -> Job:
    """A change that olivia approved an hour after the guard, while nothing was sealed."""
    job = Job(office)
    run_preflight(job.task("preflight"), NEVER)
    assess_risk(job.task("assess_risk"))
    job.settle()
    office.clock.pass_time(hours=1)
    with pytest.raises(NotYet):
        job.answer("olivia")
    return job


def test_an_approved_change_waits_for_a_late_seal_and_goes_on(office: Office) -> None:
    job = approved(office)
    office.clock.pass_time(seconds=LOOK_EVERY.total_seconds())
    office.seal()
    decision = job.settle().decision
    assert decision is not None
    assert decision.decided_by == "olivia"


def test_an_approved_change_whose_seal_does_not_come_touches_nothing(office: Office) -> None:
    job = approved(office)
    office.clock.pass_time(seconds=PATIENCE.total_seconds())
    with pytest.raises(UnsealedError):
        job.settle()
    assert job.read().status is ChangeStatus.REFUSED
    assert not job.mark.exists()


def test_a_wait_of_long_ago_is_no_wait_now(office: Office) -> None:
    job = approved(office)
    office.seal()
    office.clock.pass_time(hours=1)
    tell(office, job.change)
    office.clock.pass_time(hours=1)
    with pytest.raises(NotYet):
        job.settle()
