"""How facts are written into a ticket, so that each is found there again.

A note is a few lines, one a fact, each with the number of the fact before it. Whoever reads the
ticket back sees by the numbers what it holds already: a note that arrived although its answer
did not is not written a second time.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import UTC

from airmend.itsm.model import DesiredTicket, Note

LINE_LIMIT = 1_000
NOTE_LIMIT = 3_800
"""Characters of a line and of a note; ServiceNow's journal fields take 4,000."""

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
_LIKE_A_MARK = re.compile(r"\[(?=[^\]\n]*fact \d+\])")
_CODE_TAG = re.compile(r"\[(?=/?code\])", re.IGNORECASE)


def write_notes(desired: DesiredTicket, held: Collection[int]) -> Iterator[tuple[str, list[int]]]:
    """Notes with the facts that a ticket does not hold, each with their numbers; oldest first."""
    lines: list[str] = []
    facts: list[int] = []
    for note in desired.notes:
        if note.fact in held:
            continue
        line = f"{_mark(desired, note)} {make_plain(_tell(note))}"[:LINE_LIMIT]
        if lines and sum(map(len, lines)) + len(lines) + len(line) > NOTE_LIMIT:
            yield "\n".join(lines), facts
            lines, facts = [], []
        lines.append(line)
        facts.append(note.fact)
    if lines:
        yield "\n".join(lines), facts


def find_facts(desired: DesiredTicket, text: str) -> set[int]:
    """The facts of this change or incident that a ticket's notes hold."""
    pattern = re.compile(rf"\[{re.escape(desired.subject_id)} fact (\d{{1,18}})\]")
    return {int(number) for number in pattern.findall(text)}


def make_plain(text: str) -> str:
    """A text from outside that neither system renders, and no reader takes for a note's number.

    ServiceNow renders what stands between `[code]` tags as HTML.
    """
    text = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))
    return _LIKE_A_MARK.sub("(", _CODE_TAG.sub("(", text))


def _mark(desired: DesiredTicket, note: Note) -> str:
    return f"[{desired.subject_id} fact {note.fact}]"


def _tell(note: Note) -> str:
    return f"{note.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC: {note.text}"
