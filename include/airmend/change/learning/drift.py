"""Whether a model in use still fits: has the population moved, and do its promises still hold.

Needs neither scikit-learn nor the model, only its card and what it said; so a task may import it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airmend.change.learning.card import ModelCard
from airmend.change.learning.metrics import expected_calibration_error, psi, shares_in


@dataclass(frozen=True)
class DriftLimits:
    """From where on somebody has to look; a PSI of 0.25 is the usual sign of another population."""

    psi: float = 0.25
    ece: float = 0.05
    min_changes: int = 200  # below, both figures are noise: chance alone passes the limits


@dataclass(frozen=True)
class Drift:
    """What was measured; None where there were too few changes to say."""

    psi: float | None
    ece: float | None
    breaches: list[str]  # one sentence for each limit that was passed; empty: all is well


def check_drift(
    card: ModelCard,
    probabilities: Sequence[float],
    judged: Sequence[tuple[float, bool]],
    limits: DriftLimits | None = None,
) -> Drift:
    """Compare what a model says now with what it said when it was trained.

    Args:
        card: Of the model.
        probabilities: What it said of recent changes.
        judged: What it said of changes that have ended, and whether they failed.
        limits: Where they are passed, a sentence says so.
    """
    limits = limits or DriftLimits()
    breaches, moved, error = [], None, None
    if len(probabilities) >= limits.min_changes:
        moved = psi(card.probabilities.shares, shares_in(card.probabilities.edges, probabilities))
        if moved > limits.psi:
            breaches.append(
                f"risk model {card.version}: the changes are not those it learned from (PSI "
                f"{moved:.2f}, limit {limits.psi:.2f}). Train it again on newer changes."
            )
    if len(judged) >= limits.min_changes:
        error = expected_calibration_error([y for _, y in judged], [p for p, _ in judged])
        if error > limits.ece:
            breaches.append(
                f"risk model {card.version}: its probabilities are off by {error:.1%} on average "
                f"(limit {limits.ece:.1%}). Train it again, or return with `airmend risk rollback`."
            )
    return Drift(psi=moved, ece=error, breaches=breaches)
