"""The model's word beside the rules: recorded, shown, or able to raise the band."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.change.learning.card import Mode
from airmend.change.learning.combining import combine
from airmend.change.learning.prediction import LearnedRisk
from airmend.change.model import RiskBand, RiskScore
from airmend.change.policy import Policy
from airmend.change.risk import find_band
from tests.unit.change.builders import make_score

BANDS = list(RiskBand)


def said(probability: float) -> LearnedRisk:
    return LearnedRisk("abc", probability, {"numbers": {"items": 1.0}}, "f" * 64)


def make(band: RiskBand) -> RiskScore:
    return make_score(band).model_copy(update={"impact": 2})


@pytest.mark.parametrize(
    ("mode", "band"),
    [
        (Mode.SHADOW, RiskBand.LOW),
        (Mode.ADVISORY, RiskBand.LOW),
        (Mode.ENFORCING, RiskBand.HIGH),
    ],
)
def test_only_an_enforcing_model_raises_the_band(mode: Mode, band: RiskBand) -> None:
    score = combine(make(RiskBand.LOW), said(0.9), mode, Policy())
    assert score.band is band
    assert score.learned is not None
    assert score.learned.band is RiskBand.HIGH
    assert score.learned.mode == mode.value
    assert score.learned.features == {"numbers": {"items": 1.0}}


@given(st.sampled_from(BANDS), st.floats(0.001, 0.999), st.sampled_from(Mode))
def test_no_model_lowers_a_band_and_none_changes_the_rules_own_numbers(
    band: RiskBand, probability: float, mode: Mode
) -> None:
    before = make(band)
    after = combine(before, said(probability), mode, Policy())
    assert BANDS.index(after.band) >= BANDS.index(before.band)
    assert after.probability == before.probability
    assert after.factors == before.factors
    if mode is Mode.ENFORCING:
        highest = max(band, find_band(probability, 2, Policy().risk), key=BANDS.index)
        assert after.band is highest
