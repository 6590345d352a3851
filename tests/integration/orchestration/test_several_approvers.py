"""Approvals by several people, bound to what they were asked about, on real records and Ansible."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import update

from airmend.change.model import ChangeStatus
from airmend.errors import ChangeRefusedError, NotAuthorisedError, TargetBusyError
from airmend.execution.model import ExecutionStatus, Phase
from airmend.orchestration.answering import Answer, take_answer
from airmend.orchestration.asking import open_question
from airmend.orchestration.assessment import assess_risk
from airmend.orchestration.closing import close_change
from airmend.orchestration.preflight import run_preflight
from airmend.records.changes import get_decision
from airmend.records.ledger import read_story
from airmend.records.model import FactKind
from airmend.records.tables import DecisionRow, LeaseRow
from tests.integration.orchestration.conftest import NEVER, Office
from tests.integration.orchestration.test_remediation import Job

LEADS = ["olga", "peter", "rita"]
TWO_OF_THREE = {"name": "two leads", "count": 2, "from": ["leads"]}


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here: what differs between the two is tested with the records."""
    return f"sqlite:///{tmp_path / 'records.db'}"


@pytest.fixture
def policy_file(office: Office) -> Path:
    """A policy that wants two of three."""
    path = office.folder / "policy.yaml"
    write_policy(path, TWO_OF_THREE)
    return path


@pytest.fixture
def job(office: Office, policy_file: Path) -> Job:
    """A change that people are asked about."""
    settings = office.settings.model_copy(update={"policy_file": policy_file})
    job = Job(replace(office, settings=settings), authors=["robin"])
    run_preflight(job.task("preflight"), NEVER)
    assess_risk(job.task("assess_risk"))
    job.settle()
    return job


def write_policy(path: Path, *rules: dict[str, Any], leads: list[str] = LEADS) -> None:
    approval = {"groups": {"leads": leads, "board": ["vera"]}, "rules": list(rules)}
    path.write_text(yaml.safe_dump({"approval": approval}))


def told(job: Job, kind: FactKind) -> list[str]:
    with job.office.database.session() as session:
        story = read_story(session, job.change.incident_id)
    return [fact.text for fact in story if fact.kind is kind]


def test_the_second_yes_decides_and_the_report_names_both(job: Job) -> None:
    first = job.answer("olga")
    assert first.decision is None
    assert first.people == ["peter", "rita"]
    assert "`olga`" in first.body
    assert "**1 more** to go" in first.body
    second = job.answer("peter")
    assert second.approved
    assert second.decision is not None
    assert second.decision.decided_by == "olga, peter"
    assert job.step()["changed"] == ["web1"]
    files = close_change(job.task("report")).files
    page = next(Path(file) for file in files if file.endswith(".md")).read_text()
    assert "Needed for 'two leads': 2 of olga, peter, rita" in page
    assert "olga said yes" in page
    assert "peter said yes" in page


def test_the_same_person_twice_is_one(job: Job) -> None:
    job.answer("olga")
    assert job.answer("olga").decision is None
    assert len(told(job, FactKind.APPROVAL_VOTED)) == 1
    assert job.read().status is ChangeStatus.AWAITING_APPROVAL


def test_one_no_ends_it_whatever_others_said(job: Job) -> None:
    job.answer("olga")
    asked = job.answer("rita", "Reject")
    assert asked.decision is not None
    assert not asked.approved
    assert job.read().status is ChangeStatus.REJECTED


def test_who_is_not_asked_decides_nothing(job: Job) -> None:
    job.answer("olga")
    assert job.answer("vera", "Reject").decision is None
    assert job.answer("vera").decision is None
    assert (
        "vera is not among those whom 'two leads' asks" in told(job, FactKind.APPROVAL_IGNORED)[0]
    )


def test_an_approver_who_left_the_group_while_waiting_counts_no_more(
    job: Job, policy_file: Path
) -> None:
    job.answer("olga")
    write_policy(policy_file, TWO_OF_THREE, leads=["peter", "rita"])
    assert job.answer("peter").decision is None
    asked = job.answer("rita")
    assert asked.decision is not None
    assert asked.decision.decided_by == "peter, rita"


def test_a_group_that_became_too_small_refuses_the_change(job: Job, policy_file: Path) -> None:
    write_policy(policy_file, TWO_OF_THREE, leads=["peter"])
    with pytest.raises(ChangeRefusedError, match="needs 2 of peter, and 1 of them"):
        job.answer("peter")
    assert job.read().status is ChangeStatus.REFUSED


def test_a_yes_in_time_that_is_not_enough_expires(job: Job) -> None:
    job.answer("olga")
    job.office.clock.pass_time(hours=4)
    asked = job.settle()
    assert asked.decision is not None
    assert asked.decision.basis == "1 answered in time, 1 more were needed"
    assert job.read().status is ChangeStatus.EXPIRED


def test_two_answers_at_the_same_instant_are_both_kept(job: Job) -> None:
    for user in ("olga", "peter"):  # both arrive before the question is looked at again
        answer = Answer("Approve", user, job.office.clock(), "")
        take_answer(job.task("approval"), answer, {}, approve="Approve", reject="Reject")
    assert job.settle().approved


def test_a_task_that_died_after_the_last_vote_decides_when_it_begins_again(job: Job) -> None:
    job.answer("olga")
    answer = Answer("Approve", "peter", job.office.clock(), "")
    take_answer(job.task("approval"), answer, {}, approve="Approve", reject="Reject")
    again = open_question(job.task("approval"), {})
    assert again.decision is None
    assert again.standing.approved
    assert job.settle().approved


def test_what_is_different_by_now_voids_the_votes_and_is_shown(job: Job) -> None:
    job.answer("olga")
    job.mark.write_text("somebody was here\n")  # so that another diff is foreseen
    asked = job.answer("peter")
    assert asked.decision is None
    assert asked.people == LEADS
    assert "**Asked again**, earlier answers are void" in asked.body
    assert "another diff: repair, web1, Write the mark" in asked.body
    assert "The votes are void" in told(job, FactKind.APPROVAL_VOID)[0]
    job.answer("olga")
    assert job.answer("peter").approved
    assert job.executions(Phase.PREFLIGHT) == [ExecutionStatus.SUCCEEDED] * 3
    assert job.step()["changed"] == ["web1"]


def test_a_target_that_another_change_took_meanwhile_refuses_it(job: Job) -> None:
    job.answer("olga")
    with job.office.database.session() as session:
        session.execute(update(LeaseRow).values(change_id="CHG-9"))
    with pytest.raises(TargetBusyError, match="web1 is held by CHG-9"):
        job.answer("peter")
    assert job.read().status is ChangeStatus.REFUSED


def test_votes_that_somebody_struck_from_the_decision_authorise_nothing(job: Job) -> None:
    job.answer("olga")
    job.answer("peter")
    with job.office.database.session() as session:
        decision = get_decision(session, job.change.id)
        assert decision is not None
        kept = [vote.model_dump(mode="json") for vote in decision.votes[:1]]
        session.execute(update(DecisionRow).values(votes=kept))
    with pytest.raises(NotAuthorisedError, match="not enough for an approval"):
        job.step()
    assert not job.mark.exists()


def test_the_next_group_is_asked_once_the_first_was_silent(job: Job, policy_file: Path) -> None:
    rule = {"name": "board", "from": ["board"], "escalate_after_seconds": 600}
    write_policy(policy_file, rule | {"escalate_to": ["leads"]})
    asked = job.settle()
    assert asked.people == ["vera"]
    job.office.clock.pass_time(seconds=(asked.looks_at - job.office.clock()).total_seconds())
    later = job.settle()
    assert later.people == ["vera", *LEADS]
    assert later.looks_at == later.expires_at
    assert job.answer("olga").approved
