"""Who may say yes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.change.approval import decide_automatically, vote_refusal, why_a_person
from airmend.change.model import ChangeStatus, ChangeType, RiskBand
from airmend.change.policy import POLICY, Policy
from tests.unit.change.builders import make_change, make_ground, make_preflight, make_score

BANDS = list(RiskBand)
AUTHORS = ["robin"]

policies = st.builds(
    Policy,
    automatic_bands_for_standard=st.sampled_from(
        [(), (RiskBand.LOW,), (RiskBand.LOW, RiskBand.MODERATE)]
    ),
    approvers=st.lists(st.sampled_from(["alice", "bob", "robin", "eve"]), unique=True).map(tuple),
)


def test_a_standard_change_of_low_risk_passes_at_once_and_says_why() -> None:
    change = make_change(risk=make_score())
    basis = decide_automatically(change, Policy(), make_preflight(), make_ground())
    record = "28 clean runs of 28, lower bound 0.902, 0.90 asked"
    assert basis == (
        f"standard change of low risk, template 1, {record}, policy {Policy().digest[:12]}"
    )


@pytest.mark.parametrize("band", [RiskBand.MODERATE, RiskBand.HIGH])
def test_a_standard_change_of_more_risk_waits_for_a_person(band: RiskBand) -> None:
    change = make_change(risk=make_score(band))
    assert decide_automatically(change, Policy(), make_preflight(), make_ground()) is None


def test_a_policy_may_ask_for_a_person_in_every_case() -> None:
    policy = Policy(automatic_bands_for_standard=())
    change = make_change(risk=make_score())
    assert decide_automatically(change, policy, make_preflight(), make_ground()) is None


@pytest.mark.parametrize("failed", [True, None])
def test_without_a_preflight_that_passed_a_person_decides(failed: bool | None) -> None:
    preflight = None if failed is None else make_preflight(failed=failed)
    change = make_change(risk=make_score())
    assert decide_automatically(change, Policy(), preflight, make_ground()) is None


@pytest.mark.parametrize("inferred", [["host"], ["service"], ["host", "service"]])
def test_what_was_read_out_of_sentences_is_looked_at_by_a_person(inferred: list[str]) -> None:
    change = make_change(risk=make_score())
    ground = make_ground()
    assert decide_automatically(change, Policy(), make_preflight(), ground, inferred) is None


def test_a_change_without_risk_or_targets_or_after_its_end_never_passes_at_once() -> None:
    for change in (
        make_change(),
        make_change(risk=make_score(), targets=[]),
        make_change(risk=make_score(), status=ChangeStatus.REFUSED),
    ):
        assert decide_automatically(change, Policy(), make_preflight(), make_ground()) is None


def test_without_a_ground_to_stand_on_a_person_decides_and_reads_why() -> None:
    change = make_change(risk=make_score(RiskBand.MODERATE))
    assert decide_automatically(change, Policy(), make_preflight(), None) is None
    assert why_a_person(change, Policy(), None, make_ground(template=None), ["host"]) == [
        "no approved template; airmend standard approve service-down makes one",
        "its risk is moderate",
        "check mode did not run",
        "host was read out of sentences",
    ]
    normal = make_change(change_type=ChangeType.NORMAL)
    reasons = why_a_person(normal, Policy(), make_preflight(), make_ground())
    assert reasons == ["a normal change always asks people"]


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("bob", "requested this change"),
        ("BOB ", "requested this change"),
        ("robin", "author of this runbook"),
        ("\uff52obin", "author of this runbook"),  # full-width r
        ("", "names no user"),
        ("  ", "names no user"),
        (POLICY, "no person"),
        ("eve", "not on the policy's list"),
        ("Alice", "not on the policy's list"),  # another name is another user
    ],
)
def test_an_answer_that_does_not_count_says_why(user: str, reason: str) -> None:
    policy = Policy(approvers=("alice", "bob", "robin"))
    refusal = vote_refusal(user, "bob", AUTHORS, policy)
    assert refusal is not None
    assert reason in refusal


@given(policies, st.sampled_from(ChangeType), st.booleans())
def test_a_higher_band_never_needs_fewer_approvals(
    policy: Policy, change_type: ChangeType, failed: bool
) -> None:
    needed = [
        decide_automatically(
            make_change(change_type=change_type, risk=make_score(band)),
            policy,
            make_preflight(failed=failed),
            make_ground(),
        )
        is None
        for band in BANDS
    ]
    assert needed == sorted(needed)
    assert needed[-1]


@given(
    policies,
    st.sampled_from([ChangeType.NORMAL, ChangeType.EMERGENCY]),
    st.sampled_from(BANDS),
    st.sampled_from(ChangeStatus),
    st.none() | st.booleans().map(lambda failed: make_preflight(failed=failed)),
)
def test_no_combination_approves_a_normal_change_automatically(
    policy: Policy, change_type: ChangeType, band: RiskBand, status: ChangeStatus, preflight: None
) -> None:
    change = make_change(change_type=change_type, risk=make_score(band), status=status)
    assert decide_automatically(change, policy, preflight, make_ground()) is None


names = st.sampled_from(["alice", "bob", "robin", "eve", "Alice", "ROBIN"])


@given(policies, names, st.lists(names, max_size=3))
def test_requester_and_authors_are_never_eligible(
    policy: Policy, requester: str, authors: list[str]
) -> None:
    for user in [requester, *authors, requester.upper()]:
        assert vote_refusal(user, requester, authors, policy) is not None
