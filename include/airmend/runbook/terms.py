"""Free text becomes terms that can be compared: stems, and neighbours joined to one word.

Called by `similarity.py`. Text is data from outside, of any length and in any script: it is cut
at a number of words, and read by regular expressions that take linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from airmend.runbook.stems import stem
from airmend.runbook.vocabulary import load_vocabulary

MAX_WORDS = 2_000
"""Words of a text that are looked at; the first ones say what is out of order."""

MAX_WORD_CHARACTERS = 40
"""Longer ones are digests, tokens and base64."""

_PLACEHOLDER = re.compile(r"\{\{([^{}]{0,400})\}\}")
_LABEL = re.compile(r"labels\.(\w+)", re.ASCII)
_WORD = re.compile(r"[^\W_]+(?:['\u2019](?:s|t|re|ve|ll|d|m)\b)?")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})|(?<=\d)(?=[A-Z][a-z])")
_ACRONYMS = re.compile(r"[A-Z]{2,}s")

_NEGATIONS = frozenset({"not", "no", "without", "never", "cannot", "isn't", "aren't", "non"})
_FILLER_WORDS = """
    a an the this that these those is are was were be been being am it its of in on at to for from
    by with as and or nor if then than so such can could may might must shall should will would do
    does did done has have had having there here when where which who whom whose what why how we
    you your they them their our us i me my he she his her into onto between after before during
    through per via also only just very too more most less least some any all each every either
    neither other another own both few once again further about against while because until s t d
    e g ie eg etc vs let lets wasn't don't doesn't didn't won't can't couldn't it's i'm
    der die das den dem des ein eine einen und oder ist sind im am auf von zu mit bei seit wird
    le la les un une des du de et est sont el los las es
    alert alerts alerting fire fires fired firing trigger triggers triggered triggering runbook
"""
_FILLERS = frozenset(_FILLER_WORDS.split())
"""Without meaning here; 'alert', 'fires' and 'runbook' stand in nearly every text about one."""


class Term(NamedTuple):
    """One unit of comparison, with the words that it was made of, as they stand in the text."""

    stem: str
    words: str
    is_pair: bool  # two neighbours as one word: "daemon set", "not ready"


def read_terms(text: str) -> list[Term]:
    """The terms of a text in its order, at most `MAX_WORDS` words of it.

    CamelCase and snake_case are taken apart, plural and tense are dropped, words that mean the
    same become one, digits alone say nothing, and of a placeholder of a rule's template only
    the name of its label stays.
    """
    canonical = load_vocabulary().canonical
    terms: list[Term] = []
    before = ""
    for count, word in enumerate(_split(text)):
        if count >= MAX_WORDS:
            break
        folded = word.casefold()
        if folded in _NEGATIONS:
            before = "no" if folded in {"no", "without"} else "not"
            continue
        if folded in _FILLERS or folded.isdigit():
            continue
        if len(folded) > MAX_WORD_CHARACTERS:
            before = ""
            continue
        own = stem(folded)
        if before:
            pair = stem(before + folded)
            terms.append(Term(canonical.get(pair, pair), f"{before} {word}", True))
        terms.append(Term(canonical.get(own, own), word, False))
        before = folded
    return terms


def name_key(name: str) -> frozenset[str]:
    """What makes two names the same: their words, in any order and spelling.

    `KubePodCrashLooping` and `Kubernetes pod crash looping` are one name.
    """
    return frozenset(term.stem for term in read_terms(name) if not term.is_pair)


def _split(text: str) -> Iterator[str]:
    text = _PLACEHOLDER.sub(lambda found: " ".join(_LABEL.findall(found[1])), text)
    for found in _WORD.finditer(text):
        word = found[0]
        if len(word) > 2 and word[-2:] in ("'s", "\u2019s"):
            word = word[:-2]
        if word.islower():
            yield word
        elif _ACRONYMS.fullmatch(word):
            yield word[:-1]
        else:
            yield from _HUMP.split(word)
