"""Labels from several places, and the one value among several."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.incident.labels import (
    join_values,
    last_segment,
    merge_labels,
    only_word,
    read_machine,
    read_pairs,
)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (7, "7"),
        (True, "true"),
        (["a", "b", "a", "", None, {"c": 1}], "a,b"),
        ([], ""),
        (None, ""),
        ({"a": "b"}, ""),
    ],
)
def test_several_values_become_one_text(value: Any, text: str) -> None:
    assert join_values(value) == text


def test_the_first_part_that_has_a_name_says_what_counts() -> None:
    merged = merge_labels({"a": "1", "b": ""}, {"a": "2", "b": ["x", "y"], "c": None, " ": "z"})
    assert merged == {"a": "1", "b": "x,y"}


@pytest.mark.parametrize(
    "pairs",
    [
        [["host", "web1"], ["zone", "a"], ["zone", "b"]],
        [{"name": "host", "value": "web1"}, {"Name": "zone", "Value": ["a", "b"]}],
        [{"key": "host", "value": "web1"}, ("zone", "a"), ["zone", "b"], ["one"], 7, None, {}],
    ],
)
def test_pairs_in_any_form_become_the_same_labels(pairs: Any) -> None:
    assert read_pairs(pairs) == {"host": "web1", "zone": "a,b"}


@pytest.mark.parametrize(
    ("value", "word"),
    [("a", "a"), (["a", "a"], "a"), (["a", "n/a", None], "a"), (["a", "b"], ""), ({"a": 1}, "")],
)
def test_a_word_is_only_taken_where_all_say_the_same(value: Any, word: str) -> None:
    assert only_word(value) == word


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("web1:9100", "web1"),
        (["web1"], "web1"),
        ("https://shop.example:8443/cart", "shop.example"),
        ("Production Web Server", None),
        ("projects/1/instances/web1", None),
        ("i-1,i-2", None),
        ("{{ host }}", None),
        (None, None),
    ],
)
def test_a_machine_is_one_name(value: Any, host: str | None) -> None:
    assert read_machine(value) == host


@pytest.mark.parametrize(
    ("path", "name"), [("a/b/c", "c"), ("a/b/", "b"), ("c", "c"), ("", ""), (None, "")]
)
def test_a_path_ends_in_a_name(path: Any, name: str) -> None:
    assert last_segment(path) == name


@given(anything)
def test_whatever_comes_becomes_text(value: Any) -> None:
    for text in (join_values(value), only_word(value), last_segment(value)):
        text.encode()
    for name, text in (merge_labels({"a": value}) | read_pairs(value)).items():
        assert name.strip()
        assert text
        (name + text).encode()
