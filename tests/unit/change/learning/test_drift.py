from __future__ import annotations

import pytest

from airmend.change.learning.card import ModelCard, Reference
from airmend.change.learning.drift import check_drift
from tests.unit.change.learning.histories import START

CARD = ModelCard(
    version="0123456789abcdef",
    model_sha256="0123456789abcdef" * 4,
    training_data_sha256="d1" * 32,
    training_rows=1_000,
    changes=1_000,
    failures=100,
    first_opened_at=START,
    last_opened_at=START,
    columns={"id": "Change ID"},
    unused_columns=[],
    seed=0,
    slope=1.0,
    intercept=0.0,
    declared_rates={},
    windows=[],
    probabilities=Reference(edges=[0.1], shares=[0.5, 0.5]),
    libraries={},
)
SAME = [0.05, 0.15] * 100


def test_the_same_population_with_kept_promises_breaches_nothing() -> None:
    judged = [(0.1, number % 10 == 0) for number in range(200)]
    found = check_drift(CARD, SAME, judged)
    assert found.psi == 0
    assert found.ece == pytest.approx(0)
    assert found.breaches == []


def test_another_population_is_told_with_its_index() -> None:
    (breach,) = check_drift(CARD, [0.15] * 200, []).breaches
    assert "not those it learned from (PSI" in breach


def test_broken_promises_are_told_with_the_way_back() -> None:
    (breach,) = check_drift(CARD, SAME, [(0.05, number % 2 == 0) for number in range(200)]).breaches
    assert "off by 45.0% on average" in breach
    assert "airmend risk rollback" in breach


def test_too_few_changes_say_nothing() -> None:
    found = check_drift(CARD, [0.15] * 199, [(0.05, True)] * 199)
    assert (found.psi, found.ece, found.breaches) == (None, None, [])
