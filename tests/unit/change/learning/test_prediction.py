from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from airmend.change.learning.fitting import Fitted
from airmend.change.learning.prediction import (
    LearnedRisk,
    history_of,
    predict_change,
    recompute,
    to_past_change,
)
from airmend.change.learning.stored_form import dump_model, load_model
from airmend.change.model import ChangeStatus
from tests.unit.change.builders import make_change


def test_a_stored_prediction_is_recomputed_to_the_same_number(fitted: Fitted) -> None:
    told = predict_change(fitted.model, "v1", make_change(3), "shop")
    assert 0 < told.probability < 1
    stored = LearnedRisk(**json.loads(json.dumps(asdict(told))))
    loaded = load_model(dump_model(fitted.model), "model.skops")
    assert recompute(loaded, stored) == told.probability


def test_features_have_a_digest_that_changes_with_the_change(fitted: Fitted) -> None:
    one = predict_change(fitted.model, "v1", make_change(1), "shop")
    two = predict_change(fitted.model, "v1", make_change(2), "shop")
    assert one.features_sha256 != two.features_sha256


def test_what_comes_after_the_request_changes_no_feature(fitted: Fitted) -> None:
    asked = predict_change(fitted.model, "v1", make_change(), "shop")
    ended = make_change(status=ChangeStatus.FAILED, reason="it did not help")
    assert predict_change(fitted.model, "v1", ended, "shop") == asked


@pytest.mark.parametrize(
    ("status", "failed"),
    [
        (ChangeStatus.SUCCEEDED, False),
        (ChangeStatus.ROLLED_BACK, True),
        (ChangeStatus.FAILED, True),
    ],
)
def test_our_own_changes_become_a_history(status: ChangeStatus, failed: bool) -> None:
    (change,) = history_of([(make_change(2, status=status), "shop")]).changes
    assert change.failed is failed
    assert change.change_type == "service-down"
    assert change.items == {"web-1", "web-2"}
    assert change.services == {"shop"}


@pytest.mark.parametrize(
    "status", [ChangeStatus.REFUSED, ChangeStatus.REJECTED, ChangeStatus.EXECUTING]
)
def test_a_change_that_did_nothing_or_goes_on_is_no_outcome(status: ChangeStatus) -> None:
    assert history_of([(make_change(status=status), "shop")]).changes == []


def test_a_change_of_an_unnamed_service_has_none() -> None:
    assert to_past_change(make_change(), "").services == frozenset()
