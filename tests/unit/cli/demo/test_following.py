"""Recorded facts become stages: what passed, what runs, what never will."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from airmend.change.model import ChangeStatus, Verdict
from airmend.cli.demo.following import Progress, Stage, StageProgress, StageStatus, follow
from airmend.execution.model import ExecutionStatus
from airmend.records.model import FactKind
from airmend.review.model import ReportFacts
from tests.unit.cli.demo.stories import cut, rolled_back
from tests.unit.review.scenarios import later, resolved_standard

AHEAD, RUNNING, PASSED = StageStatus.AHEAD, StageStatus.RUNNING, StageStatus.PASSED
FAILED, SKIPPED = StageStatus.FAILED, StageStatus.SKIPPED


def statuses(progress: Progress) -> dict[Stage, StageStatus]:
    return {each.stage: each.status for each in progress.stages}


def stage(facts: ReportFacts, wanted: Stage) -> StageProgress:
    return next(each for each in follow(facts).stages if each.stage is wanted)


def test_a_change_that_did_not_help_passes_through_every_stage() -> None:
    progress = follow(rolled_back())
    assert statuses(progress) == dict.fromkeys(Stage, PASSED) | {Stage.VERIFY: FAILED}
    assert progress.is_written_up
    assert progress.seconds == 35


def test_stages_follow_each_other_without_a_gap() -> None:
    stages = follow(rolled_back()).stages
    assert stages[0].started_at == later(0)
    for before, after in pairwise(stages):
        assert before.ended_at == after.started_at
    assert sum(each.seconds(later(99)) or 0 for each in stages) == pytest.approx(35)


def test_a_change_that_helped_needs_no_rollback() -> None:
    facts = resolved_standard()
    assert facts.change
    progress = follow(facts)
    assert statuses(progress)[Stage.ROLLBACK] is SKIPPED
    assert statuses(progress)[Stage.REPORT] is RUNNING
    assert not progress.is_written_up
    assert progress.seconds is None


@pytest.mark.parametrize(
    ("seconds", "status", "running", "note"),
    [
        (0.5, ChangeStatus.REQUESTED, Stage.GUARD, ""),
        (2.0, ChangeStatus.REQUESTED, Stage.GUARD, "waits for a host"),
        (4.5, ChangeStatus.ASSESSING, Stage.PREFLIGHT, ""),
        (5.5, ChangeStatus.ASSESSING, Stage.RISK, ""),
        (6.2, ChangeStatus.ASSESSING, Stage.APPROVAL, ""),
        (7.0, ChangeStatus.AWAITING_APPROVAL, Stage.APPROVAL, "waits for a person"),
        (10.2, ChangeStatus.APPROVED, Stage.STEPS, "1 of 2"),
        (13.0, ChangeStatus.EXECUTING, Stage.STEPS, "2 of 2"),
        (20.0, ChangeStatus.VERIFYING, Stage.VERIFY, ""),
        (31.0, ChangeStatus.ROLLING_BACK, Stage.ROLLBACK, ""),
        (34.5, ChangeStatus.ROLLED_BACK, Stage.REPORT, ""),
    ],
)
def test_the_stage_that_runs_is_the_one_after_the_last_that_ended(
    seconds: float, status: ChangeStatus, running: Stage, note: str
) -> None:
    progress = follow(cut(rolled_back(), seconds, status))
    found = statuses(progress)
    order = list(Stage)
    place = order.index(running)
    assert found[running] is RUNNING
    assert all(found[each] in {PASSED, FAILED} for each in order[:place])
    assert all(found[each] is AHEAD for each in order[place + 1 :])
    assert stage(progress.facts, running).note == note


def test_notes_say_what_a_stage_found() -> None:
    facts = rolled_back()
    assert stage(facts, Stage.GUARD).note == "had to wait"
    assert stage(facts, Stage.RISK).note == "low, 4.0 %"
    assert stage(facts, Stage.APPROVAL).note == "by olivia"
    assert stage(facts, Stage.VERIFY).note == "unresolved"
    assert stage(facts, Stage.ROLLBACK).note == "restored"


def test_after_a_no_nothing_but_the_report_is_left() -> None:
    facts = cut(rolled_back(), 10.1, ChangeStatus.REJECTED)
    assert facts.decision
    no = facts.decision.model_copy(update={"verdict": Verdict.REJECTED})
    found = statuses(follow(replace(facts, decision=no)))
    assert found[Stage.APPROVAL] is FAILED
    assert [found[each] for each in (Stage.STEPS, Stage.VERIFY, Stage.ROLLBACK)] == [SKIPPED] * 3
    assert found[Stage.REPORT] is RUNNING


def test_a_step_that_failed_is_not_verified_but_rolled_back() -> None:
    facts = cut(rolled_back(), 12.2, ChangeStatus.ROLLING_BACK)
    broken = facts.executions[-1].model_copy(update={"status": ExecutionStatus.FAILED})
    found = statuses(follow(replace(facts, executions=[*facts.executions[:-1], broken])))
    assert found[Stage.STEPS] is FAILED
    assert found[Stage.VERIFY] is SKIPPED
    assert found[Stage.ROLLBACK] is RUNNING


def test_a_step_that_was_killed_ends_where_the_rollback_begins() -> None:
    facts = rolled_back()
    kept = [f for f in facts.story if f.kind is not FactKind.STEP_FINISHED or f.at < later(13)]
    kept = [f for f in kept if f.kind is not FactKind.VERIFICATION_FINISHED]
    facts = replace(facts, story=kept, executions=facts.executions[:4])
    assert stage(facts, Stage.STEPS).status is FAILED
    assert stage(facts, Stage.STEPS).ended_at == later(29.5)
    assert stage(facts, Stage.VERIFY).status is SKIPPED
    assert stage(facts, Stage.ROLLBACK).status is PASSED


def test_a_preflight_that_failed_ends_the_change() -> None:
    facts = cut(rolled_back(), 4.1, ChangeStatus.REFUSED)
    failed = facts.executions[0].model_copy(update={"status": ExecutionStatus.FAILED})
    found = statuses(follow(replace(facts, executions=[failed])))
    assert found[Stage.PREFLIGHT] is FAILED
    assert found[Stage.STEPS] is SKIPPED
    assert found[Stage.REPORT] is RUNNING


def test_a_rollback_that_failed_locks_the_runbook() -> None:
    facts = cut(rolled_back(), 33, ChangeStatus.FAILED)
    locked = facts.story[-1].model_copy(update={"kind": FactKind.RUNBOOK_LOCKED, "at": later(33)})
    facts = replace(facts, story=[*facts.story, locked])
    assert stage(facts, Stage.ROLLBACK).status is FAILED
    assert stage(facts, Stage.ROLLBACK).note == "runbook locked"


def test_a_run_that_a_person_ended_leaves_no_stage_running_but_the_report() -> None:
    found = statuses(follow(cut(rolled_back(), 4.5, ChangeStatus.CANCELLED)))
    assert found[Stage.PREFLIGHT] is SKIPPED
    assert found[Stage.REPORT] is RUNNING


def test_facts_of_an_earlier_change_for_the_same_incident_do_not_count() -> None:
    facts = rolled_back()
    other = [fact.model_copy(update={"change_id": "chg-0000"}) for fact in facts.story]
    facts = replace(facts, story=other, executions=[], decision=None)
    assert facts.change
    asked = facts.change.model_copy(update={"status": ChangeStatus.REQUESTED, "risk": None})
    assert statuses(follow(replace(facts, change=asked)))[Stage.GUARD] is RUNNING
