"""Text becomes words with their places, in one pass, whatever it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airmend.incident.words import read_words


def _folded(text: str) -> list[str]:
    return [word.folded for word in read_words(text)]


def test_names_stay_whole_and_punctuation_does_not_cling() -> None:
    assert _folded("Disk on Srv-DB-01.example.com: 98% full!") == (
        ["disk", "on", "srv-db-01.example.com", "98", "full"]
    )


def test_full_stops_commas_and_turns_end_what_belongs_together() -> None:
    words = {
        word.folded: word for word in read_words("web1 is up, web2 is slow but well. db1 down")
    }
    parts = [words[name].part for name in ("web1", "web2", "well", "db1")]
    assert parts == sorted(set(parts))
    assert words["web1"].sentence == words["well"].sentence < words["db1"].sentence


def test_a_wrapped_line_goes_on_and_an_empty_one_does_not() -> None:
    wrapped = read_words("the disk\nis full")
    assert wrapped[0].sentence == wrapped[-1].sentence
    apart = read_words("the disk\n\nis full")
    assert apart[0].sentence < apart[-1].sentence


@given(st.text())
def test_every_word_is_where_it_is_said_to_be(text: str) -> None:
    end = 0
    for word in read_words(text):
        assert end <= word.start < word.end <= len(text)
        assert word.folded
        end = word.end
