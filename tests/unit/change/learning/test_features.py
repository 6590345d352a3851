from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.change.learning import features
from airmend.change.learning.past_change import digest_of
from tests.unit.change.learning.histories import make_history, make_past_change


@given(st.sampled_from([True, False, None]))
def test_the_outcome_is_no_feature(failed: bool | None) -> None:
    change = make_past_change(5, failed=None)
    later = replace(change, failed=failed)
    assert features.identity(later) == features.identity(change)
    assert features.numbers(later) == features.numbers(change)


def test_the_id_is_no_feature() -> None:
    change = make_past_change(5)
    assert features.identity(replace(change, id="other")) == features.identity(change)


def test_many_items_share_the_weight_of_their_names() -> None:
    change = make_past_change(items=frozenset({"a", "b", "c", "d"}))
    found = features.identity(change)
    assert found["item=a"] == 0.5
    assert sum(found[f"item={name}"] ** 2 for name in "abcd") == 1


def test_plans_are_spans_in_days() -> None:
    change = make_past_change()
    opened_at = change.opened_at
    planned = replace(
        change,
        planned_start_at=opened_at + timedelta(days=2),
        planned_end_at=opened_at + timedelta(days=2, hours=6),
        requested_end_at=opened_at + timedelta(days=3),
    )
    found = features.numbers(planned)
    assert (found["lead days"], found["duration days"], found["slack days"]) == (2, 0.25, 0.75)


def test_a_change_without_a_plan_has_spans_of_nothing() -> None:
    found = features.numbers(make_past_change(planned_start_at=None, planned_end_at=None))
    assert (found["lead days"], found["duration days"], found["slack days"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("name", "family"),
    [("Standard Change Type 81", "Standard Change Type"), ("Patch", "Patch"), ("", "")],
)
def test_a_type_without_its_number_is_a_family(name: str, family: str) -> None:
    assert features.family_of(name) == family


def test_a_digest_depends_on_values_and_not_on_order() -> None:
    history = make_history(20)
    assert digest_of(history) == digest_of(history[::-1])
    other = [replace(history[0], services=frozenset({"cart"})), *history[1:]]
    assert digest_of(history) != digest_of(other)
