"""The numbers of the risk model, as the policy file gives them: weights, history, bands.

Refuses what would break the laws of the model (docs/adr/0004-risk-model.md).
"""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field, model_validator

from airmend.change.policy_part import Part


def log_odds(probability: float) -> float:
    """ln(p / (1 - p)), for 0 < p < 1."""
    return math.log(probability / (1 - probability))


Weight = Annotated[float, Field(ge=0, le=5)]
"""Log-odds; never below 0, so that no observation and no gap can lower the risk."""

Probability = Annotated[float, Field(gt=0, lt=1)]


class Weights(Part):
    """Log-odds that each factor adds to the chance of failure; docs/adr/0004-risk-model.md."""

    no_clean_run: Weight = 0.7
    digest_changed: Weight = 0.5
    large_diff: Weight = 0.6
    skipped_tasks: Weight = 0.5
    failed_preflight: Weight = 1.0
    hosts_doubled: Weight = 0.3  # each time the number of hosts doubles ...
    hosts_at_most: Weight = 1.5  # ... up to this
    open_incident: Weight = 0.5
    overlapping_change: Weight = 0.8
    outside_window: Weight = 0.4
    matched_by_similarity: Weight = 0.5  # a person chose the runbook; its `match` does not hold
    privileged: Weight = 0.2
    unknown_service: Weight = 0.7
    unlisted_hosts: Weight = 0.3


class HistoryPolicy(Part):
    """How a runbook's past counts."""

    prior_failures: float = Field(default=1.0, gt=0)
    prior_successes: float = Field(default=19.0, gt=0)
    half_life_days: float = Field(default=90.0, gt=0)
    worst_failure_rate: Probability = 0.5  # a worse past, or an unreadable one, counts as this

    @property
    def prior_failure_rate(self) -> float:
        """Chance of failure of a runbook that nothing is known about."""
        return self.prior_failures / (self.prior_failures + self.prior_successes)

    @model_validator(mode="after")
    def _worst_is_worse_than_the_prior(self) -> HistoryPolicy:
        if self.worst_failure_rate < self.prior_failure_rate:
            raise ValueError(
                f"worst_failure_rate is below the prior {self.prior_failure_rate:.3f}; raise it, "
                "or an unreadable history would look better than none."
            )
        return self


class BandLimits(Part):
    """From which chance of failure on a change of one impact is moderate, and high."""

    moderate_from: Probability
    high_from: Probability

    @model_validator(mode="after")
    def _limits_rise(self) -> BandLimits:
        if self.moderate_from > self.high_from:
            raise ValueError("moderate_from is above high_from; swap them.")
        return self


def _default_limits() -> dict[int, BandLimits]:
    return {
        1: BandLimits(moderate_from=0.35, high_from=0.70),
        2: BandLimits(moderate_from=0.20, high_from=0.50),
        3: BandLimits(moderate_from=0.12, high_from=0.30),
        4: BandLimits(moderate_from=0.08, high_from=0.20),
    }


class RiskPolicy(Part):
    """Numbers of the risk model."""

    weights: Weights = Weights()
    history: HistoryPolicy = HistoryPolicy()
    skipped_share: float = Field(default=0.2, ge=0, lt=1)  # more of the tasks than this
    band_limits: dict[int, BandLimits] = Field(default_factory=_default_limits)  # by impact

    @model_validator(mode="after")
    def _limits_hold_the_laws(self) -> RiskPolicy:
        if sorted(self.band_limits) != [1, 2, 3, 4]:
            raise ValueError("band_limits needs exactly the impacts 1, 2, 3 and 4; complete it.")
        for impact in (1, 2, 3):
            milder, graver = self.band_limits[impact], self.band_limits[impact + 1]
            if graver.moderate_from > milder.moderate_from or graver.high_from > milder.high_from:
                raise ValueError(
                    f"band_limits of impact {impact + 1} are above those of {impact}; lower them, "
                    "or a graver change would need less care."
                )
        # a service that is not in the topology counts as impact 3 and could be a 4
        three, four = self.band_limits[3], self.band_limits[4]
        gap = max(
            log_odds(three.moderate_from) - log_odds(four.moderate_from),
            log_odds(three.high_from) - log_odds(four.high_from),
        )
        if self.weights.unknown_service < gap:
            raise ValueError(
                f"weights.unknown_service is below {gap:.2f}, the distance between the limits of "
                "impact 3 and 4; raise it, or leaving a service out would lower its risk."
            )
        return self
