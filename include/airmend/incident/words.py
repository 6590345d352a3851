"""Text from outside as words with their places, in the parts that belong together.

Called by `intent.py`, `symptoms.py` and `mentions.py`. One pass over the text: the time grows
with its length and nothing else.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MAX_CHARACTERS = 100_000
"""Of a longer text the rest is not looked at; sources keep less of it."""

_WORD = re.compile(r"[^\W_][\w.@+'\u2019-]*|\n\s*\n|[.!?;:,\n]")
_TURNS = frozenset({"but", "however", "though", "yet", "while", "aber", "sondern", "jedoch"})
_EDGES = "._@+'\u2019-"


@dataclass(frozen=True, slots=True)
class Word:
    """One word: folded for comparison, and where it stands.

    `part` is the number of the part of a sentence that it belongs to, and `sentence` that of
    the sentence; both count up through the text.
    """

    folded: str
    start: int
    end: int
    part: int
    sentence: int


def read_words(text: str) -> list[Word]:
    """The words of a text in its order. Hyphens, dots and underscores inside a word stay in it."""
    words: list[Word] = []
    part = sentence = 0
    for found in _WORD.finditer(text, 0, MAX_CHARACTERS):
        raw = found[0]
        if not raw[0].isalnum():
            part += 1
            sentence += raw not in {",", ";", ":", "\n"}  # a line may be wrapped
            continue
        bare = raw.rstrip(_EDGES)
        folded = fold(bare)
        if folded in _TURNS:
            part += 1
            continue
        words.append(Word(folded, found.start(), found.start() + len(bare), part, sentence))
        if len(bare) < len(raw) and "." in raw[len(bare) :]:  # the full stop clung to the word
            part += 1
            sentence += 1
    return words


def fold(text: str) -> str:
    """Text for comparing: without case, and with one form of each letter and apostrophe."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
