"""Whether a text holds a number, a time or a name that its facts do not.

The text is not understood; it is compared. What has a digit or a number word in it counts only
where a whole text of the facts stands there word for word ("3 min 12 s", "web-1"), so that no
number comes together with another unit. Every other word has to be one of the facts' or one of
`vocabulary.txt`: a name that nobody knows cannot be told from a word, and so both are refused.

What this cannot find: known words in a wrong sentence. That is why the text is labelled, and
why nothing follows from it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Any

from airmend.review.annexes import Prose
from airmend.review.document import PostIncidentReport
from airmend.review.prose.facts import list_phrases, select_facts
from airmend.review.wording import make_printable

MOST_CHARACTERS = 2000
MOST_PROBLEMS = 8
SHOWN_CHARACTERS = 60

NUMBER_WORDS = frozenset(
    re.findall(
        r"\w+",
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy "
        "eighty ninety hundred thousand million billion dozen half quarter third first second "
        "twice thrice double triple pair couple single several",
    )
)

_EDGES = ".,;:!?()\"'\u2018\u2019\u201c\u201d\u2013\u2014"
_WORD = re.compile(r"[A-Za-z]+(?:['\u2019]s)?")
_BARE_NUMBER = re.compile(r"[\d\s.,:+-]*")
_DURATION = re.compile(r"[\d.]+ (?:d|h|min|s)(?: \d+ (?:h|min|s))?")
_CLOCK = re.compile(r"\d{4}-\d{2}-\d{2} (\d{2}:\d{2}:\d{2}) UTC")
_COVERED = "\x00"
_COMPOUNDS = frozenset({"post-incident", "follow-up", "roll-back", "re-run", "check-mode"})


def find_problems(text: str, facts: Any) -> list[str]:
    """Why a text may not stand beside these facts.

    Args:
        text: What a model wrote.
        facts: What it was told: nested objects, lists and texts.

    Returns:
        Sentences for people, at most `MOST_PROBLEMS`; empty where the text may stand.
    """
    if not text.strip():
        return ["It is empty."]
    if len(text) > MOST_CHARACTERS:
        return [f"It has {len(text)} characters; {MOST_CHARACTERS} are enough."]
    problems = dict.fromkeys(_look(text, list(list_phrases(facts))))
    return list(problems)[:MOST_PROBLEMS]


def keep_grounded(report: PostIncidentReport, prose: Prose | None) -> PostIncidentReport:
    """The report with a text, as far as it holds to the facts that the report has now."""
    if prose is not None and prose.state == "accepted":
        problems = find_problems(prose.text, select_facts(report))
        if problems:
            update = {"state": "rejected", "text": "", "problems": problems}
            prose = prose.model_copy(update=update)
    return report.model_copy(update={"prose": prose})


def _look(text: str, phrases: list[str]) -> Iterator[str]:
    if make_printable(text) != text:
        yield "It holds characters that nobody can see."
        return
    for sign in text:
        if not sign.isascii() and unicodedata.numeric(sign, None) is not None:
            yield f"It holds the number sign '{sign}', which no fact holds so."
    rest = _cover(text, phrases)
    known = _known_words(phrases)
    starts = True
    for chunk in re.findall(r"\S+|\n", rest):
        if chunk == "\n":
            starts = True
            continue
        bare = chunk.strip(_EDGES)
        if bare and bare != _COVERED:
            yield from _judge(bare, known, starts=starts)
        starts = chunk.rstrip("\"')\u2019\u201d").endswith((".", "!", "?", ":"))


def _cover(text: str, phrases: Iterable[str]) -> str:
    """The text with a sign in the place of every text of the facts that holds a number."""
    wanted = {" ".join(phrase.split()) for phrase in phrases if _has_number(phrase)}
    wanted |= {found[1] for phrase in wanted for found in [_CLOCK.fullmatch(phrase)] if found}
    wanted |= {f"{phrase} UTC" for phrase in wanted if re.fullmatch(r"\d{2}:\d{2}:\d{2}", phrase)}
    wanted = {phrase for phrase in wanted if not _is_bare(phrase)}
    if not wanted:
        return text
    longest_first = sorted(wanted, key=lambda phrase: (-len(phrase), phrase))
    either = "|".join(_pattern(phrase) for phrase in longest_first)
    whole = (
        r"(?<![\w.,:/+@#$%€£\u2212\u2013-])"  # no part of a longer number, name or path
        rf"(?:{either})"
        r"(?![\w%])(?![.,:/@-]\w)(?!\s*[\d%])"
    )
    return re.sub(whole, _COVERED, text)


def _pattern(phrase: str) -> str:
    """A phrase over any space; a duration has no further part that another fact would give it."""
    pattern = re.escape(phrase).replace(r"\ ", r"[ \n]+")
    return pattern + r"(?!,?\s+(?:and\s+)?\d)" if _DURATION.fullmatch(phrase) else pattern


def _is_bare(phrase: str) -> bool:
    """A number without a word says of nothing how much it is; times of day do."""
    return bool(_BARE_NUMBER.fullmatch(phrase)) and not re.search(r"\d:\d\d:\d|\d\.\d+\.\d", phrase)


def _judge(word: str, known: frozenset[str], *, starts: bool) -> Iterator[str]:
    shown = word.replace(_COVERED, "\N{HORIZONTAL ELLIPSIS}")[:SHOWN_CHARACTERS]
    if _has_number(word):
        yield f"No fact holds the number '{shown}' in these words."
        return
    if word.removesuffix("'s") == _COVERED:
        return
    if _COVERED in word:
        yield f"'{shown}' ties a fact to something else."
        return
    stem = re.sub(r"['\u2019]s$", "", word)
    if word in known or stem in known or stem.lower() in known or word.lower() in _COMPOUNDS:
        return
    if not _WORD.fullmatch(word):
        yield f"No fact holds '{shown}'."
        return
    if stem[1:] != stem[1:].lower() or (stem[0].isupper() and not starts):
        yield f"No fact holds the name '{shown}'."
        return
    if not any(form in _vocabulary() for form in _base_forms(stem.lower())):
        yield f"'{shown}' may be a name, and no fact holds it."


def _has_number(text: str) -> bool:
    if any(sign.isdigit() or sign.isnumeric() for sign in text):
        return True
    return any(part in NUMBER_WORDS for part in re.findall(r"[a-z]+", text.lower()))


def _known_words(phrases: Iterable[str]) -> frozenset[str]:
    """The words of the facts; a name with a number in it counts only as a whole."""
    words = {word.strip(_EDGES) for phrase in phrases for word in phrase.split()}
    return frozenset(word for word in words if word and not _has_number(word))


def _base_forms(word: str) -> Iterator[str]:
    yield word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            base = word[: len(word) - len(ending)]
            yield base + instead
            if ending in ("ed", "ing") and base[-1:] == base[-2:-1]:
                yield base[:-1]


_ENDINGS = (
    *(("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("d", ""), ("ied", "y")),
    *(("ing", ""), ("ing", "e"), ("ly", ""), ("er", "")),
)


@lru_cache(maxsize=1)
def _vocabulary() -> frozenset[str]:
    text = files("airmend.review.prose").joinpath("vocabulary.txt").read_text(encoding="ascii")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return frozenset(word for line in lines for word in line.split())
