"""Outside text inside Markdown: shown as it is, never read as Markdown, HTML or a link."""

from __future__ import annotations

import re

from airmend.review.wording import make_printable

_SIGNS = re.compile(r"([\\`*_\[\]<>#|~$]|&(?=[#A-Za-z]))")
_ADDRESS = re.compile(r"(?i)://|www\.|@|(?:mailto|xmpp):")
_BLOCK_START = re.compile(r"^(?:([-+=])|(\d{1,9})([.)])(?=\s|$))")
_BACKTICKS = re.compile(r"`+")


class Markdown(str):
    """Text that is Markdown already; everything else is escaped where it is printed."""

    __slots__ = ()


def escape_markdown(text: str) -> Markdown:
    """One line of plain text, so that any Markdown reader shows exactly it.

    Escapes the signs of CommonMark and of GitHub's additions: tables, strikethrough, formulas.
    Words that look like an address or a mention become code: readers turn them into links
    after all escapes are gone. In those, a pipe becomes a broken bar.
    """
    words = " ".join(make_printable(text).split()).split(" ")
    shown = [
        _quote_word(word) if _ADDRESS.search(word) else _SIGNS.sub(r"\\\1", word) for word in words
    ]
    return Markdown(_BLOCK_START.sub(_escape_start, " ".join(shown)))


def quote_code(text: str) -> Markdown:
    """One line as code; text that code cannot hold in a table is escaped instead."""
    line = " ".join(make_printable(text).split())
    return Markdown(f"`{line}`") if line and not set(line) & set("`|\\") else escape_markdown(line)


def fence(text: str, language: str = "") -> Markdown:
    """A block of code whose fence is longer than any row of backticks inside."""
    longest = max((len(found) for found in _BACKTICKS.findall(text)), default=0)
    marks = "`" * max(3, longest + 1)
    return Markdown(f"{marks}{language}\n{make_printable(text).rstrip(chr(10))}\n{marks}")


def link_to(text: str, address: str | None) -> Markdown:
    """A link where there is an address; the address is one that the report has validated."""
    if address is None:
        return quote_code(text)
    safe = address.replace("(", "%28").replace(")", "%29").replace("|", "%7C")
    return Markdown(f"[{escape_markdown(text)}]({safe})")


def _quote_word(word: str) -> str:
    marks = "`" * (max((len(found) for found in _BACKTICKS.findall(word)), default=0) + 1)
    room = " " if "`" in word else ""
    return f"{marks}{room}{word.replace('|', '¦')}{room}{marks}"


def _escape_start(found: re.Match[str]) -> str:
    sign, number, dot = found.groups()
    return f"\\{sign}" if sign else f"{number}\\{dot}"
