"""The model: two scikit-learn pipelines, their mean in log-odds, calibrated on later changes.

A logistic regression of names, and a forest of names and plans, since their mistakes differ
(docs/adr/0013-learned-risk.md). Imports scikit-learn, so it is imported where a
model is fitted or asked and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_selection import VarianceThreshold
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from airmend.change.learning import features
from airmend.change.learning.features import Features
from airmend.change.learning.metrics import Figures, measure
from airmend.change.learning.past_change import PastChange
from airmend.change.learning.splits import MIN_FAILURES, Window, expanding_windows
from airmend.errors import ConfigurationError

TREES = 200
CALIBRATION_HALF_LIFE_DAYS = 30.0
"""How fast outcomes lose weight in the calibration: the next weeks resemble the last ones."""
RARE_NAME_VARIANCE = 3e-4  # a name that fewer than some 4 of 12,789 changes have is no split
_EDGE = 1e-4  # keeps a probability of 0 or 1 at finite log-odds

Progress = Callable[[str], None]


@dataclass(frozen=True)
class RiskModel:
    """What is stored: pipelines by name, and the line that calibrates their mean."""

    members: dict[str, Pipeline]
    slope: float
    intercept: float

    def predict(self, changes: Sequence[PastChange]) -> list[float]:
        """Calibrated chance of failure of each change."""
        return self.predict_rows([features_of(change) for change in changes])

    def predict_rows(self, rows: Sequence[dict[str, Features]]) -> list[float]:
        """The same from features that were kept; see `features_of`."""
        if not rows:
            return []
        line = self.slope * _mean_log_odds(self.members, rows) + self.intercept
        return [1 / (1 + math.exp(-float(value))) for value in line]


@dataclass(frozen=True)
class Fitted:
    """A model and how its kind did on later changes, window by window."""

    model: RiskModel
    windows: list[tuple[Window, Figures]]
    last_answers: list[float]  # of the last window, by members that had not seen it


def features_of(change: PastChange) -> dict[str, Features]:
    """What each member sees of a change."""
    names = features.identity(change)
    return {
        "names": names,
        "forest": names | features.numbers(change),
    }


def fit(changes: Sequence[PastChange], *, seed: int, progress: Progress = lambda _: None) -> Fitted:
    """Fit and calibrate a model on a history.

    For each window, members are fitted on what was opened before it and asked about what was opened
    in it; on those answers the calibration is fitted. The stored members then learn from all.

    Args:
        changes: Oldest first; those without an outcome are left out.
        seed: The forest's only source of chance.
        progress: Told what is done next.

    Raises:
        ConfigurationError: Too few changes failed for two windows.
    """
    known = [change for change in changes if change.failed is not None]
    windows = expanding_windows(known)
    if not windows:
        raise ConfigurationError(
            f"the history: {sum(bool(c.failed) for c in known)} of {len(known)} changes failed, "
            f"too few to learn from and to test. {MIN_FAILURES} must have failed in the earlier "
            "half, and as many in a third of the later half. Export a longer history."
        )
    answers = []
    for number, window in enumerate(windows, start=1):
        progress(
            f"window {number} of {len(windows)}: {len(window.train)} changes before "
            f"{window.starts_at:%Y-%m-%d}, tried on the next {len(window.test)}"
        )
        members = _fit_members(window.train, seed)
        answers.append(_mean_log_odds(members, [features_of(c) for c in window.test]))
    tested = [window.test for window in windows]
    figures: list[Figures] = []
    probabilities: list[float] = []
    for number, window in enumerate(windows):
        # judged with the line of earlier windows alone; the first has none
        a, b = _calibrate(answers[:number], tested[:number]) if number else (1.0, 0.0)
        probabilities = (1 / (1 + np.exp(-(a * answers[number] + b)))).tolist()
        figures.append(measure([bool(c.failed) for c in window.test], probabilities))
    slope, intercept = _calibrate(answers, tested)
    progress(f"the model itself: all {len(known)} changes")
    model = RiskModel(_fit_members(known, seed), slope, intercept)
    return Fitted(model, list(zip(windows, figures, strict=True)), probabilities)


def _pipelines(seed: int) -> dict[str, Pipeline]:
    return {
        "names": Pipeline(
            [
                ("columns", DictVectorizer()),
                ("weights", LogisticRegression(C=0.5, max_iter=3000, tol=1e-3)),
            ]
        ),
        "forest": Pipeline(
            [
                ("columns", DictVectorizer()),
                ("common", VarianceThreshold(RARE_NAME_VARIANCE)),
                (
                    "trees",
                    RandomForestClassifier(
                        TREES, min_samples_leaf=3, max_features=0.1, random_state=seed, n_jobs=2
                    ),
                ),
            ]
        ),
    }


def _fit_members(changes: Sequence[PastChange], seed: int) -> dict[str, Pipeline]:
    members, outcomes = _pipelines(seed), _outcomes(changes)
    rows = [features_of(change) for change in changes]
    for name, pipeline in members.items():
        pipeline.fit([row[name] for row in rows], outcomes)
    # one thread adds the trees up in one order, so that the sum has the same last digit each time
    members["forest"].set_params(trees__n_jobs=1)
    return members


def _outcomes(changes: Sequence[PastChange]) -> Any:
    return np.array([int(bool(change.failed)) for change in changes])


def _mean_log_odds(members: dict[str, Pipeline], rows: Sequence[dict[str, Features]]) -> Any:
    total = np.zeros(len(rows))
    for name in sorted(members):
        p = members[name].predict_proba([row[name] for row in rows])[:, 1]
        total += np.log((p + _EDGE) / (1 - p + _EDGE))
    return total / len(members)


def _calibrate(
    answers: Sequence[Any], tested: Sequence[Sequence[PastChange]]
) -> tuple[float, float]:
    """Slope and intercept of Platt's line through the answers of some windows.

    A slope that would turn the order of the answers round is refused.
    """
    changes = [change for window in tested for change in window]
    last_at = max(change.opened_at for change in changes)
    ages = np.array([(last_at - change.opened_at).total_seconds() / 86_400 for change in changes])
    line = LogisticRegression(C=1e6).fit(
        np.concatenate(answers).reshape(-1, 1),
        _outcomes(changes),
        sample_weight=0.5 ** (ages / CALIBRATION_HALF_LIFE_DAYS),
    )
    slope = float(line.coef_[0, 0])
    return (slope, float(line.intercept_[0])) if slope > 0 else (1.0, 0.0)
