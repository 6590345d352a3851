"""Controls: evidenced where records show it, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from inspect import isfunction
from typing import Any

import pytest

from airmend.change.model import ChangeStatus, ChangeType, Verdict, Vote
from airmend.execution.model import ExecutionStatus, Phase
from airmend.incident.model import KillSwitch
from airmend.records.model import FactKind
from airmend.records.sealed import SealState
from airmend.review.annexes import Control, Evidence, Finding
from airmend.review.context import ReportContext
from airmend.review.controls import carried_out, decided, oversight
from airmend.review.controls.mapping import MAPPING, judge, map_controls
from airmend.review.controls.records import Check, Records
from airmend.review.model import ReportFacts
from airmend.review.report import settle
from tests.builders import AT
from tests.unit.review.contexts import make_context
from tests.unit.review.scenarios import (
    approved_on_three_hosts,
    later,
    refused_with_nothing_known,
    rejected,
    resolved_standard,
    rollback_failed,
    rolled_back,
    unmatched,
)

YES, NO = Evidence.EVIDENCED, Evidence.NOT_EVIDENCED


def look(check: Check, facts: ReportFacts, context: ReportContext | None = None) -> Finding:
    return check(Records(settle(facts), context or ReportContext()))


def ruled(facts: ReportFacts, **update: Any) -> ReportFacts:
    assert facts.decision
    return replace(facts, decision=facts.decision.model_copy(update=update))


def changed(facts: ReportFacts, **update: Any) -> ReportFacts:
    assert facts.change
    return replace(facts, change=facts.change.model_copy(update=update))


def signed(facts: ReportFacts, *signers: str) -> ReportFacts:
    update = {
        "id": 98,
        "kind": FactKind.SIGNATURE_CHECKED,
        "text": f"Runbook x is signed by {', '.join(signers)}",
        "evidence": {"signers": list(signers)},
    }
    return replace(facts, story=[*facts.story, facts.story[-1].model_copy(update=update)])


def without(facts: ReportFacts, phase: Phase) -> ReportFacts:
    return replace(facts, executions=[run for run in facts.executions if run.phase is not phase])


def control(controls: list[Control], reference: str) -> Control:
    return {each.reference: each for each in controls}[reference]


def vote(person: str, *, approves: bool = True) -> Vote:
    return Vote(person=person, approves=approves, at=later(5), comment="", content_hash="")


def test_an_approval_of_somebody_else_is_independent_and_is_cited() -> None:
    found = look(decided.approved_by_another, approved_on_three_hosts())
    assert found.result is YES
    assert "sam approved" in found.text
    assert [cite.label for cite in found.citations] == ["fact"]


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(ruled(approved_on_three_hosts(), decided_by="rita"), id="the author"),
        pytest.param(ruled(approved_on_three_hosts(), decided_by="Rita"), id="in capitals"),
        pytest.param(ruled(approved_on_three_hosts(), decided_by="sam, rita"), id="one of two"),
        pytest.param(ruled(approved_on_three_hosts(), votes=[vote("rita")]), id="by vote"),
        pytest.param(changed(approved_on_three_hosts(), requested_by="sam"), id="who asked for it"),
        pytest.param(resolved_standard(), id="the policy"),
        pytest.param(rejected(), id="a no"),
        pytest.param(replace(approved_on_three_hosts(), decision=None), id="no decision"),
        pytest.param(replace(approved_on_three_hosts(), runbook=None), id="authors unknown"),
    ],
)
def test_no_other_approval_is_independent(facts: ReportFacts) -> None:
    assert look(decided.approved_by_another, facts).result is NO


def test_who_said_no_does_not_make_a_quorum_dependent() -> None:
    facts = ruled(approved_on_three_hosts(), votes=[vote("sam"), vote("rita", approves=False)])
    assert look(decided.approved_by_another, facts).result is YES


NOT_SHOWN: list[tuple[Check, ReportFacts]] = [
    (decided.approved_content, changed(resolved_standard(), inputs={"host": "web9"})),
    (decided.approved_content, replace(resolved_standard(), decision=None)),
    (decided.approved_content, ruled(resolved_standard(), verdict=Verdict.REJECTED)),
    (carried_out.purpose_and_scope, replace(resolved_standard(), runbook=None)),
    (carried_out.purpose_and_scope, changed(resolved_standard(), targets=[])),
    (carried_out.expected_outcome, replace(resolved_standard(), runbook=None)),
    (carried_out.fall_back, replace(resolved_standard(), runbook=None)),
    (carried_out.tried_before, without(resolved_standard(), Phase.PREFLIGHT)),
    (carried_out.verified_after, without(resolved_standard(), Phase.VERIFY)),
    (carried_out.verified_after, rolled_back()),
    (decided.risk_assessed, changed(resolved_standard(), risk=None)),
    (decided.content_signed, resolved_standard()),
    (decided.content_signed, signed(resolved_standard())),
    (decided.content_signed, signed(signed(resolved_standard(), "olga"))),
    (carried_out.rolled_back_or_needless, rollback_failed()),
    (carried_out.rolled_back_or_needless, without(rolled_back(), Phase.ROLLBACK_VERIFY)),
    (decided.person_decided, resolved_standard()),
    (decided.person_decided, ruled(rejected(), verdict=Verdict.EXPIRED)),
    (decided.person_decided, replace(resolved_standard(), decision=None)),
    (oversight.stop_looked_at, refused_with_nothing_known()),
    (decided.emergency_reassessed, changed(resolved_standard(), change_type=ChangeType.EMERGENCY)),
    (oversight.logged, replace(resolved_standard(), story=resolved_standard().story[:-2])),
]
SHOWN: list[tuple[Check, ReportFacts]] = [
    (decided.approved_content, resolved_standard()),
    (carried_out.purpose_and_scope, resolved_standard()),
    (carried_out.expected_outcome, resolved_standard()),
    (carried_out.fall_back, resolved_standard()),
    (carried_out.timeline_kept, resolved_standard()),
    (carried_out.verified_after, resolved_standard()),
    (decided.risk_assessed, resolved_standard()),
    (decided.content_signed, signed(resolved_standard(), "olga", "peter")),
    (carried_out.rolled_back_or_needless, rolled_back()),
    (decided.person_decided, approved_on_three_hosts()),
    (decided.person_decided, rejected()),
    (oversight.stop_looked_at, resolved_standard()),
    (oversight.logged, resolved_standard()),
]


def name(value: object) -> str:
    return getattr(value, "__name__", "facts")


@pytest.mark.parametrize(("check", "facts"), NOT_SHOWN, ids=name)
def test_what_records_do_not_show_is_not_evidenced(check: Check, facts: ReportFacts) -> None:
    assert look(check, facts).result is NO


@pytest.mark.parametrize(("check", "facts"), SHOWN, ids=name)
def test_what_records_show_is_evidenced_and_cited(check: Check, facts: ReportFacts) -> None:
    found = look(check, facts)
    assert found.result is YES
    assert found.citations


def test_an_irreversible_change_has_no_fall_back_and_says_why() -> None:
    facts = resolved_standard()
    assert facts.runbook
    runbook = facts.runbook.runbook
    change = runbook.change.model_copy(update={"irreversible": "A restart cannot be taken back."})
    alone = runbook.model_copy(update={"rollback": None, "change": change})
    version = facts.runbook.model_copy(update={"runbook": alone})
    found = look(carried_out.fall_back, replace(facts, runbook=version))
    assert (found.result, "cannot be taken back" in found.text) == (NO, True)


@pytest.mark.parametrize(
    ("skipped", "result"), [(0, YES), (1, Evidence.PARTLY), (5, Evidence.PARTLY)]
)
def test_check_mode_shows_as_much_as_it_could_judge(skipped: int, result: Evidence) -> None:
    facts = resolved_standard()
    preflight = facts.executions[0]
    assert preflight.playbook
    playbook = preflight.playbook.model_copy(update={"tasks_skipped": skipped})
    runs = [preflight.model_copy(update={"playbook": playbook}), *facts.executions[1:]]
    assert look(carried_out.tried_before, replace(facts, executions=runs)).result is result


@pytest.mark.parametrize("update", [{"status": ExecutionStatus.FAILED}, {"ended_at": later(4)}])
def test_check_mode_that_failed_or_came_too_late_shows_nothing(update: dict[str, Any]) -> None:
    facts = resolved_standard()
    runs = [facts.executions[0].model_copy(update=update), *facts.executions[1:]]
    assert look(carried_out.tried_before, replace(facts, executions=runs)).result is NO


def test_who_signed_is_named_with_the_content() -> None:
    found = look(decided.content_signed, signed(resolved_standard(), "olga"))
    assert found.text == "Runbook x is signed by olga."
    assert [cite.label for cite in found.citations] == ["fact", "runbook digest"]


def test_a_step_without_an_end_has_no_times() -> None:
    facts = resolved_standard()
    runs = [facts.executions[1].model_copy(update={"ended_at": None})]
    assert look(carried_out.timeline_kept, replace(facts, executions=runs)).result is NO


def test_the_review_of_an_emergency_change_is_evidence() -> None:
    facts = changed(resolved_standard(), change_type=ChangeType.EMERGENCY)
    fact = facts.story[-1].model_copy(update={"id": 99, "kind": FactKind.REVIEW_COMPLETED})
    found = look(decided.emergency_reassessed, replace(facts, story=[*facts.story, fact]))
    assert (found.result, found.citations[0].value) == (YES, "99")


@pytest.mark.parametrize(
    ("seal", "result"),
    [
        (None, NO),
        (SealState(9, 0, None, None), NO),
        (SealState(9, 0, 100, AT), NO),
        (SealState(9, 8, 100, AT), Evidence.PARTLY),
        (SealState(9, 9, 100, AT), YES),
    ],
)
def test_only_what_lies_below_a_checkpoint_is_sealed(
    seal: SealState | None, result: Evidence
) -> None:
    assert look(oversight.sealed, resolved_standard(), make_context(seal=seal)).result is result


def switch(is_on: bool, days_ago: float) -> KillSwitch:
    return KillSwitch(is_on=is_on, by="olga", reason="drill", at=AT - timedelta(days=days_ago))


@pytest.mark.parametrize(
    ("entries", "result"),
    [
        ([], NO),
        ([switch(True, 10)], NO),  # never released
        ([switch(False, 9)], NO),
        ([switch(False, 9), switch(True, 10)], YES),
        ([switch(False, 364), switch(True, 365)], YES),
        ([switch(False, 364), switch(True, 365.001)], NO),
        ([switch(False, -2), switch(True, -1)], NO),  # after the change
        ([switch(True, 1), switch(False, 9), switch(True, 10)], NO),  # still on
    ],
)
def test_a_drill_is_a_stop_and_a_release_within_a_year(
    entries: list[KillSwitch], result: Evidence
) -> None:
    context = make_context(switches=entries)
    assert look(oversight.stop_drilled, resolved_standard(), context).result is result


def test_a_change_that_did_all_evidences_all_that_applies() -> None:
    facts = approved_on_three_hosts()
    ended = facts.story[-1].model_copy(update={"id": 99, "kind": FactKind.CHANGE_ENDED})
    preflight = facts.executions[0]
    assert preflight.playbook
    playbook = preflight.playbook.model_copy(update={"tasks_skipped": 0})
    runs = [preflight.model_copy(update={"playbook": playbook}), *facts.executions[1:]]
    whole = signed(replace(facts, story=[*facts.story, ended], executions=runs), "olga")
    results = {c.reference: c.result for c in map_controls(settle(whole), make_context())}
    emergency = results.pop("Article 17(1)(g)")
    assert emergency is Evidence.NOT_APPLICABLE
    assert set(results.values()) == {YES}


def test_a_change_of_which_nothing_is_known_evidences_nothing() -> None:
    controls = map_controls(refused_with_nothing_known(), ReportContext())
    assert {each.result for each in controls} <= {NO, Evidence.NOT_APPLICABLE, Evidence.PARTLY}
    assert control(controls, "Article 17(1)(b)").result is NO
    assert not [each for each in controls if each.result is YES]


def test_without_a_change_there_is_nothing_to_map() -> None:
    assert map_controls(unmatched(), make_context()) == []


def test_every_check_is_used_and_every_requirement_is_named() -> None:
    used = {check.__name__ for *_, looked_for in MAPPING for check in looked_for}
    written = {
        check
        for checks in (carried_out, decided, oversight)
        for check, value in vars(checks).items()
        if isfunction(value) and value.__annotations__.get("return") == "Finding"
    }
    assert used == written
    assert all(framework and text for framework, _, text, _ in MAPPING)


@pytest.mark.parametrize(
    ("results", "together"),
    [
        ([YES, YES], YES),
        ([YES, NO], Evidence.PARTLY),
        ([NO, NO], NO),
        ([YES, Evidence.NOT_APPLICABLE], YES),
        ([NO, Evidence.NOT_APPLICABLE], NO),
        ([Evidence.PARTLY, YES], Evidence.PARTLY),
        ([Evidence.NOT_APPLICABLE], Evidence.NOT_APPLICABLE),
    ],
)
def test_a_requirement_is_met_only_where_all_is_shown(
    results: list[Evidence], together: Evidence
) -> None:
    assert judge([Finding(result=result, text="") for result in results]) is together


def test_statuses_of_the_records_are_not_taken_for_evidence() -> None:
    facts = without(changed(resolved_standard(), status=ChangeStatus.SUCCEEDED), Phase.VERIFY)
    assert look(carried_out.verified_after, facts).result is NO
