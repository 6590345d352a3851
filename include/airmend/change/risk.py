"""How likely a change is to fail and how bad that would be: an additive, itemised model.

    log-odds(p) = log-odds(base) + sum of the factors' contributions
    band        = limits[impact] applied to p

Pure: the facts come in as `RiskEvidence`. Called by orchestration.
Source: docs/adr/0004-risk-model.md, with the table of bands.
"""

from __future__ import annotations

import math

from airmend.change import factors
from airmend.change.evidence import RiskEvidence
from airmend.change.impact import rate_impact
from airmend.change.model import ChangeRequest, RiskBand, RiskFactor, RiskScore
from airmend.change.policy import Policy
from airmend.change.risk_policy import RiskPolicy, log_odds
from airmend.errors import NoTargetsError


def score_change(change: ChangeRequest, evidence: RiskEvidence, policy: Policy) -> RiskScore:
    """Estimate how likely this change is to fail, and how much harm that would do.

    Args:
        change: What will run and where; at least one target.
        evidence: What is known; None where something could not be had.
        policy: Weights in log-odds per factor, and the limits of the bands.

    Returns:
        Probability in [0, 1], impact 1 to 4 with its reasons, band, and every factor that
        was looked at with its contribution in log-odds, largest first. A missing input
        counts as its worst value and is marked.

    Raises:
        NoTargetsError: The change has no target.
    """
    hosts = len({target.name for target in change.targets})
    if not hosts:
        raise NoTargetsError(
            f"change {change.id} has no targets, so it has no risk either. "
            "Correct the runbook's targets; an empty set never means all hosts."
        )
    past = policy.risk.history
    base = past.prior_failure_rate
    if evidence.history is not None:
        base, _ = factors.failure_rate(evidence.history, evidence.now_at, past)
    found = sorted(_weigh(change, evidence, policy, hosts), key=lambda f: (-f.contribution, f.name))
    total = math.fsum([log_odds(base), *(factor.contribution for factor in found)])
    probability = probability_of(total)
    impact, reasons = rate_impact(evidence)
    return RiskScore(
        probability=probability,
        impact=impact,
        impact_reasons=reasons,
        band=higher_band(find_band(probability, impact, policy.risk), evidence.author_band),
        base_log_odds=log_odds(base),
        factors=found,
        policy_digest=policy.digest,
        author_band=evidence.author_band,
    )


def find_band(probability: float, impact: int, policy: RiskPolicy) -> RiskBand:
    """Band of a chance of failure at an impact: a lookup in the policy's table.

    The table that ships (docs/adr/0004-risk-model.md):

        impact   low below   moderate   high from
        1        35 %                   70 %
        2        20 %                   50 %
        3        12 %                   30 %
        4         8 %                   20 %
    """
    limits = policy.band_limits[impact]
    if probability >= limits.high_from:
        return RiskBand.HIGH
    return RiskBand.MODERATE if probability >= limits.moderate_from else RiskBand.LOW


def higher_band(band: RiskBand, other: RiskBand | None) -> RiskBand:
    """The graver of two bands; the second one may be left open."""
    bands = list(RiskBand)
    return band if other is None else bands[max(bands.index(band), bands.index(other))]


def probability_of(total_log_odds: float) -> float:
    """The inverse of log-odds: 1 / (1 + e^-x)."""
    return 1 / (1 + math.exp(-total_log_odds))


def _weigh(
    change: ChangeRequest, evidence: RiskEvidence, policy: Policy, hosts: int
) -> list[RiskFactor]:
    weights = policy.risk.weights
    return [
        factors.weigh_history(evidence, policy),
        factors.weigh_first_run(evidence, weights),
        factors.weigh_digest(change, evidence, weights),
        factors.weigh_diff(evidence, weights),
        factors.weigh_skipped(evidence.preflight, policy),
        factors.weigh_preflight(evidence.preflight, weights),
        factors.weigh_hosts(hosts, weights),
        factors.weigh_open_incidents(evidence, weights),
        factors.weigh_overlaps(evidence, weights),
        factors.weigh_time(change, evidence, policy),
        factors.weigh_choice(evidence.choice, weights),
        factors.weigh_privilege(evidence.privileged, weights),
        *factors.weigh_topology(evidence, weights),
    ]
