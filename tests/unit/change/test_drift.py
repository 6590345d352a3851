"""What an approval is bound to, and how a difference is told."""

from __future__ import annotations

from typing import Any

import pytest

from airmend.change.drift import describe_drift, is_no_graver
from airmend.change.foreseen import digest_foreseen
from airmend.change.model import ChangeContent, ChangeRequest, RiskBand, RiskFactor
from airmend.execution.model import TaskEvidence, TaskOutcome
from tests.unit.change.builders import (
    DIGEST,
    NOW,
    OTHER_DIGEST,
    make_change,
    make_playbook,
    make_score,
    make_targets,
)


def make_factor(name: str, contribution: float = 0.3) -> RiskFactor:
    return RiskFactor(name=name, input="seen", source="records", contribution=contribution)


def make_content(**override: Any) -> ChangeContent:
    fields: dict[str, Any] = {
        "runbook": DIGEST,
        "targets": ["web-1", "web-2"],
        "inputs": {"host": "web-1"},
        "band": RiskBand.LOW,
        "impact": 2,
        "raised_by": ["hosts touched"],
        "foreseen": {"restart, web-1, Write the file": "a" * 64},
    }
    return ChangeContent(**fields | override)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ({"runbook": OTHER_DIGEST}, ["the runbook is d2d2d2d2d2d2, was d1d1d1d1d1d1"]),
        (
            {"targets": ["web-2", "web-3"]},
            ["targets: web-3 came", "targets: web-1 went"],
        ),
        ({"inputs": {"host": "web-1", "unit": "shop"}}, ["other inputs: unit"]),
        ({"band": RiskBand.HIGH}, ["the risk is high, was low"]),
        ({"impact": 4}, ["the impact is 4, was 2"]),
        ({"raised_by": []}, ["what raises the risk: hosts touched went"]),
        ({"foreseen": {}}, ["what would change: restart, web-1, Write the file went"]),
        (
            {"foreseen": {"restart, web-1, Write the file": "b" * 64}},
            ["another diff: restart, web-1, Write the file"],
        ),
    ],
)
def test_every_part_is_bound_and_its_difference_is_told(
    override: dict[str, Any], told: list[str]
) -> None:
    asked, now = make_content(), make_content(**override)
    assert asked.digest() != now.digest()
    assert describe_drift(asked, now) == told


def test_no_difference_is_told_of_the_same_content() -> None:
    assert describe_drift(make_content(), make_content()) == []
    assert make_content().digest() == make_content().digest()


def test_of_many_differences_some_are_named() -> None:
    many = make_content(targets=[f"web-{n}" for n in range(1, 10)])
    assert describe_drift(make_content(), many) == [
        "targets: web-3; web-4; web-5; web-6; web-7 and 2 more came"
    ]


def with_risk(**override: Any) -> ChangeRequest:
    return make_change(risk=make_score().model_copy(update=override))


def test_the_order_of_targets_and_the_wording_of_a_factor_are_no_difference() -> None:
    score = make_score()
    words = [factor.model_copy(update={"input": "Wed 11:00"}) for factor in score.factors]
    hosts = make_targets(3)
    first = make_change(risk=score, targets=hosts)
    second = make_change(
        risk=score.model_copy(update={"factors": words, "probability": 0.5}), targets=hosts[::-1]
    )
    assert first.content_hash() == second.content_hash()


def test_another_factor_another_band_and_another_impact_are_a_difference() -> None:
    more = RiskFactor(name="other open incidents", input="1", source="records", contribution=0.5)
    factors = [*make_score().factors, more]
    changes = [with_risk(), with_risk(factors=factors), with_risk(band=RiskBand.HIGH)]
    changes += [with_risk(impact=4), make_change()]
    assert len({change.content_hash() for change in changes}) == len(changes)


def task(diff: str, **override: Any) -> TaskEvidence:
    fields: dict[str, Any] = {
        "event_id": "e1",
        "at": NOW,
        "host": "web-1",
        "task": "Write the file",
        "outcome": TaskOutcome.CHANGED,
        "diff": diff,
    }
    return TaskEvidence(**fields | override)


def test_the_names_of_temporary_files_are_no_difference() -> None:
    once = make_playbook(tasks=[task("--- /tmp/a1\n+++ /tmp/a2\n-old\n+new")])
    again = make_playbook(tasks=[task("--- /tmp/b1\n+++ /tmp/b2\n-old\n+new")])
    other = make_playbook(tasks=[task("--- /tmp/a1\n+++ /tmp/a2\n-old\n+newer")])
    assert digest_foreseen({"step": once}) == digest_foreseen({"step": again})
    assert digest_foreseen({"step": once}) != digest_foreseen({"step": other})


def test_a_change_without_a_diff_is_foreseen_too_and_one_that_is_none_is_not() -> None:
    tasks = [task(""), task("", host="web-2", outcome=TaskOutcome.SKIPPED)]
    assert list(digest_foreseen({"step": make_playbook(tasks=tasks)})) == [
        "step, web-1, Write the file"
    ]


def test_a_task_that_runs_twice_is_foreseen_twice() -> None:
    tasks = [task("+a"), task("+b")]
    assert list(digest_foreseen({"step": make_playbook(tasks=tasks)})) == [
        "step, web-1, Write the file",
        "step, web-1, Write the file (2)",
    ]


@pytest.mark.parametrize(
    ("override", "graver"),
    [
        ({}, False),
        ({"band": RiskBand.LOW}, False),
        ({"band": RiskBand.HIGH}, True),
        ({"impact": 1}, False),
        ({"impact": 3}, True),
        ({"factors": []}, False),
        ({"factors": [make_factor("hosts touched"), make_factor("large diff", 0.0)]}, False),
        ({"factors": [make_factor("hosts touched"), make_factor("large diff")]}, True),
    ],
)
def test_a_risk_is_graver_by_its_band_its_impact_or_another_reason(
    override: dict[str, Any], graver: bool
) -> None:
    asked = make_score(RiskBand.MODERATE).model_copy(
        update={"impact": 2, "factors": [make_factor("hosts touched")]}
    )
    assert is_no_graver(asked.model_copy(update=override), asked) is not graver
