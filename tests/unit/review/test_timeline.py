"""The timeline: every recorded moment once, with its evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airmend.records.model import Fact, FactKind
from airmend.review.model import Lane, SpanResult
from airmend.review.report import build_report
from airmend.review.spans import collect_spans
from airmend.review.timeline import LANES, tell_timeline
from tests.unit.review.scenarios import (
    BASE_URL,
    SCENARIOS,
    approved_on_three_hosts,
    later,
    rejected,
    resolved_standard,
    rolled_back,
)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_line_names_its_evidence(name: str) -> None:
    for entry in tell_timeline(SCENARIOS[name](), base_url=BASE_URL):
        assert entry.citations, entry.text


@pytest.mark.parametrize("name", SCENARIOS)
def test_time_never_runs_backwards(name: str) -> None:
    times = [entry.at for entry in tell_timeline(SCENARIOS[name](), base_url=BASE_URL)]

    assert times == sorted(times)


def test_every_kind_of_fact_has_a_place() -> None:
    assert set(LANES) == set(FactKind)


def test_a_repeated_alert_is_told_once_with_its_number() -> None:
    entries = tell_timeline(approved_on_three_hosts(), base_url=BASE_URL)

    repeats = [entry for entry in entries if entry.text == "alertmanager sent it again"]
    assert sum(entry.repeats for entry in repeats) == 23
    assert repeats[0].repeats > 1
    assert repeats[0].until is not None


def test_work_that_the_ledger_does_not_tell_is_told_from_its_record() -> None:
    facts = resolved_standard()
    silent = replace(facts, story=[])

    texts = [entry.text for entry in tell_timeline(silent, base_url=BASE_URL)]

    assert texts == [
        "Preflight started.",
        "Preflight succeeded.",
        "The change was approved by policy.",
        "Step 'restart' started.",
        "Step 'restart' succeeded.",
        "Verification started.",
        "Verification succeeded.",
    ]


def test_work_that_the_ledger_tells_is_not_told_twice() -> None:
    facts = resolved_standard()

    assert len(tell_timeline(facts, base_url=BASE_URL)) == len(facts.story)


def test_the_check_of_a_rollback_belongs_to_the_rollback() -> None:
    facts = rolled_back()
    fact = Fact(
        id=99,
        at=later(57),
        incident_id="inc-0001",
        change_id="chg-0001",
        kind=FactKind.VERIFICATION_FINISHED,
        text="Rollback passed",
        evidence={"execution": 6},
    )

    entries = tell_timeline(replace(facts, story=[fact]), base_url=BASE_URL)

    assert {e.lane for e in entries if e.text == "Rollback passed"} == {Lane.ROLLBACK}


def test_the_drawing_has_detection_people_each_step_and_the_checks() -> None:
    spans = collect_spans(approved_on_three_hosts())

    assert [(span.lane, span.label) for span in spans] == [
        (Lane.DETECTION, "Detection"),
        (Lane.DETECTION, "Start of the run"),
        (Lane.TARGETS, "Waiting for a target"),
        (Lane.PREFLIGHT, "Preflight"),
        (Lane.PEOPLE, "Approval"),
        (Lane.STEPS, "Restart the service"),
        (Lane.VERIFICATION, "Verification"),
    ]


def test_a_no_and_a_failed_check_are_drawn_as_failed() -> None:
    people = [span for span in collect_spans(rejected()) if span.lane is Lane.PEOPLE]
    checks = [span for span in collect_spans(rolled_back()) if span.lane is Lane.VERIFICATION]

    assert [span.result for span in people] == [SpanResult.FAILED]
    assert [span.result for span in checks] == [SpanResult.FAILED]


def test_a_question_without_an_answer_is_drawn_as_open() -> None:
    facts = approved_on_three_hosts()
    assert facts.change
    waiting = replace(
        facts,
        decision=None,
        change=facts.change.model_copy(update={"ended_at": None}),
        executions=[],
    )

    people = [span for span in collect_spans(waiting) if span.lane is Lane.PEOPLE]

    assert [(span.ended_at, span.result) for span in people] == [(None, SpanResult.OPEN)]


def test_facts_about_another_change_of_the_incident_are_left_out() -> None:
    facts = resolved_standard()
    other = facts.story[2].model_copy(update={"id": 90, "change_id": "chg-0002", "text": "other"})

    report = build_report(
        replace(facts, story=[*facts.story, other]), made_at=later(20), base_url=BASE_URL
    )

    assert "other" not in [entry.text for entry in report.timeline]
