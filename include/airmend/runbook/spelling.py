"""A word that no known error has may be one that they have, misspelt or in another language.

Called by `similarity.py`. Compared are the groups of three letters that words are made of, which
costs microseconds a word and needs no dictionary.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

SHORTEST = 5
"""Of shorter words a single letter makes another word: cpu and gpu, node and mode."""

LIKENESS = 0.55
"""Twice the groups in common over all groups: 1 for the same word. `certficate` and
`certificate` have 0.7, `office` and `offline` 0.4."""


class SpellingIndex:
    """Known words by their groups of three letters.

    Args:
        words: In lower case; those shorter than `SHORTEST` are left out.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._sizes: dict[str, int] = {}
        self._words_with: dict[str, list[str]] = defaultdict(list)
        for word in sorted({each for each in words if len(each) >= SHORTEST}):
            groups = _groups(word)
            self._sizes[word] = len(groups)
            for group in groups:
                self._words_with[group].append(word)

    def find(self, word: str) -> str | None:
        """The known word that is most like this one, if one is `LIKENESS` or more like it."""
        if len(word) < SHORTEST:
            return None
        groups = _groups(word)
        common = Counter(known for group in groups for known in self._words_with.get(group, ()))
        best, likeness = None, 0.0
        for known, count in common.items():
            value = 2 * count / (len(groups) + self._sizes[known])
            if value > likeness:
                best, likeness = known, value
        return best if likeness >= LIKENESS else None


def _groups(word: str) -> list[str]:
    padded = f" {word} "
    return sorted({padded[start : start + 3] for start in range(len(padded) - 2)})
