"""Forms of one word have one stem."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.runbook.stems import stem


@pytest.mark.parametrize(
    "forms",
    [
        "fail fails failed failing failure failures",
        "expire expires expired expiring expiration",
        "synchronise synchronised synchronising synchronize synchronization",
        "evaluate evaluated evaluation evaluations",
        "throttle throttled throttling",
        "query queries querying",
        "availability available",
        "degrade degraded degradation",
        "stop stopped stopping",
        "fill fills filled filling",
        "exceed exceeds exceeded",
        "process processes",
    ],
)
def test_forms_of_a_word_have_one_stem(forms: str) -> None:
    assert len({stem(form) for form in forms.split()}) == 1


@pytest.mark.parametrize("words", ["session version", "fill full", "state static", "node mode"])
def test_other_words_keep_stems_of_their_own(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 2


@pytest.mark.parametrize("word", ["api", "dns", "überlastet", "ipv6", "磁盘已满了"])
def test_abbreviations_and_other_languages_stay_as_they_are(word: str) -> None:
    assert stem(word) == word


@given(st.text(max_size=50))
def test_every_text_has_a_stem(word: str) -> None:
    assert bool(stem(word)) == bool(word)
