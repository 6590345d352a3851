"""Text that is not ours inside Markdown that we write.

Data from outside goes in as code, the one place where headings, links, images and HTML stay
letters: escapes are not enough for it, since GitHub's Markdown, which Airflow's pages use,
turns bare addresses into links after the escapes are gone. Escapes are for what the authors
of runbooks wrote, which reads better as plain text.
"""

from __future__ import annotations

import re
import unicodedata

HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
"""Control, direction, zero-width and unassigned characters: they hide or reorder text."""


def reveal(text: str) -> str:
    """The text with every hidden character as its escape, but for newlines and tabs."""
    text = text.replace("\r\n", "\n")
    return "".join(
        char
        if char in "\n\t" or unicodedata.category(char) not in HIDDEN_CATEGORIES
        else f"\\u{{{ord(char):x}}}"
        for char in text
    )


def one_line(text: object, limit: int = 300) -> str:
    """The text on one line, revealed and cut to a number of characters."""
    line = " ".join(reveal(str(text)).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def prose(text: str, limit: int = 1000) -> str:
    """A runbook author's words as plain text on one line.

    Not for data from outside: a bare address in it may become a link.
    """
    return re.sub(r"([\\`*_\[\]<>!|~&$#])", r"\\\1", one_line(text, limit))


def code(text: object, limit: int = 300) -> str:
    """Outside data as a code span that nothing in it can close; fits in a table's cell."""
    # a pipe ends a table's cell even inside code, and its escape can itself be escaped
    line = one_line(text, limit).replace("|", "¦")
    if not line:
        return "(empty)"
    fence = "`" * (_longest_run(line) + 1)
    return f"{fence} {line} {fence}" if "`" in line else f"{fence}{line}{fence}"


def code_block(text: str, language: str, limit: int) -> str:
    """Outside data as a fenced block that nothing in it can close.

    Args:
        text: Any text.
        language: Our own word for the highlighter.
        limit: Characters that are shown; cut at the end of a line where there is one.
    """
    whole = reveal(text).strip("\n")
    shown, note = whole, ""
    if len(whole) > limit:
        shown = whole[:limit]
        shown = shown[: shown.rfind("\n")] if "\n" in shown else shown
        note = f"\n\nCut: {len(shown)} of {len(whole)} characters are shown."
    fence = "`" * max(3, _longest_run(shown) + 1)
    return f"{fence}{language}\n{shown}\n{fence}{note}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
