"""What would have to be different for a lower band."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.change.counterfactual import what_would_lower
from airmend.change.model import LearnedScore, RiskBand
from airmend.change.policy import Policy
from airmend.change.risk import score_change
from tests.unit.change.builders import make_change, make_evidence, make_facts, make_outcome


def lowered(hosts: int, **evidence: Any) -> str | None:
    score = score_change(make_change(hosts), make_evidence(**evidence), Policy())
    return what_would_lower(score, hosts, Policy())


def test_a_low_risk_cannot_be_lowered() -> None:
    assert lowered(1) is None


def test_a_critical_function_waits_for_its_first_clean_run() -> None:
    assert lowered(1, service=make_facts(tier=1)) == "after a clean first run: low"


PRACTISED = {
    "service": make_facts(tier=1),
    "history": [make_outcome()],
    "earlier_diff_lines": [9],
}


def most_hosts_with_a_low_risk() -> int:
    evidence = make_evidence(**PRACTISED)
    bands = [score_change(make_change(n), evidence, Policy()).band for n in range(1, 40)]
    return bands.count(RiskBand.LOW)


def test_fewer_hosts_are_named_with_the_largest_number_that_helps() -> None:
    most = most_hosts_with_a_low_risk()
    assert most > 1
    assert lowered(most + 3, **PRACTISED) == f"on {most} hosts instead of {most + 3}: low"


def test_one_host_too_many_is_said_so() -> None:
    assert lowered(most_hosts_with_a_low_risk() + 1, **PRACTISED) == "one host fewer: low"


def test_a_gap_in_the_data_promises_nothing() -> None:
    assert lowered(1, service=make_facts(tier=1), history=None, preflight=None) is None


def test_closing_incidents_is_no_advice_where_nobody_knows_of_any() -> None:
    past = [make_outcome(), make_outcome(days_ago=180, succeeded=False)]
    evidence = {**PRACTISED, "history": past}
    assert lowered(1, **evidence, open_incidents=1) == (
        "once the other incidents on the service are closed: low"
    )
    assert lowered(1, **evidence, open_incidents=None) is None


@pytest.mark.parametrize(
    ("mode", "band", "expected"),
    [
        ("enforcing", RiskBand.HIGH, None),
        ("enforcing", RiskBand.MODERATE, None),
        ("enforcing", RiskBand.LOW, "after a clean first run: low"),
        ("advisory", RiskBand.HIGH, "after a clean first run: low"),
        ("shadow", RiskBand.HIGH, "after a clean first run: low"),
    ],
)
def test_nothing_lowers_what_a_model_that_decides_has_raised(
    mode: str, band: RiskBand, expected: str | None
) -> None:
    score = score_change(make_change(1), make_evidence(service=make_facts(tier=1)), Policy())
    learned = LearnedScore(
        model_version="a" * 64,
        mode=mode,
        probability=0.4,
        band=band,
        features={},
        features_sha256="",
    )
    assert what_would_lower(score.model_copy(update={"learned": learned}), 1, Policy()) == expected


@given(st.integers(2, 40), st.integers(1, 4), st.integers(0, 3))
def test_what_it_says_of_hosts_is_true(hosts: int, tier: int, incidents: int) -> None:
    evidence = make_evidence(service=make_facts(tier=tier), open_incidents=incidents)
    before = score_change(make_change(hosts), evidence, Policy())
    text = what_would_lower(before, hosts, Policy())
    if text is None or "host" not in text:
        return
    words, band = text.split(": ")
    fewer = hosts - 1 if words == "one host fewer" else int(words.split()[1])
    after = score_change(make_change(fewer), evidence, Policy())
    assert after.band.value == band
    assert after.band is not before.band
