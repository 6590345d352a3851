"""What a trained model may do to a score: be recorded, be shown, raise the band; never lower it."""

from __future__ import annotations

from airmend.change.counterfactual import is_lower
from airmend.change.learning.card import Mode
from airmend.change.learning.prediction import LearnedRisk
from airmend.change.model import LearnedScore, RiskScore
from airmend.change.policy import Policy
from airmend.change.risk import find_band


def combine(score: RiskScore, learned: LearnedRisk, mode: Mode, policy: Policy) -> RiskScore:
    """The score with what the model said; in the mode `enforcing` the higher band of the two wins.

    Args:
        score: By the policy's rules.
        learned: The model's word on the same change.
        mode: How much it may say.
        policy: Its limits turn the model's chance into a band, at the impact of the score.
    """
    band = find_band(learned.probability, score.impact, policy.risk)
    said = LearnedScore(
        model_version=learned.model_version,
        mode=mode.value,
        probability=learned.probability,
        band=band,
        features=learned.features,
        features_sha256=learned.features_sha256,
    )
    raised = mode is Mode.ENFORCING and is_lower(score.band, band)
    return score.model_copy(update={"learned": said, **({"band": band} if raised else {})})
