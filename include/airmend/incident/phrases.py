"""The phrases of `symptoms.txt`, and where they stand in a text.

Called by `symptoms.py`. The file is data of ours, under review like code; it
says itself how it is written. Each word of a text is looked up once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from airmend.errors import ConfigurationError
from airmend.incident.words import Word, fold

PHRASES_FILE = Path(__file__).with_name("symptoms.txt")

NEGATION_REACH = 3
CONDITION_REACH = 6
"""So many words in front of another one a negation, or a condition, still means it."""

_PREFIX = 3
_NO_DENIAL = frozenset({"only", "just", "sure", "clear"})  # "not only slow"


class Kind(StrEnum):
    """What a phrase says; the words are the sections of the file."""

    SYMPTOM = "symptoms"
    HARMLESS = "not symptoms"
    RECOVERED = "recovered"
    NEGATION = "negations"
    CONDITION = "conditions"
    NOT_OVER = "not over"
    HALF = "half"  # of a symptom whose two halves stand near each other


_SECTIONS = [kind.value for kind in Kind if kind is not Kind.HALF]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in a row; one that ends in a star fits every word that begins like it."""

    words: tuple[str, ...]
    kind: Kind
    value: str  # of a symptom; of a half, the half itself


@dataclass
class PhraseBook:
    """All phrases by the beginning of their first word, and which halves make what."""

    by_start: dict[str, list[Phrase]] = field(default_factory=lambda: defaultdict(list))
    pairs: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    """Of a left half: each right half with the symptom that the two make."""

    def add(self, words: str, kind: Kind, value: str) -> None:
        """Add a phrase; the same one again changes nothing."""
        phrase = Phrase(tuple(fold(words).split()), kind, value)
        known = self.by_start[phrase.words[0].rstrip("*")[:_PREFIX]]
        if phrase not in known:
            known.append(phrase)


class Reading:
    """A text's words with the phrases that stand in it.

    Args:
        words: From `read_words`.
        book: The phrases; the shipped ones where none is given.
    """

    def __init__(self, words: Sequence[Word], book: PhraseBook | None = None) -> None:
        self.words = words
        self.book = book or load_phrases()
        self.at: list[Sequence[Phrase]] = [self._match(place) for place in range(len(words))]

    def is_denied(self, place: int) -> bool:
        """Whether a negation stands closely in front of a word, in the same part."""
        return any(
            self.words[before + len(phrase.words)].folded not in _NO_DENIAL
            for before, phrase in self._before(place, Kind.NEGATION, NEGATION_REACH)
        )

    def is_feared(self, place: int) -> bool:
        """Whether a word stands under a condition: it may become so, and is not."""
        return any(self._before(place, Kind.CONDITION, CONDITION_REACH))

    def is_over(self, place: int) -> bool:
        """Whether a recovery begins at a word, and is neither denied nor still to come."""
        return (
            any(phrase.kind is Kind.RECOVERED for phrase in self.at[place])
            and not self.is_denied(place)
            and not self._before(place, Kind.NOT_OVER, CONDITION_REACH)
        )

    def is_denied_between(self, one: int, other: int) -> bool:
        """Whether a negation between two words denies the later one."""
        first, last = min(one, other), max(one, other)
        return any(
            before > first for before, _ in self._before(last, Kind.NEGATION, NEGATION_REACH)
        )

    def _before(self, place: int, kind: Kind, reach: int) -> list[tuple[int, Phrase]]:
        part = self.words[place].part
        return [
            (before, phrase)
            for before in range(max(0, place - reach), place)
            for phrase in self.at[before]
            if phrase.kind is kind
            and self.words[before].part == part
            and before + len(phrase.words) <= place
        ]

    def _match(self, place: int) -> Sequence[Phrase]:
        """The phrases that begin at a word and end in the same part of the sentence."""
        candidates = self.book.by_start.get(self.words[place].folded[:_PREFIX])
        return (
            [phrase for phrase in candidates if self._stands(phrase, place)] if candidates else ()
        )

    def _stands(self, phrase: Phrase, place: int) -> bool:
        end = place + len(phrase.words)
        if end > len(self.words) or self.words[end - 1].part != self.words[place].part:
            return False
        for expected, word in zip(phrase.words, self.words[place:end], strict=True):
            if expected[-1] == "*":
                if not word.folded.startswith(expected[:-1]):
                    return False
            elif word.folded != expected:
                return False
        return True


@lru_cache(maxsize=1)
def load_phrases() -> PhraseBook:
    """The shipped phrases."""
    return parse_phrases(PHRASES_FILE.read_text(encoding="utf-8"), str(PHRASES_FILE))


def parse_phrases(text: str, place: str) -> PhraseBook:
    """Read phrases in the form that the file explains.

    Raises:
        ConfigurationError: A line stands in no section, or lacks a value that it must have.
    """
    book = PhraseBook()
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.partition("#")[0].strip()
        if not content:
            continue
        if content.startswith("["):
            section = content.strip("[]")
            continue
        value, colon, phrases = content.rpartition(":")
        if section not in _SECTIONS or bool(colon) != (section == Kind.SYMPTOM):
            raise ConfigurationError(
                f"{place}:{number}: it belongs to no section, or is not written as its section "
                f"is. There are {', '.join(_SECTIONS)}; a symptom is 'value: phrase | phrase'."
            )
        for phrase in filter(None, map(str.strip, phrases.split("|"))):
            if section == Kind.SYMPTOM:
                _add_symptom(book, phrase, value.strip())
            else:
                book.add(phrase, Kind(section), "")
    return book


def _add_symptom(book: PhraseBook, phrase: str, value: str) -> None:
    left, plus, right = (part.strip() for part in phrase.partition("+"))
    if not plus:
        book.add(phrase, Kind.SYMPTOM, value)
        return
    book.add(left, Kind.HALF, left)
    book.add(right, Kind.HALF, right)
    book.pairs[left].append((right, value))
