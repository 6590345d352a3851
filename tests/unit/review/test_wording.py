"""How times, durations and shares are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.review.wording import (
    make_printable,
    word_count,
    word_duration,
    word_list,
    word_share,
)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "not recorded"),
        (0, "0 s"),
        (0.414, "0.41 s"),
        (4.12, "4.1 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (192, "3 min 12 s"),
        (3600, "1 h"),
        (11_520, "3 h 12 min"),
        (183_600, "2 d 3 h"),
        (-90, "-1 min 30 s"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float | None, words: str) -> None:
    assert word_duration(seconds) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (None, "not recorded"),
        (0, "0 %"),
        (1, "100 %"),
        (0.04, "4.0 %"),
        (0.8, "80 %"),
        (0.996, "99.6 %"),
        (0.00001, "< 0.1 %"),
    ],
)
def test_a_share_is_a_percentage(share: float | None, words: str) -> None:
    assert word_share(share) == words


@given(st.floats(min_value=0, max_value=1, exclude_min=True, exclude_max=True))
def test_no_share_is_rounded_to_certainty(share: float) -> None:
    assert word_share(share) not in ("0 %", "0.0 %", "100 %", "100.0 %")


def test_many_words_are_counted() -> None:
    assert word_list(["a"]) == "a"
    assert word_list(["a", "b", "c"]) == "a, b and c"
    assert word_list([f"web{n}" for n in range(9)]) == "web0, web1, web2, web3, web4 and 4 more"
    assert word_count(1, "host") == "1 host"
    assert word_count(0, "host") == "0 hosts"


def test_what_cannot_be_seen_is_replaced() -> None:
    assert make_printable("a\u202eb\x00c\u200bd\ud800e\tf\r\ng") == "a�b�c�d�e\tf\ng"
