"""The canonical report: from recorded facts alone, and always the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.change.model import ChangeStatus
from airmend.execution.model import CheckOutcome, ExecutionStatus, Phase, TaskOutcome
from airmend.records.model import Fact, FactKind
from airmend.review.document import PostIncidentReport
from airmend.review.model import Outcome, ReportFacts
from airmend.review.report import build_report
from tests.unit.review.scenarios import (
    BASE_URL,
    SCENARIOS,
    approved_on_three_hosts,
    later,
    make_execution,
    make_task,
    make_verification,
    refused_with_nothing_known,
    rejected,
    resolved_standard,
    rollback_failed,
    rolled_back,
    unmatched,
)


def build(facts: ReportFacts) -> PostIncidentReport:
    return build_report(facts, made_at=later(20_000), base_url=BASE_URL)


def with_status(facts: ReportFacts, status: ChangeStatus) -> ReportFacts:
    assert facts.change
    return replace(facts, change=facts.change.model_copy(update={"status": status}))


def told(report: PostIncidentReport) -> str:
    return "\n".join(item.text for item in report.follow_ups)


@given(name=st.sampled_from(sorted(SCENARIOS)), random=st.randoms(use_true_random=False))
def test_the_order_in_which_records_are_read_does_not_matter(name: str, random: Random) -> None:
    facts = SCENARIOS[name]()
    shuffled = replace(
        facts,
        story=random.sample(facts.story, len(facts.story)),
        executions=random.sample(facts.executions, len(facts.executions)),
    )

    assert build(shuffled).canonical_json() == build(facts).canonical_json()


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_canonical_form_gives_the_report_back(name: str) -> None:
    report = build(SCENARIOS[name]())

    assert PostIncidentReport.model_validate_json(report.canonical_json()) == report
    assert report.document()["schema"] == "airmend/post-incident-report/v1"
    assert report.model_dump(mode="json") == report.document()


@pytest.mark.parametrize("name", SCENARIOS)
def test_writing_the_report_does_not_change_it(name: str) -> None:
    facts = SCENARIOS[name]()
    written = Fact(
        id=999,
        at=later(15_000),
        incident_id=facts.incident.id,
        change_id=facts.change.id if facts.change else None,
        kind=FactKind.REPORT_WRITTEN,
        text="The post-incident report is written",
    )

    assert build(replace(facts, story=[*facts.story, written])) == build(facts)


def test_another_record_gives_another_digest() -> None:
    facts = resolved_standard()
    digests = {
        build(facts).provenance.digest,
        build(replace(facts, story=facts.story[:-1])).provenance.digest,
        build(replace(facts, executions=facts.executions[:-1])).provenance.digest,
        build(replace(facts, decision=None)).provenance.digest,
    }

    assert len(digests) == 4


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        (resolved_standard(), Outcome.RESOLVED),
        (rolled_back(), Outcome.ROLLED_BACK),
        (rollback_failed(), Outcome.ROLLBACK_FAILED),
        (with_status(resolved_standard(), ChangeStatus.FAILED), Outcome.NOT_RESOLVED),
        (rejected(), Outcome.REJECTED),
        (with_status(rejected(), ChangeStatus.EXPIRED), Outcome.EXPIRED),
        (refused_with_nothing_known(), Outcome.REFUSED),
        (with_status(rejected(), ChangeStatus.CANCELLED), Outcome.CANCELLED),
        (with_status(rejected(), ChangeStatus.AWAITING_APPROVAL), Outcome.UNDER_WAY),
        (unmatched(), Outcome.NO_CHANGE),
    ],
)
def test_the_outcome_is_the_one_on_record(facts: ReportFacts, outcome: Outcome) -> None:
    assert build(facts).outcome is outcome


@pytest.mark.parametrize("status", [s for s in ChangeStatus if s is not ChangeStatus.SUCCEEDED])
def test_only_a_succeeded_change_is_reported_as_resolved(status: ChangeStatus) -> None:
    assert build(with_status(resolved_standard(), status)).outcome is not Outcome.RESOLVED


@pytest.mark.parametrize("status", [ChangeStatus.REJECTED, ChangeStatus.REFUSED])
def test_no_headline_says_nothing_was_changed_when_work_is_on_record(status: ChangeStatus) -> None:
    quiet, worked = build(rejected()), build(with_status(resolved_standard(), status))

    assert "nothing was changed" in quiet.headline
    assert "nothing was changed" not in worked.headline
    assert "work had begun" in worked.headline


def test_what_is_not_on_record_stays_empty() -> None:
    report = build(refused_with_nothing_known())

    assert [time.seconds for time in report.response_times] == [None] * 7
    assert all(time.note for time in report.response_times)
    assert (report.risk, report.approval, report.preflight) == (None, None, None)
    assert (report.steps, report.verification, report.timeline, report.spans) == ([], [], [], [])
    assert report.impact.noticed is None
    assert report.runbook
    assert report.runbook.title is None
    assert report.provenance.missing == [
        "runbook version",
        "risk score",
        "decision",
        "preflight",
        "steps",
        "verification",
    ]


def test_response_times_are_the_distances_between_recorded_moments() -> None:
    times = {time.key: time.seconds for time in build(resolved_standard()).response_times}

    assert times == {
        "detection": pytest.approx(12.4),
        "run_start": pytest.approx(0.16),
        "decision_wait": pytest.approx(0),
        "first_step": pytest.approx(3.6),
        "verified": pytest.approx(8.7),
        "change": pytest.approx(9.1),
        "total": pytest.approx(21.1),
    }


def test_clocks_that_disagree_give_no_duration_but_a_note() -> None:
    facts = resolved_standard()
    ahead = facts.incident.model_copy(update={"started_at": later(3)})

    detection = build(replace(facts, incident=ahead)).response_times[0]

    assert detection.seconds is None
    assert "disagree by 3.0 s" in detection.note
    assert "Detection" not in [s.label for s in build(replace(facts, incident=ahead)).spans]


def test_the_sender_may_report_the_recovery_first() -> None:
    facts = rejected()
    over = facts.incident.model_copy(update={"recovered_at": later(50)})

    impact = build(replace(facts, incident=over)).impact

    assert impact.ended_at == later(50)
    assert impact.seconds == pytest.approx(62.4)


def test_an_approval_says_who_when_how_long_and_for_what() -> None:
    report = build(approved_on_three_hosts())
    approval = report.approval

    assert approval
    assert report.change
    assert approval.decided_by == "sam"
    assert approval.waited_seconds == 3 * 3600 + 12 * 60 - 71
    assert approval.content_hash == report.change.content_hash
    assert approval.covers_change is True
    assert len(approval.ignored) == 1


def test_an_approval_of_other_content_is_said_and_left_for_a_person() -> None:
    facts = resolved_standard()
    assert facts.change
    grown = facts.change.model_copy(update={"inputs": {"host": "web2"}})

    report = build(replace(facts, change=grown))

    assert report.approval
    assert report.approval.covers_change is False
    assert "other content" in told(report)


def test_work_without_a_decision_is_left_for_a_person() -> None:
    report = build(replace(resolved_standard(), decision=None))

    assert "no decision is on record" in report.follow_ups[0].text


def test_a_preflight_says_what_it_could_not_look_at() -> None:
    preflight = build(approved_on_three_hosts()).preflight

    assert preflight
    assert preflight.coverage == pytest.approx(0.8)
    assert (preflight.lines_added, preflight.lines_removed) == (3, 3)
    assert preflight.hosts_to_change == ["web1", "web2", "web3"]


def test_a_host_without_a_recap_gets_no_figures() -> None:
    facts = resolved_standard()
    stray = make_execution(2, Phase.STEP, "restart", 3, 5, tasks=[make_task("web9")])

    hosts = build(replace(facts, executions=[stray])).steps[0].hosts

    assert [(host.name, host.totals is None) for host in hosts] == [("web1", False), ("web9", True)]


def test_a_locked_runbook_is_left_for_a_person_until_it_is_unlocked() -> None:
    facts = rollback_failed()
    unlocked = facts.story[-1].model_copy(
        update={"id": 50, "at": later(90), "kind": FactKind.RUNBOOK_UNLOCKED}
    )

    assert "is locked" in told(build(facts))
    assert "is locked" not in told(build(replace(facts, story=[*facts.story, unlocked])))


def test_hosts_that_nobody_reached_and_work_without_an_end_are_left_for_a_person() -> None:
    facts = resolved_standard()
    lost = make_execution(
        8,
        Phase.STEP,
        "restart",
        3,
        5,
        tasks=[make_task("web2", outcome=TaskOutcome.UNREACHABLE, diff="")],
    )
    endless = make_execution(9, Phase.STEP, "restart", 6, None, status=ExecutionStatus.INTERRUPTED)
    blind = make_verification(10, Phase.VERIFY, 7, 9, ("web1", CheckOutcome.INCONCLUSIVE, "reset"))

    text = told(build(replace(facts, executions=[lost, endless, blind])))

    assert "could not reach web2" in text
    assert "(execution 9)" in text
    assert "could not look" in text


def test_the_runbook_authors_own_list_comes_last() -> None:
    origins = [item.origin for item in build(rolled_back()).follow_ups]

    assert origins == sorted(origins, key=lambda origin: origin == "runbook")
    assert origins[-1] == "runbook"


def test_a_link_of_the_sender_that_is_no_web_address_is_dropped() -> None:
    facts = resolved_standard()
    evil = facts.incident.model_copy(update={"link": "javascript:alert(1)"})

    assert build(replace(facts, incident=evil)).incident.link is None


@given(seconds=st.floats(min_value=0.001, max_value=10_000_000))
def test_a_later_verification_never_makes_the_repair_look_faster(seconds: float) -> None:
    facts = resolved_standard()
    *others, check = facts.executions
    assert check.ended_at
    slow = check.model_copy(update={"ended_at": check.ended_at + timedelta(seconds=seconds)})

    def verified(found: ReportFacts) -> float:
        time = {t.key: t.seconds for t in build(found).response_times}["verified"]
        assert time is not None
        return time

    assert verified(replace(facts, executions=[*others, slow])) > verified(facts)


@pytest.mark.parametrize(
    ("kind", "ending"),
    [
        (FactKind.AUTONOMY_EARNED, "as the records say."),
        (FactKind.TEMPLATE_SUSPENDED, "approve it anew, or let people go on deciding."),
    ],
)
def test_trust_that_was_earned_or_lost_is_a_follow_up(kind: FactKind, ending: str) -> None:
    facts = resolved_standard()
    fact = facts.story[-1].model_copy(update={"id": 60, "kind": kind, "text": "as the records say"})
    report = build(replace(facts, story=[*facts.story, fact]))
    assert any(each.text.endswith(ending) for each in report.follow_ups)
