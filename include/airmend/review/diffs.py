"""Unified diffs line by line: what was added, what was removed, what only frames it.

A removed line of SQL, `-- note`, looks like a file header (`--- note`); the hunk headers'
counts tell the two apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

_HUNK = re.compile(r"^@@ -\d+(?:,(?P<old>\d+))? \+\d+(?:,(?P<new>\d+))? @@")


class LineKind(StrEnum):
    """What a line of a diff is."""

    HEADER = "header"
    HUNK = "hunk"
    ADDED = "added"
    REMOVED = "removed"
    SAME = "same"


def classify_lines(diff: str) -> Iterator[tuple[LineKind, str]]:
    """Every line with its kind; text that is no unified diff is judged by its first sign."""
    old = new = 0
    for line in diff.splitlines():
        sign = line[:1]
        if old > 0 or new > 0:
            kind = {"+": LineKind.ADDED, "-": LineKind.REMOVED}.get(sign, LineKind.SAME)
            if sign != "\\":
                old -= kind is not LineKind.ADDED
                new -= kind is not LineKind.REMOVED
            yield kind, line
        elif hunk := _HUNK.match(line):
            old, new = int(hunk["old"] or 1), int(hunk["new"] or 1)
            yield LineKind.HUNK, line
        elif line.startswith(("---", "+++")):
            yield LineKind.HEADER, line
        else:
            yield {"+": LineKind.ADDED, "-": LineKind.REMOVED}.get(sign, LineKind.SAME), line


def count_lines(diff: str) -> tuple[int, int]:
    """How many lines a diff adds and removes."""
    kinds = [kind for kind, _ in classify_lines(diff)]
    return kinds.count(LineKind.ADDED), kinds.count(LineKind.REMOVED)
