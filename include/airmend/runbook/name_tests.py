"""Expressions that ask for the incident's name alone, answered without the engine.

Nearly every runbook begins with one, and nearly every incident fails it: `incident.name ==
"HostOutOfDiskSpace"`, or `incident.name in ["...", "..."]`. The engine has to translate the
whole incident before it says so; a look into a set says the same. Called by `matching.py`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from airmend.expressions import PROGRAMS

# a literal without escapes and without a line's end reads the same in CEL as it stands
_LITERAL = r"""(?:"[^"\\\r\n]*"|'[^'\\\r\n]*')"""
_TEST = re.compile(
    rf"""\s*incident\s*\.\s*name\s*
    (?: == \s* (?P<one>{_LITERAL})
    | \b in \s* \[ \s* (?P<many>{_LITERAL}(?:\s*,\s*{_LITERAL})*) \s* \] )
    \s*""",
    re.VERBOSE | re.ASCII,
)
_EACH = re.compile(_LITERAL)


@lru_cache(maxsize=PROGRAMS)
def names_asked_for(expression: str) -> frozenset[str] | None:
    """The names for which an expression is true, when it asks for the name and for nothing else.

    Returns:
        Of `incident.name == "x"` and `incident.name in ["x", "y"]` the literals; None for every
        other expression, also for one that means the same in other words.
    """
    found = _TEST.fullmatch(expression)
    if found is None:
        return None
    return frozenset(each[1:-1] for each in _EACH.findall(found["one"] or found["many"]))
