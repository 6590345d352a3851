"""Which known errors does a text speak of? Suggestions with scores, for people alone.

Called where no runbook's expressions take an incident. Pure, local and small: words are counted
(BM25F, Robertson and Zaragoza 2009), and a known error's name counts above its symptom, and that
above the rest. A suggestion is shown and recorded, and never run by itself.

Source: docs/adr/0009-free-text.md, which has the figures of this and of what was tried beside it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from airmend.runbook.spelling import SpellingIndex
from airmend.runbook.terms import Term, read_terms
from airmend.runbook.vocabulary import load_vocabulary
from airmend.runbook.weights import FIELD_WEIGHTS, rarity, weigh

MIN_SCORE, MIN_SCORE_OF_ONE_WORD = 0.18, 0.25
"""Below it nothing is suggested: texts that are about no known error at all (chairs, passwords,
badges) stay below. A single word in common is chance more often, so it has to be most of what
the text says, and part of the known error's name. How it was measured: docs/matching.md."""

_SATURATION = 2.0  # so much weight of a word in a known error is half of what any amount gives
_PAIR_WEIGHT = 0.4
_RELATED_WEIGHT = 0.4
_MISSPELT_WEIGHT = 0.7
_ORDINARY_WEIGHT = 0.5
_HALF_AFTER_WORDS = 60  # the first words of a text say what is out of order
_TELLING_WORDS = 8
_SHOWN_WORDS = 6


@dataclass(frozen=True)
class KnownErrorEntry:
    """A known error as it is compared; all but its id and its name may be empty."""

    id: str
    name: str  # its title, and the names of the alerts that tell of it; a line each
    symptom: str = ""
    impact: str = ""
    cause: str = ""
    workaround: str = ""
    text: str = ""  # whatever else there is


@dataclass(frozen=True)
class Suggestion:
    """A known error that a text may speak of.

    `score` is above 0 and below 1, and grows with the share of the text's telling words that
    the known error has; it is no probability. `words` are those words as they stand in the
    text, the weightiest first.
    """

    known_error_id: str
    score: float
    words: tuple[str, ...]


@dataclass(frozen=True)
class _Asked:
    """One term that is looked for, and the words of the text that it came from."""

    weight: float
    words: str
    is_pair: bool


class KnownErrorIndex:
    """Known errors, ready to be compared with texts.

    Nothing in it changes once it is built; when the catalog has changed, build another.

    Args:
        entries: In any order, with ids of their own; the answer does not depend on the order.
    """

    def __init__(self, entries: Iterable[KnownErrorEntry]) -> None:
        ordered = sorted(entries, key=lambda entry: entry.id)
        self._ids = [entry.id for entry in ordered]
        terms = [
            {field: read_terms(getattr(entry, field)) for field in FIELD_WEIGHTS}
            for entry in ordered
        ]
        self._found: dict[str, dict[int, float]] = defaultdict(dict)
        for number, weights in enumerate(weigh(terms)):
            for term, weight in weights.items():
                self._found[term][number] = weight / (_SATURATION + weight)
        self._rarity = {
            term: rarity(len(found), len(ordered)) for term, found in self._found.items()
        }
        self._rarity_of_unknown = rarity(1, len(ordered))
        self._named: dict[str, dict[int, float]] = defaultdict(dict)
        for number, fields in enumerate(terms):
            name = sorted({term.stem for term in fields["name"] if not term.is_pair})
            whole = sum(self._rarity[term] for term in name)
            for term in name:
                self._named[term][number] = self._rarity[term] / whole
        self._spelling = SpellingIndex(
            term.stem
            for fields in terms
            for each in fields.values()
            for term in each
            if not term.is_pair
        )

    def __len__(self) -> int:
        return len(self._ids)

    def suggest(self, text: str, limit: int = 3) -> list[Suggestion]:
        """The known errors that a text most likely speaks of, best first.

        Args:
            text: Free text from outside: an alert's name, summary and description, a ticket.
            limit: At most so many.

        Returns:
            Those with a score of at least `MIN_SCORE` that share two words with the text, or
            with a higher one that share a word of their name; none for a text that is about
            something else. Equal ones stand in the order of their ids.
        """
        asked = self._ask(text)
        ideal = self._ideal(asked)
        suggestions: list[Suggestion] = []
        for number, weight in self._rank(asked):
            score = 1 - math.exp(-weight / ideal)
            if score < MIN_SCORE or len(suggestions) == limit:
                break
            words = self._words(asked, number)
            if len(words) > 1 or (
                score >= MIN_SCORE_OF_ONE_WORD
                and any(number in self._named.get(term, {}) for term in asked)
            ):
                known_error_id = self._ids[number]
                suggestions.append(Suggestion(known_error_id, round(score, 3), words))
        return suggestions

    def rank(self, text: str) -> list[str]:
        """The ids of all known errors that share anything with a text, best first.

        For measuring: none is left out for its score.
        """
        return [self._ids[number] for number, _ in self._rank(self._ask(text))]

    def _ask(self, text: str) -> dict[str, _Asked]:
        """What is looked for: the terms of a text, and the known word in a misspelt one's place.

        An unknown word with a digit names a host, a time or an amount, and not an error.
        """
        asked = _ask(read_terms(_without_repeats(text)))
        for term, each in list(asked.items()):
            if term in self._found:
                continue
            if any(character.isdigit() for character in term):
                del asked[term]
                continue
            if each.is_pair:
                continue
            known = self._spelling.find(term)
            if known is not None and known not in asked:
                del asked[term]
                asked[known] = _Asked(_MISSPELT_WEIGHT * each.weight, each.words, False)
        return asked

    def _rank(self, asked: dict[str, _Asked]) -> list[tuple[int, float]]:
        weights: dict[int, float] = defaultdict(float)
        named: dict[int, float] = defaultdict(float)
        for term, weight in self._expand(asked).items():
            for number, share in self._found[term].items():
                weights[number] += weight * self._rarity[term] * share
            for number, share in self._named.get(term, {}).items():
                named[number] += min(1.0, weight) * share
        ranked = [(number, each * (1 + named.get(number, 0.0))) for number, each in weights.items()]
        return sorted(ranked, key=lambda pair: (-pair[1], pair[0]))

    def _expand(self, asked: dict[str, _Asked]) -> dict[str, float]:
        """The weight of each known term that is asked for, or hinted at by one that is."""
        weights = {term: each.weight for term, each in asked.items() if term in self._found}
        for term, each in asked.items():
            for other in self._hints(term, asked):
                weights[other] = max(weights.get(other, 0.0), _RELATED_WEIGHT * each.weight)
        return weights

    def _hints(self, term: str, asked: dict[str, _Asked]) -> list[str]:
        related = load_vocabulary().related.get(term, frozenset())
        return [other for other in related if other not in asked and other in self._found]

    def _ideal(self, asked: dict[str, _Asked]) -> float:
        """What a known error would reach that had the text's most telling words in its name."""
        telling = sorted(
            (
                min(each.weight, 1.0) * self._rarity.get(term, self._rarity_of_unknown)
                for term, each in asked.items()
                if term in self._found or not each.is_pair  # most neighbours mean nothing together
            ),
            reverse=True,
        )
        return 2 * sum(telling[:_TELLING_WORDS]) or 1.0

    def _words(self, asked: dict[str, _Asked], number: int) -> tuple[str, ...]:
        """The words of the text that speak for one known error, by how much they do."""
        gains: dict[str, float] = defaultdict(float)
        for term, each in asked.items():
            if each.is_pair:
                continue  # its words stand for themselves
            for other in (term, *self._hints(term, asked)):
                share = self._found.get(other, {}).get(number, 0.0)
                if share:
                    weight = each.weight if other == term else _RELATED_WEIGHT * each.weight
                    gains[each.words] += weight * self._rarity[other] * share
        ordered = sorted(gains, key=lambda words: (-gains[words], words))
        return tuple(ordered[:_SHOWN_WORDS])


def _without_repeats(text: str) -> str:
    """A text whose lines are there once: one that is quoted again says nothing new."""
    lines: dict[str, str] = {}
    for line in text.splitlines():
        lines.setdefault(" ".join(line.split()).casefold(), line)
    return "\n".join(lines.values())


def _ask(terms: Sequence[Term]) -> dict[str, _Asked]:
    """The terms of a text with their weights: what comes first, and what comes often, counts."""
    ordinary = load_vocabulary().ordinary
    weights: dict[str, float] = defaultdict(float)
    first: dict[str, Term] = {}
    position = 0
    for term in terms:
        weight = 1 / (1 + position / _HALF_AFTER_WORDS)
        if term.is_pair:
            weight *= _PAIR_WEIGHT
        else:
            position += 1
            weight *= _ORDINARY_WEIGHT if term.stem in ordinary else 1.0
        weights[term.stem] += weight
        first.setdefault(term.stem, term)
    return {
        stem: _Asked(weight, first[stem].words, first[stem].is_pair)
        for stem, weight in weights.items()
    }
