"""How a stored model does on changes opened after all it learned from, beside baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airmend.change.learning.card import ModelCard
from airmend.change.learning.fitting import RiskModel
from airmend.change.learning.metrics import Figures, measure, psi, shares_in
from airmend.change.learning.past_change import PastChange
from airmend.change.learning.reading import History
from airmend.errors import ConfigurationError

MODEL, DECLARED, CONSTANT = "model", "declared risk alone", "constant rate"


@dataclass(frozen=True)
class Evaluation:
    """Figures by way of predicting, and what the file was made up of."""

    results: dict[str, Figures]
    changes: int
    left_out_earlier: int  # opened before the end of the training data
    left_out_unknown: int  # without an outcome
    drift_psi: float  # of the probabilities, against those of the training data's end


def evaluate(model: RiskModel, card: ModelCard, history: History, source: str) -> Evaluation:
    """Judge a model on the later changes of a file.

    Only what was known when a change was opened is used: neither the outcomes of the file nor its
    other rows change a probability. Rates of the baselines are those of the training data.

    Raises:
        ConfigurationError: The file holds no later change, or all of them ended alike.
    """
    later = [change for change in history.changes if change.opened_at > card.last_opened_at]
    known = [change for change in later if change.failed is not None]
    if not known:
        raise ConfigurationError(
            f"{source}: no change with an outcome was opened after "
            f"{card.last_opened_at:%Y-%m-%d %H:%M}, where the training data of {card.version} end. "
            "Evaluate on later changes."
        )
    failed = [bool(change.failed) for change in known]
    if len(set(failed)) == 1:
        raise ConfigurationError(
            f"{source}: all {len(known)} later changes ended alike, so nothing can be ranked. "
            "Evaluate on a longer time."
        )
    base = card.failures / card.changes
    probabilities = model.predict(known)
    results = {
        MODEL: measure(failed, probabilities),
        DECLARED: measure(failed, _declared(known, card)),
        CONSTANT: measure(failed, [base] * len(known)),
    }
    seen = shares_in(card.probabilities.edges, probabilities)
    return Evaluation(
        results=results,
        changes=len(known),
        left_out_earlier=len(history.changes) - len(later),
        left_out_unknown=len(later) - len(known),
        drift_psi=psi(card.probabilities.shares, seen),
    )


def _declared(changes: Sequence[PastChange], card: ModelCard) -> list[float]:
    base = card.failures / card.changes
    return [card.declared_rates.get(change.risk_assessment, base) for change in changes]
