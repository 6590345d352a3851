"""The ladder: who may move a runbook where, how far it falls, what speaks for more."""

from __future__ import annotations

import itertools

import pytest
from pydantic import ValidationError

from airmend.change.autonomy import (
    AutonomyPolicy,
    Evidence,
    check_move,
    how_to_promote,
    lowered,
    tell_evidence,
    top_rung,
)
from airmend.change.model import ChangeType
from airmend.change.standard import StandardPolicy
from airmend.errors import StandardChangeError
from airmend.records.standard_model import Autonomy, RunRecord

RUNGS = list(Autonomy)
NOTHING = RunRecord(clean=0, failed=0)


@pytest.mark.parametrize(("now", "wanted"), list(itertools.product(RUNGS, RUNGS)))
@pytest.mark.parametrize("has_template", [True, False])
@pytest.mark.parametrize("top", [Autonomy.APPROVE, Autonomy.AUTO])
def test_up_goes_one_rung_at_a_time_and_down_at_once(
    now: Autonomy, wanted: Autonomy, has_template: bool, top: Autonomy
) -> None:
    up = RUNGS.index(wanted) - RUNGS.index(now)
    allowed = up < 0 or (up == 1 and (wanted is not Autonomy.AUTO or has_template))
    allowed = allowed and RUNGS.index(wanted) <= RUNGS.index(top)
    if allowed:
        check_move("service-down", now, wanted, top=top, has_template=has_template)
    else:
        with pytest.raises(StandardChangeError):
            check_move("service-down", now, wanted, top=top, has_template=has_template)


def test_only_a_runbook_of_standard_changes_reaches_auto() -> None:
    assert top_rung(ChangeType.STANDARD) is Autonomy.AUTO
    assert top_rung(ChangeType.NORMAL) is Autonomy.APPROVE


@pytest.mark.parametrize(
    ("floor", "falls"),
    [
        (Autonomy.APPROVE, ["observe", "propose", "approve", "approve"]),
        (Autonomy.PROPOSE, ["observe", "propose", "propose", "approve"]),
        (Autonomy.OBSERVE, ["observe", "observe", "propose", "approve"]),
    ],
)
def test_a_runbook_falls_one_rung_and_not_below_the_floor(
    floor: Autonomy, falls: list[str]
) -> None:
    policy = AutonomyPolicy(floor=floor)
    assert [lowered(rung, policy).value for rung in RUNGS] == falls


@pytest.mark.parametrize("key", ["default", "floor"])
def test_no_policy_gives_auto_to_all(key: str) -> None:
    with pytest.raises(ValidationError, match="one runbook at a time"):
        AutonomyPolicy.model_validate({key: "auto"})


@pytest.mark.parametrize(
    ("now", "evidence", "enough"),
    [
        (Autonomy.OBSERVE, Evidence(4, 0, NOTHING), False),
        (Autonomy.OBSERVE, Evidence(5, 0, NOTHING), True),
        (Autonomy.PROPOSE, Evidence(9, 2, NOTHING), False),
        (Autonomy.PROPOSE, Evidence(9, 3, NOTHING), True),
        (Autonomy.APPROVE, Evidence(9, 9, RunRecord(clean=27, failed=0)), False),
        (Autonomy.APPROVE, Evidence(9, 9, RunRecord(clean=28, failed=0)), True),
    ],
)
def test_each_rung_has_its_evidence(now: Autonomy, evidence: Evidence, enough: bool) -> None:
    policy = AutonomyPolicy()
    assert tell_evidence(now, evidence, policy, StandardPolicy())[0] is enough


def test_a_promotion_is_proposed_with_the_command_that_makes_it() -> None:
    assert [how_to_promote("x", rung).split(" --")[0] for rung in RUNGS] == [
        "airmend autonomy set x propose",
        "airmend autonomy set x approve",
        "airmend standard approve x",
        "",
    ]
