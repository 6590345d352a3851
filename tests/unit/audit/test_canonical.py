"""Canonical JSON has one form a value, and a salted hash gives nothing away."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.audit.canonical import canonical_json, hash_document, hash_personal, leaf_document
from tests.builders import AT

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=10,
)


def leaf(**override: Any) -> bytes:
    fields: dict[str, Any] = {
        "position": 3,
        "kind": "fact",
        "key": "17",
        "sealed_at": AT,
        "record": {"kind": "run_created"},
        "personal": {"text": b"\x01" * 32},
    }
    return hash_document(leaf_document(**(fields | override)))


@given(values)
def test_whatever_a_sender_sends_has_a_canonical_form(value: Any) -> None:
    text = canonical_json(value)
    again = json.loads(text)
    assert canonical_json(again) == text


@given(st.dictionaries(texts, st.integers()))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


def test_the_example_of_the_standard_comes_out_as_it_says() -> None:
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }
    assert canonical_json(value).decode() == (
        '{"literals":[null,true,false],'
        '"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_numbers_that_javascript_does_not_have_are_told_apart() -> None:
    forms = [canonical_json(each) for each in (2**60, 2**60 + 1, math.nan, math.inf, str(2**60))]
    assert len(set(forms)) == 5
    assert forms[0] == b'{"$number":"1152921504606846976"}'


def test_a_moment_is_the_same_in_every_zone() -> None:
    berlin = AT.astimezone(timezone(timedelta(hours=1)))
    assert canonical_json([berlin]) == canonical_json([AT]) == b'["2026-03-02T09:00:00+00:00"]'


@pytest.mark.parametrize(
    "override",
    [
        {"position": 4},
        {"kind": "decision"},
        {"key": "18"},
        {"sealed_at": datetime(2026, 3, 2, 9, 0, 0, 1, tzinfo=UTC)},
        {"record": {"kind": "run_ended"}},
        {"personal": {"text": b"\x02" * 32}},
        {"personal": {"name": b"\x01" * 32}},
    ],
)
def test_nothing_of_a_leaf_can_be_changed_without_its_hash(override: dict[str, Any]) -> None:
    assert leaf() == leaf()
    assert leaf(**override) != leaf()


@given(st.binary(min_size=16, max_size=16), texts, texts)
def test_a_salted_hash_is_of_one_salt_field_and_value(salt: bytes, one: str, other: str) -> None:
    digest = hash_personal(salt, "by", one)
    assert digest == hash_personal(salt, "by", one)
    assert (digest == hash_personal(salt, "by", other)) == (one == other)
    assert digest != hash_personal(salt, "author", one)
    assert digest != hash_personal(salt[::-1] + b"x", "by", one)
