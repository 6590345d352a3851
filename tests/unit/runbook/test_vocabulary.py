"""The vocabulary is sound: every line has a section, and a word one meaning."""

from __future__ import annotations

import pytest

from airmend.errors import ConfigurationError
from airmend.runbook.stems import stem
from airmend.runbook.vocabulary import load_vocabulary, parse_vocabulary


def test_the_shipped_vocabulary_knows_what_operators_abbreviate() -> None:
    canonical = load_vocabulary().canonical
    assert canonical[stem("k8s")] == canonical[stem("kubernetes")] == stem("kube")
    assert canonical[stem("mem")] == stem("memory")


def test_hints_go_both_ways_and_never_to_the_word_itself() -> None:
    related = load_vocabulary().related
    for word, others in related.items():
        assert word not in others
        assert all(word in related[other] for other in others)


def test_words_of_one_meaning_are_found_under_one() -> None:
    vocabulary = load_vocabulary()
    for word, first in vocabulary.canonical.items():
        assert vocabulary.canonical[first] == first, word


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("disk fs", "x:1: the line stands in no section"),
        ("# said\n[sane]\n", "x:2: there is no section 'sane'"),
        ("[same]\ndisk fs\nfs storage", "x:3: 'fs' means 'disk' already"),
    ],
)
def test_a_mistake_in_it_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        parse_vocabulary(text, "x")
