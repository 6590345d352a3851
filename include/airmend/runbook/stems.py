"""The stem of an English word: fail for failed, failing and failure.

Rules of our own, a handful, in the manner of Porter's algorithm: they only need to make forms of
one word alike, in alerts and runbooks, and leave other languages nearly as they are.
"""

from __future__ import annotations

from functools import lru_cache

_SHORTEST = 4
"""Shorter words stay as they are: most of them are abbreviations."""


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """The stem of one word in lower case; a word that no rule knows is its own stem."""
    if len(word) < _SHORTEST or not word.isascii() or not word.isalpha():
        return word
    word = _drop_ending(_drop_plural(word))
    if len(word) > _SHORTEST and word[-1] == "e":
        word = word[:-1]
    if len(word) > _SHORTEST + 1 and word.endswith("at"):  # evaluate, beside evaluation
        word = word[:-2]
    if len(word) >= _SHORTEST and word[-1] == "y":
        word = word[:-1] + "i"
    return word


_NOUNS = (
    ("ation", "", 4),
    ("ition", "", 5),
    ("tion", "t", 3),
    ("ailure", "ail", 1),
    ("bility", "bl", 3),
    ("iness", "y", 3),
    ("ness", "", 3),
)


def _drop_plural(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _drop_ending(word: str) -> str:
    for ending in ("isation", "ization", "ising", "izing", "ised", "ized", "ise", "ize"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + "iz"
    if word.endswith("ing") and len(word) > 5:
        word = _undouble(word[:-3])
    elif word.endswith("ed") and not word.endswith("eed") and len(word) > 4:
        word = _undouble(word[:-2])
    elif word.endswith("ly") and len(word) > 5:
        word = word[:-2]
    for ending, rest, least in _NOUNS:
        if word.endswith(ending) and len(word) - len(ending) >= least:
            return word[: -len(ending)] + rest
    return word


def _undouble(word: str) -> str:
    """`stopp` was `stop`; `fill`, `pass` and `buzz` were not."""
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
        return word[:-1]
    return word
