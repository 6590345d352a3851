"""A misspelt word is recognised, another word is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.runbook.spelling import SHORTEST, SpellingIndex

INDEX = SpellingIndex(["certificate", "kubernetes", "offline", "memory", "cpu", "filesystem"])


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("certficate", "certificate"),
        ("certificaat", "certificate"),
        ("kuberntes", "kubernetes"),
        ("memmory", "memory"),
        ("filesytem", "filesystem"),
        ("office", None),
        ("certain", None),
        ("gpu", None),
        ("", None),
    ],
)
def test_a_misspelt_word_is_recognised_and_another_is_not(word: str, known: str | None) -> None:
    assert INDEX.find(word) == known


@given(
    st.sets(st.text(st.characters(categories=["Ll"]), min_size=SHORTEST, max_size=12), min_size=1)
)
def test_a_known_word_is_itself(words: set[str]) -> None:
    index = SpellingIndex(words)
    for word in words:
        assert index.find(word) == word


def test_nothing_is_like_a_word_when_nothing_is_known() -> None:
    assert SpellingIndex([]).find("certificate") is None
