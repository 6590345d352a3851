"""What words stand for each other: the file `vocabulary.txt`, read once.

Called by `words.py` and `similarity.py`. The file is data of ours, under review like code.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from airmend.errors import ConfigurationError
from airmend.runbook.stems import stem

VOCABULARY_FILE = Path(__file__).with_name("vocabulary.txt")

_SECTIONS = ("same", "related", "ordinary")


@dataclass(frozen=True)
class Vocabulary:
    """Relations between stems."""

    canonical: dict[str, str]  # of words that mean the same, the one that stands for all
    related: dict[str, frozenset[str]]  # canonical stems that hint at each other
    ordinary: frozenset[str]  # stems that stand everywhere and say little


@lru_cache(maxsize=1)
def load_vocabulary() -> Vocabulary:
    """The shipped vocabulary."""
    return parse_vocabulary(VOCABULARY_FILE.read_text(encoding="utf-8"), str(VOCABULARY_FILE))


def parse_vocabulary(text: str, place: str) -> Vocabulary:
    """Read a vocabulary: sections in brackets, one group of words a line, comments after `#`.

    Raises:
        ConfigurationError: A line stands in no section, in one that does not exist, or says of
            a word twice what it means.
    """
    canonical: dict[str, str] = {}
    related: dict[str, set[str]] = defaultdict(set)
    ordinary: set[str] = set()
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.partition("#")[0].strip().casefold()
        if not content:
            continue
        if content.startswith("["):
            section = content.strip("[]")
            if section not in _SECTIONS:
                raise ConfigurationError(
                    f"{place}:{number}: there is no section '{section}'. "
                    f"There are: {', '.join(_SECTIONS)}."
                )
            continue
        stems = [stem(word) for word in content.split()]
        if section == "same":
            for each in dict.fromkeys(stems):
                if each in canonical:
                    raise ConfigurationError(
                        f"{place}:{number}: '{each}' means '{canonical[each]}' already. "
                        "Put both groups on one line, or take the word out of one."
                    )
                canonical[each] = stems[0]
        elif section == "related":
            group = {canonical.get(each, each) for each in stems}
            for each in group:
                related[each] |= group - {each}
        elif section == "ordinary":
            ordinary.update(stems)
        else:
            raise ConfigurationError(
                f"{place}:{number}: the line stands in no section. Begin with [same]."
            )
    return Vocabulary(
        canonical, {each: frozenset(group) for each, group in related.items()}, frozenset(ordinary)
    )
