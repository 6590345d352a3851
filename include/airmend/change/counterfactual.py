"""What would have to be different for a lower band, in one sentence."""

from __future__ import annotations

import math

from airmend.change import factors
from airmend.change.model import RiskBand, RiskFactor, RiskScore
from airmend.change.policy import Policy
from airmend.change.risk import find_band, higher_band, probability_of

ORDER = list(RiskBand)

CONDITIONS = {
    factors.NO_CLEAN_RUN: "after a clean first run",
    factors.DIGEST_CHANGED: "after a clean run of this version",
    factors.OUTSIDE_WINDOW: "inside the change window",
    factors.OVERLAPPING: "once the changes that overlap have ended",
    factors.BY_SIMILARITY: "by a runbook that matches the incident",
    factors.OPEN_INCIDENTS: "once the other incidents on the service are closed",
    factors.SKIPPED_TASKS: "with fewer tasks that check mode skips",
    factors.LARGE_DIFF: "with a diff of the usual size",
    factors.FAILED_PREFLIGHT: "with a preflight that passes",
    factors.PRIVILEGED: "without privilege escalation",
}
"""What people can do about a factor, what costs least first."""


def what_would_lower(score: RiskScore, hosts: int, policy: Policy) -> str | None:
    """The one difference that lowers the band furthest, such as "one host fewer: low".

    Each factor is taken away alone while the rest stays. Missing inputs are left out, as
    nobody knows what they would say. Where several help as much, fewer hosts come first. A
    learned model that may decide keeps the band where it put it: nobody asked it again.

    Args:
        score: The score as recorded.
        hosts: How many hosts the change touches, 1 or more.
        policy: The policy that the score was made with.

    Returns:
        A phrase and the band that it leads to; None where no single difference is enough.
    """
    options = [_with_fewer_hosts(score, hosts, policy)]
    by_name = {factor.name: factor for factor in score.factors if not factor.missing}
    options += [
        (condition, _band_without(score, by_name[name], 0.0, policy))
        for name, condition in CONDITIONS.items()
        if name in by_name
    ]
    kept = score.learned.band if score.learned and score.learned.mode == "enforcing" else ORDER[0]
    held = [(text, kept if is_lower(band, kept) else band) for text, band in options]
    helpful = [(text, band) for text, band in held if is_lower(band, score.band)]
    if not helpful:
        return None
    text, band = min(helpful, key=lambda option: ORDER.index(option[1]))
    return f"{text}: {band.value}"


def _with_fewer_hosts(score: RiskScore, hosts: int, policy: Policy) -> tuple[str, RiskBand]:
    """The largest number of hosts with a lower band, or with the lowest that can be had."""
    factor = next(factor for factor in score.factors if factor.name == factors.HOSTS)
    weights = policy.risk.weights

    def band(count: int) -> RiskBand:
        return _band_without(score, factor, factors.hosts_contribution(count, weights), policy)

    best = band(1)
    fits = max((n for n in range(1, hosts) if band(n) is best), default=hosts)
    if fits == hosts:
        return "", score.band
    if hosts - fits == 1:
        return "one host fewer", best
    return f"on {fits} host{'' if fits == 1 else 's'} instead of {hosts}", best


def _band_without(score: RiskScore, factor: RiskFactor, instead: float, policy: Policy) -> RiskBand:
    others = (other.contribution for other in score.factors if other is not factor)
    total = math.fsum([score.base_log_odds, *others, instead])
    band = find_band(probability_of(total), score.impact, policy.risk)
    return higher_band(band, score.author_band)


def is_lower(band: RiskBand, than: RiskBand) -> bool:
    """Whether a band is milder than another one."""
    return ORDER.index(band) < ORDER.index(than)
