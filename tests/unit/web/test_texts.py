"""Words of the pages: ages, and texts from outside that are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.web.texts import cut_text, word_age


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0.4, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (299, "4 min"),
        (3600, "1 h"),
        (11_100, "3 h 5 min"),
        (86_400, "1 d"),
        (183_700, "2 d 3 h"),
    ],
)
def test_an_age_is_said_as_people_say_it(seconds: float, words: str) -> None:
    assert word_age(seconds) == words


def test_a_long_text_is_cut_and_whole_in_its_title() -> None:
    assert cut_text("abcdefgh", 5) == "<bdi title='abcdefgh'>abcd…</bdi>"
    assert cut_text("abcde", 5) == "<bdi>abcde</bdi>"


@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_is_a_dash(nothing: str | None) -> None:
    assert "–" in cut_text(nothing, 5)  # noqa: RUF001 - the dash that is shown


@given(st.text(), st.integers(1, 20))
def test_no_text_leaves_its_element(text: str, limit: int) -> None:
    inside = cut_text(f"'\"><b {text}", limit).removeprefix("<bdi").removesuffix("</bdi>")

    assert "<" not in inside
    assert "'" not in inside.removeprefix(" title='").replace("'>", "", 1)
