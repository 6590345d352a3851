from __future__ import annotations

from dataclasses import replace

import pytest

from airmend.change.learning.fitting import Fitted, RiskModel, fit
from airmend.change.learning.metrics import measure
from airmend.change.learning.stored_form import dump_model
from airmend.errors import ConfigurationError
from tests.unit.change.learning.histories import RISKY, make_history, make_past_change


def test_the_risky_type_is_found_and_its_rate_is_about_right(fitted: Fitted) -> None:
    risky, routine = fitted.model.predict(
        [make_past_change(5_000, change_type=RISKY), make_past_change(5_001)]
    )
    assert risky == pytest.approx(0.4, abs=0.15)
    assert routine < 0.1


def test_later_changes_that_it_never_saw_are_ranked_and_calibrated(fitted: Fitted) -> None:
    later = make_history(3_000, seed=1)[1_500:]
    figures = measure([bool(c.failed) for c in later], fitted.model.predict(later))
    assert figures.roc_auc > 0.8
    assert figures.ece < 0.04


def test_a_prediction_depends_on_no_other_row(fitted: Fitted) -> None:
    changes = make_history(40)
    together = fitted.model.predict(changes)
    flipped = [replace(change, failed=not change.failed) for change in changes]
    assert fitted.model.predict(flipped) == together
    assert [fitted.model.predict([change])[0] for change in changes] == pytest.approx(together)


def test_the_same_history_and_seed_give_the_same_bytes(fitted: Fitted) -> None:
    content = dump_model(fitted.model)
    assert dump_model(fit(make_history(1_500), seed=0).model) == content
    assert dump_model(fit(make_history(1_500), seed=1).model) != content


def test_every_window_was_tried_on_changes_after_those_it_learned_from(fitted: Fitted) -> None:
    assert len(fitted.windows) == 3
    for window, figures in fitted.windows:
        assert window.train[-1].opened_at < window.test[0].opened_at
        assert figures.changes == len(window.test)


def test_a_history_with_too_few_failures_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"of 60 changes failed, too few.*longer history"):
        fit(make_history(60), seed=0)


def test_an_empty_list_has_no_probabilities(fitted: Fitted) -> None:
    model: RiskModel = fitted.model
    assert model.predict([]) == []
