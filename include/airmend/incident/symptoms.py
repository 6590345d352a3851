"""What a ticket says is out of order.

Called by `intent.py`. What is denied, only feared, or over by the end of the text is no symptom.
Each word is looked at a bounded number of times.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from airmend.incident.phrases import Kind, Reading

NEAR_WORDS = 6
"""Two halves of a phrase stand at most so many words apart, in one sentence."""


@dataclass(frozen=True)
class Symptom:
    """A symptom in a text: its value, and the places of its first and its last word."""

    value: str
    first: int
    last: int
    weight: int  # words of the phrase: the longer one says more


def find_symptoms(reading: Reading) -> list[Symptom]:
    """Every symptom that a text states, in its order; of overlapping ones the longer phrase."""
    over_until = max((place for place in _places(reading) if reading.is_over(place)), default=-1)
    chosen: list[Symptom] = []
    taken: set[int] = set()
    for each in sorted(_candidates(reading), key=lambda it: (-it.weight, it.last - it.first)):
        places = range(each.first, each.last + 1)
        if taken.isdisjoint(places):
            taken.update(places)
            chosen.append(each)
    stated = [
        each
        for each in chosen
        if each.value
        and each.first > over_until
        and not reading.is_denied(each.first)
        and not reading.is_feared(each.first)
    ]
    return sorted(stated, key=lambda each: each.first)


def is_over(reading: Reading) -> bool:
    """Whether a text says that it is over, and nothing after that."""
    return any(map(reading.is_over, _places(reading))) and not find_symptoms(reading)


def _places(reading: Reading) -> range:
    return range(len(reading.words))


def _candidates(reading: Reading) -> Iterator[Symptom]:
    """Symptoms, and phrases without a value that only look like one."""
    for place in _places(reading):
        for phrase in reading.at[place]:
            length = len(phrase.words)
            if phrase.kind in {Kind.SYMPTOM, Kind.HARMLESS}:
                yield Symptom(phrase.value, place, place + length - 1, length)
            elif phrase.kind is Kind.HALF:
                for right, value in reading.book.pairs.get(phrase.value, ()):
                    joined = _join(reading, place, length, right, value)
                    if joined is not None:
                        yield joined


def _join(reading: Reading, place: int, left_length: int, right: str, value: str) -> Symptom | None:
    """A left half with the nearest right half after it, else before it."""
    words = reading.words
    end = place + left_length
    after = range(end, min(len(words), end + NEAR_WORDS))
    before = range(place - 1, max(-1, place - 1 - NEAR_WORDS), -1)
    for other in (*after, *before):
        if words[other].sentence != words[place].sentence:
            continue
        for phrase in reading.at[other]:
            if phrase.kind is Kind.HALF and phrase.value == right:
                if reading.is_denied_between(place, other):
                    return None
                length = len(phrase.words)
                last = max(end, other + length) - 1
                return Symptom(value, min(place, other), last, left_length + length)
    return None
