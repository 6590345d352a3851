"""From a history to a stored model with its card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version

from airmend.change.learning import metrics
from airmend.change.learning.card import Measured, ModelCard, Reference
from airmend.change.learning.fitting import Fitted, Progress, fit
from airmend.change.learning.leaks import refuse_leaks
from airmend.change.learning.past_change import PastChange, digest_of
from airmend.change.learning.reading import History
from airmend.change.learning.splits import Window
from airmend.change.learning.store import ModelStore

_LIBRARIES = ("scikit-learn", "numpy", "scipy", "skops")
_VERSION_DIGITS = 16


def train(
    history: History,
    source: str,
    store: ModelStore,
    *,
    seed: int,
    progress: Progress = lambda _: None,
) -> ModelCard:
    """Fit a model on a history, and store it with its card.

    The same history, seed and libraries give the same version.

    Args:
        history: With outcomes, oldest first.
        source: Where it came from, for messages.
        store: Where the model is kept.
        seed: The only source of chance.
        progress: Told what is done next.

    Raises:
        ConfigurationError: A column leaks the outcome, or too few changes failed.
    """
    known = [change for change in history.changes if change.failed is not None]
    refuse_leaks(known, history.columns, source)
    fitted = fit(known, seed=seed, progress=progress)
    return store.save(fitted.model, lambda digest: _make_card(digest, history, known, fitted, seed))


def _make_card(
    digest: str, history: History, known: Sequence[PastChange], fitted: Fitted, seed: int
) -> ModelCard:
    probabilities = fitted.last_answers
    edges = metrics.quantile_edges(probabilities)
    return ModelCard(
        version=digest[:_VERSION_DIGITS],
        model_sha256=digest,
        training_data_sha256=digest_of(known),
        training_rows=history.rows,
        changes=len(known),
        failures=sum(bool(change.failed) for change in known),
        first_opened_at=known[0].opened_at,
        last_opened_at=known[-1].opened_at,
        columns=history.columns,
        unused_columns=history.unused,
        seed=seed,
        slope=fitted.model.slope,
        intercept=fitted.model.intercept,
        declared_rates=_declared_rates(known),
        windows=[_measured(window, figures) for window, figures in fitted.windows],
        probabilities=Reference(edges=edges, shares=metrics.shares_in(edges, probabilities)),
        libraries={name: version(name) for name in _LIBRARIES},
    )


def _measured(window: Window, figures: metrics.Figures) -> Measured:
    return Measured(starts_at=window.starts_at, train_changes=len(window.train), **vars(figures))


def _declared_rates(changes: Sequence[PastChange]) -> dict[str, float]:
    """Failure rate of each declared risk, drawn a little towards the rate of all."""
    base = sum(bool(change.failed) for change in changes) / len(changes)
    seen = Counter(change.risk_assessment for change in changes)
    failed = Counter(change.risk_assessment for change in changes if change.failed)
    return {name: (failed[name] + base) / (seen[name] + 1) for name in sorted(seen)}
