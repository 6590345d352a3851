from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from airmend.change.learning import metrics

SCORES = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])), min_size=2
).filter(lambda pairs: len({y for y, _ in pairs}) == 2)


@given(SCORES)
def test_figures_are_those_of_scikit_learn_with_equal_scores_too(
    pairs: list[tuple[bool, float]],
) -> None:
    failed, scores = [y for y, _ in pairs], [p for _, p in pairs]
    assert metrics.pr_auc(failed, scores) == pytest.approx(average_precision_score(failed, scores))
    assert metrics.roc_auc(failed, scores) == pytest.approx(roc_auc_score(failed, scores))
    assert metrics.brier(failed, scores) == pytest.approx(brier_score_loss(failed, scores))


def test_calibration_error_is_the_mean_distance_over_ten_bins() -> None:
    # bin 0: two at 0.05, none failed; bin 9: two at 1, one failed
    error = metrics.expected_calibration_error([False, False, True, False], [0.05, 0.05, 1, 1])
    assert error == pytest.approx(0.5 * 0.05 + 0.5 * 0.5)


def test_the_riskiest_changes_catch_their_share_of_the_failures() -> None:
    failed = [True, False, True, False, False, False, False, False, False, True]
    scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05]
    assert metrics.share_caught(failed, scores, 0.1) == pytest.approx(1 / 3)
    assert metrics.share_caught(failed, scores, 0.5) == pytest.approx(2 / 3)


@given(st.permutations([True, True, False, False, False, False, False, False, False, False]))
def test_the_order_of_the_file_cannot_flatter_a_constant_score(failed: list[bool]) -> None:
    assert metrics.share_caught(failed, [0.5] * 10, 0.1) == pytest.approx(0.1)


def test_changes_that_all_ended_alike_cannot_be_ranked() -> None:
    with pytest.raises(ValueError, match="ended alike"):
        metrics.measure([False, False], [0.1, 0.2])


def test_psi_is_zero_for_the_same_shares_and_large_for_others() -> None:
    assert metrics.psi([0.5, 0.5], [0.5, 0.5]) == 0
    assert metrics.psi([0.5, 0.5], [0.1, 0.9]) == pytest.approx(0.8789, abs=1e-4)
    assert metrics.psi([0.5, 0.5], [0, 1]) < 10


@given(st.lists(st.floats(0, 1), min_size=10))
def test_values_fall_into_bins_that_add_up_to_one(values: list[float]) -> None:
    edges = metrics.quantile_edges(values)
    assert sum(metrics.shares_in(edges, values)) == pytest.approx(1)
    assert edges == sorted(set(edges))
