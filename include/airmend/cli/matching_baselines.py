"""Plain ways to find the known error of a text, as anyone would write them first.

`airmend evaluate matching` measures them in the same run: a figure alone says little.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence

from airmend.runbook.similarity import KnownErrorEntry, KnownErrorIndex

Ranker = Callable[[str], list[str]]
"""Gives ids of known errors for a text, best first."""

AIRMEND, TF_IDF, OVERLAP = "airmend", "plain TF-IDF", "word overlap"

_WORD = re.compile(r"\w+")


def rankers(corpus: Sequence[KnownErrorEntry]) -> dict[str, Ranker]:
    """Every way that is measured, ours first."""
    return {
        AIRMEND: KnownErrorIndex(corpus).rank,
        TF_IDF: rank_by_tf_idf(corpus),
        OVERLAP: rank_by_overlap(corpus),
    }


def rank_by_overlap(corpus: Sequence[KnownErrorEntry]) -> Ranker:
    """By the words in common, over the words of both (Jaccard)."""
    known = [(entry.id, set(_words(_text(entry)))) for entry in corpus]

    def rank(text: str) -> list[str]:
        asked = set(_words(text))
        return _best({key: len(asked & words) / max(1, len(asked | words)) for key, words in known})

    return rank


def rank_by_tf_idf(corpus: Sequence[KnownErrorEntry]) -> Ranker:
    """By the angle between counted words, rare ones weighing more (as scikit-learn's default)."""
    counts = {entry.id: Counter(_words(_text(entry))) for entry in corpus}
    documents_with = Counter(word for words in counts.values() for word in words)
    rarity = {
        word: math.log((1 + len(counts)) / (1 + found)) + 1
        for word, found in documents_with.items()
    }
    known = {key: _unit(words, rarity) for key, words in counts.items()}

    def rank(text: str) -> list[str]:
        asked = _unit(Counter(_words(text)), rarity)
        return _best(
            {
                key: sum(weight * words.get(word, 0.0) for word, weight in asked.items())
                for key, words in known.items()
            }
        )

    return rank


def _unit(words: Counter[str], rarity: dict[str, float]) -> dict[str, float]:
    weights = {word: count * rarity[word] for word, count in words.items() if word in rarity}
    length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {word: weight / length for word, weight in weights.items()}


def _best(scores: dict[str, float]) -> list[str]:
    return sorted((key for key in scores if scores[key] > 0), key=lambda key: (-scores[key], key))


def _text(entry: KnownErrorEntry) -> str:
    parts = [entry.name, entry.symptom, entry.impact, entry.cause, entry.workaround, entry.text]
    return "\n".join(parts)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
