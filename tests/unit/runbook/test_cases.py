"""Runbook cases: which differences between the expected and the real plan are found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airmend.expressions import FACT_FIELDS
from airmend.runbook.cases import Case, CaseIncident, Expectation, run_case
from tests.builders import make_runbook_version

_INCIDENT = {
    "name": "ServiceDown",
    "service": "shop",
    "host": "web1",
    "labels": {"job": "shop"},
}


def _case(expect: dict[str, Any], **override: Any) -> Case:
    incident = CaseIncident.model_validate(_INCIDENT | override)
    return Case(Path("cases/it_is_down.yaml"), incident, Expectation.model_validate(expect))


def test_a_case_has_the_facts_of_an_incident() -> None:
    assert tuple(_case({"match": True}).incident.facts()) == FACT_FIELDS


def test_a_case_is_named_by_its_file() -> None:
    assert _case({"match": True}).name == "it is down"


def test_a_plan_as_expected_has_no_difference() -> None:
    expect = {
        "match": True,
        "inputs": {"host": "web1", "service": "shop"},
        "steps": ["restart"],
        "change_type": "standard",
    }
    assert run_case(_case(expect), make_runbook_version()) == []


@pytest.mark.parametrize(
    ("expect", "difference"),
    [
        ({"inputs": {"host": "web1"}}, "'inputs' should be {'host': 'web1'}"),
        ({"steps": ["restart", "check"]}, "'steps' should be ['restart', 'check']"),
        ({"change_type": "normal"}, "'change_type' should be normal, the plan has standard"),
    ],
)
def test_a_part_of_the_plan_that_differs_is_said(expect: dict[str, Any], difference: str) -> None:
    (found,) = run_case(_case({"match": True} | expect), make_runbook_version())
    assert found.startswith(difference)


def test_a_match_that_was_not_expected_is_a_difference() -> None:
    assert run_case(_case({"match": False}), make_runbook_version()) == [
        "it should not match, but it does"
    ]


def test_a_rejection_that_was_not_expected_is_said_with_its_reason() -> None:
    (found,) = run_case(_case({"match": True}, name="Other"), make_runbook_version())
    assert found == "it should match, but: incident.name == 'ServiceDown' is not true"


def test_a_rejection_for_another_reason_is_a_difference() -> None:
    case = _case({"match": False, "rejection": "host"}, name="Other")
    (found,) = run_case(case, make_runbook_version())
    assert found.startswith("the rejection should hold 'host', it is: incident.name")
    case = _case({"match": False, "rejection": "is not true"}, name="Other")
    assert run_case(case, make_runbook_version()) == []


def test_a_rival_that_claims_the_same_incident_is_found() -> None:
    rival = make_runbook_version(id="rival")
    (found,) = run_case(_case({"match": True}), make_runbook_version(), [rival])
    assert "'rival' and 'service-down' match equally well" in found


@pytest.mark.parametrize(
    "expect",
    [
        {"match": True, "rejection": "x"},
        {"match": False, "steps": ["restart"]},
        {"match": False, "inputs": {}},
    ],
)
def test_an_expectation_that_contradicts_itself_is_a_mistake(expect: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="remove"):
        Expectation.model_validate(expect)
