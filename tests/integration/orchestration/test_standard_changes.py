"""A standard change and its template, from the guard to the report, with real Ansible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from airmend.change.granting import approve_template, move_on_ladder, suspend_by_person
from airmend.change.model import ChangeStatus
from airmend.change.policy import load_policy
from airmend.errors import ChangeRefusedError, NotAuthorisedError, VerificationFailedError
from airmend.execution.model import Phase
from airmend.incident.model import IncidentStatus
from airmend.orchestration.asking import open_question
from airmend.orchestration.assessment import assess_risk
from airmend.orchestration.closing import close_change
from airmend.orchestration.guarding import guard_change
from airmend.orchestration.preflight import run_preflight
from airmend.orchestration.repairing import run_step
from airmend.orchestration.rolling_back import roll_back
from airmend.orchestration.verifying import verify_change
from airmend.records.authorship import save_authorship
from airmend.records.changes import get_decision
from airmend.records.executions import list_executions
from airmend.records.incidents import create_incident, get_incident
from airmend.records.ledger import read_story
from airmend.records.model import FactKind
from airmend.records.reports import load_report
from airmend.records.standard_model import Authorship, Autonomy, GitPerson
from airmend.records.tables import ChangeRow
from tests.builders import make_incident
from tests.integration.orchestration.conftest import NEVER, Office, as_task
from tests.integration.orchestration.test_remediation import Job

POLICY: dict[str, Any] = {
    "automatic_bands_for_standard": ["low", "moderate"],
    "standard": {"success_bound": 0},
}
STANDARD = {"type": "standard", "service": "shop"}
NAME = "service-down"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here: the records are tested on both."""
    return f"sqlite:///{tmp_path / 'records.db'}"


@pytest.fixture
def office(office: Office) -> Office:
    policy = office.folder / "policy.yaml"
    policy.write_text(yaml.safe_dump(POLICY))
    return replace(office, settings=office.settings.model_copy(update={"policy_file": policy}))


def grant(job: Job, **limits: Any) -> None:
    office = job.office
    policy = load_policy(office.settings.policy_file)
    office.clock.pass_time(seconds=1)
    with office.database.session() as session:
        approve_template(
            session, NAME, policy, by="olivia", reason="a restart", now=office.clock(), **limits
        )


def move(office: Office, wanted: Autonomy) -> None:
    policy = load_policy(office.settings.policy_file)
    with office.database.session() as session:
        move_on_ladder(
            session,
            NAME,
            wanted,
            policy,
            by="olivia",
            reason="as the test says",
            now=office.clock(),
        )


def assess(job: Job) -> None:
    run_preflight(job.task("preflight"), NEVER)
    assess_risk(job.task("assess_risk"))


def two_steps() -> list[dict[str, Any]]:
    step = {"name": "Repair", "playbook": "playbooks/restart.yml"}
    return [step | {"id": "first"}, step | {"id": "second"}]


def test_within_its_template_the_policy_approves_and_says_on_what(office: Office) -> None:
    job = Job(office, change=STANDARD)
    grant(job)
    assess(job)
    asked = open_question(job.task("approval"), {})
    assert asked.decision is not None
    assert asked.decision.decided_by == "policy"
    assert "template 1 on its approver's word" in asked.decision.basis
    assert "olivia" not in asked.decision.basis  # a name can be erased where it is kept
    run_step(job.task("repair"), "repair", NEVER)
    verify_change(job.task("verify"), NEVER)
    assert close_change(job.task("report")).resolved


def test_without_a_template_people_are_asked_and_read_why(office: Office) -> None:
    job = Job(office, change=STANDARD)
    assess(job)
    asked = open_question(job.task("approval"), {})
    assert asked.decision is None
    assert f"- `no approved template; airmend standard approve {NAME} makes one`" in asked.body
    assert "**Not every author may be known**" in asked.body


def suspend(job: Job) -> None:
    with job.office.database.session() as session:
        suspend_by_person(session, NAME, by="rita", reason="I doubt it", now=job.office.clock())


def edit(job: Job) -> None:
    job.office.publish(version="9.9.9", change=STANDARD)


def break_host(job: Job) -> None:
    """Another change of this content went well; then its host has an incident."""
    office = job.office
    (host,) = [target.name for target in office.read(job.change).targets]
    done = office.request(job.version, 7)
    with office.database.session() as session:
        run = office.run(done, job.version, "verify")
        run.end(session, ChangeStatus.SUCCEEDED, "as the test says")
    office.clock.pass_time(seconds=1)
    with office.database.session() as session:
        targets = [{"name": host, "address": host, "variables": {}}]
        session.get_one(ChangeRow, done.id).targets = targets
        create_incident(
            session,
            make_incident(id="INC-8", fingerprint="8", host=host, opened_at=office.clock()),
        )


def lower(job: Job) -> None:
    move(job.office, Autonomy.APPROVE)


def forget_policy(job: Job) -> None:
    (job.office.folder / "policy.yaml").write_text("standard: {success_bound: 2}")


def ask_more(job: Job) -> None:
    (job.office.folder / "policy.yaml").write_text(yaml.safe_dump(POLICY | {"standard": {}}))


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (suspend, "suspended by rita: I doubt it"),
        (edit, "the runbook was edited"),
        (break_host, "incident INC-8 on"),
        (lower, "stands at 'approve', not at 'auto'"),
        (forget_policy, "cannot be read"),
        (ask_more, "28 more clean runs are needed"),
    ],
)
def test_what_the_policy_decided_is_not_carried_out_once_its_ground_is_gone(
    office: Office, event: Callable[[Job], None], words: str
) -> None:
    job = Job(office, change=STANDARD)
    grant(job)
    assess(job)
    assert open_question(job.task("approval"), {}).approved
    event(job)
    with pytest.raises(NotAuthorisedError, match=words):
        run_step(job.task("repair"), "repair", NEVER)
    assert not job.mark.exists()
    assert job.read().status is ChangeStatus.REFUSED
    assert not close_change(job.task("report")).resolved


def test_a_template_suspended_between_two_steps_stops_the_second_and_the_rollback_goes_on(
    office: Office,
) -> None:
    mark = {"vars": {"mark": str(office.folder / "mark")}}
    job = Job(office, change=STANDARD, steps=[step | mark for step in two_steps()])
    grant(job)
    assess(job)
    assert open_question(job.task("approval"), {}).approved
    run_step(job.task("first"), "first", NEVER)
    assert job.mark.exists()
    suspend(job)
    with pytest.raises(NotAuthorisedError, match="is withdrawn"):
        run_step(job.task("second"), "second", NEVER)
    roll_back(job.task("rollback"), NEVER)
    assert not job.mark.exists()
    assert job.read().status is ChangeStatus.ROLLED_BACK
    with office.database.session() as session:
        steps = [e.name for e in list_executions(session, job.change.id) if e.phase is Phase.STEP]
    assert steps == ["first"]


def test_what_people_approved_is_carried_out_without_a_template_and_not_below_approve(
    office: Office,
) -> None:
    job = Job(office, change=STANDARD)
    job.decide()
    move(office, Autonomy.PROPOSE)
    with pytest.raises(NotAuthorisedError, match="stands at 'propose'"):
        run_step(job.task("repair"), "repair", NEVER)
    assert job.read().status is ChangeStatus.REFUSED


def test_a_failure_is_told_in_the_story_and_in_the_report(office: Office) -> None:
    job = Job(office, change=STANDARD, wanted=False)  # its check wants the mark gone
    grant(job)
    assess(job)
    assert open_question(job.task("approval"), {}).approved
    run_step(job.task("repair"), "repair", NEVER)
    with pytest.raises(VerificationFailedError):
        verify_change(job.task("verify"), NEVER)
    roll_back(job.task("rollback"), NEVER)
    close_change(job.task("report"))
    close_change(job.task("report"))
    with office.database.session() as session:
        kinds = [fact.kind for fact in read_story(session, job.change.incident_id)]
        report = load_report(session, job.change.id)
    assert kinds.count(FactKind.TEMPLATE_SUSPENDED) == kinds.count(FactKind.AUTONOMY_LOWERED) == 1
    told = [entry["text"] for entry in report["timeline"]] if report else []
    assert any("template of service-down that olivia approved is suspended" in it for it in told)


def test_a_runbook_that_proposes_is_assessed_and_nothing_more(office: Office) -> None:
    job = Job(office, change=STANDARD)
    move(office, Autonomy.PROPOSE)
    assess(job)
    for _ in range(2):  # the task begins again
        with pytest.raises(ChangeRefusedError, match="only proposes"):
            open_question(job.task("approval"), {})
    change = job.read()
    assert change.status is ChangeStatus.PROPOSED
    closed = close_change(job.task("report"))
    assert not closed.resolved
    with office.database.session() as session:
        assert get_decision(session, change.id) is None
        assert get_incident(session, change.incident_id).status is IncidentStatus.ESCALATED
        assert all(e.phase is Phase.PREFLIGHT for e in list_executions(session, change.id))
        report = load_report(session, change.id)
    assert report is not None
    assert report["outcome"] == "proposed"
    assert report["risk"]["factors"]
    assert not job.mark.exists()


def test_a_runbook_that_only_observes_by_now_starts_nothing(office: Office) -> None:
    version = office.publish(change=STANDARD)
    change = office.request(version)
    move(office, Autonomy.OBSERVE)
    with pytest.raises(ChangeRefusedError, match="only observes"):
        guard_change(office.run(change, version, "guard"))
    assert office.read(change).status is ChangeStatus.REFUSED


def test_authors_of_git_may_not_approve(office: Office) -> None:
    job = Job(office)
    with office.database.session() as session:
        save_authorship(
            session,
            Authorship(
                runbook_id=NAME,
                digest=job.version.digest,
                tree="t",
                commit="c",
                people=[GitPerson(name="Quinn", email="quinn@example.com")],
                unknown="",
                taken_at=office.clock(),
            ),
        )
    job.decide("quinn")
    assert job.read().status is ChangeStatus.AWAITING_APPROVAL
    job.answer("olivia")
    assert job.read().status is ChangeStatus.APPROVED


def test_a_policy_may_refuse_what_is_not_committed(office: Office) -> None:
    policy = POLICY | {"authors": {"require_committed": True}}
    (office.folder / "policy.yaml").write_text(yaml.safe_dump(policy))
    job = Job(office)
    assess(job)
    with pytest.raises(ChangeRefusedError, match="Commit it"):
        open_question(as_task(job.guard, "approval"), {})
    assert job.read().status is ChangeStatus.REFUSED
