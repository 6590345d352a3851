"""How much a word tells: where it stands in a known error, how often, and in how many of them.

Called by `similarity.py`. The formulas are those of BM25F (Robertson and Zaragoza 2009); the
figures were chosen on texts of other organisations, see docs/adr/0009-free-text.md.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from airmend.runbook.terms import Term

FIELD_WEIGHTS = {
    "name": 3.0,
    "symptom": 2.0,
    "impact": 0.7,
    "cause": 0.5,
    "workaround": 0.3,
    "text": 0.3,
}
"""How much a word counts where it stands in a known error."""

_LENGTH_DAMPING = {"name": 0.2, "symptom": 0.6, "impact": 0.6}
_REST_DAMPING = 0.75


def rarity(found_in: int, total: int) -> float:
    """How much a term tells that stands in so many of all known errors; above 0."""
    return math.log(1 + (total - found_in + 0.5) / (found_in + 0.5))


def weigh(entries: Sequence[dict[str, list[Term]]]) -> list[dict[str, float]]:
    """The weight of each term in each known error: how often, in which field, how long that is."""
    weights: list[dict[str, float]] = [defaultdict(float) for _ in entries]
    for field, field_weight in FIELD_WEIGHTS.items():
        lengths = [len(entry[field]) for entry in entries]
        mean = sum(lengths) / max(1, sum(length > 0 for length in lengths)) or 1.0
        damping = _LENGTH_DAMPING.get(field, _REST_DAMPING)
        for entry, length, weighed in zip(entries, lengths, weights, strict=True):
            scale = field_weight / (1 - damping + damping * length / mean)
            for stem, count in Counter(term.stem for term in entry[field]).items():
                weighed[stem] += scale * count
    return weights
