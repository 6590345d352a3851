"""A runbook written as Markdown, the way most teams keep theirs, as a known error.

Called by `corpus.py`. Read are headings, and what stands below them; nothing is rendered.
"""

from __future__ import annotations

import re
from collections import defaultdict

from airmend.runbook.similarity import KnownErrorEntry
from airmend.runbook.terms import name_key

_FIELD_OF_HEADING = {
    "symptom": "meaning symptom summary description overview what alert about background",
    "impact": "impact severity consequence",
    "cause": "diagnosis cause causes investigation investigate troubleshooting why debug",
    "workaround": "mitigation resolution remediation workaround fix action actions solution steps "
    "recovery recover how",
}
"""The field of a known error that a section goes to, by a word of its heading; what stands
before the first section is its symptom."""

_FIELDS = {word: field for field, words in _FIELD_OF_HEADING.items() for word in words.split()}
_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\n(.*?)^---[ \t]*$", re.DOTALL | re.MULTILINE)
_TITLE = re.compile(r"^title:[ \t]*(.*)$", re.MULTILINE)
_HEADING = re.compile(r"(#{1,6})[ \t]+(.*)")
_FENCE = re.compile(r"[ \t]*(```|~~~)")
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\](?:\([^()\s]{0,1000}\)|\[[^\[\]]{0,300}\])")
_REFERENCE = re.compile(r"^\[[^\]]{0,300}\]:.*$", re.MULTILINE)
_ADDRESS = re.compile(r"https?://\S{1,2000}")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>|<!--.{0,2000}?-->", re.DOTALL)


def read_markdown(text: str, name: str) -> KnownErrorEntry:
    """A document as a known error; its id is `name`, which its file gives.

    It is called as its first heading says, else its front matter, and as its file where that is
    another name.
    """
    front = _FRONT_MATTER.match(text)
    body = text[front.end() :] if front else text
    title = _TITLE.search(front[1]) if front else None
    heading, sections = _split_sections(body)
    called = heading or (title[1].strip().strip("'\"") if title else "") or name
    names = [called] if name_key(called) >= name_key(name) else [called, name]
    return KnownErrorEntry(id=name, name="\n".join(names), **sections)


def _split_sections(body: str) -> tuple[str, dict[str, str]]:
    """The first heading, and the lines below each heading by the field that they belong to."""
    lines: dict[str, list[str]] = defaultdict(list)
    first, field, fenced = "", "symptom", False
    section_level = 0
    for line in body.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
            continue
        heading = None if fenced else _HEADING.match(line)
        if heading is None:
            lines[field].append(line)
            continue
        level, words = len(heading[1]), _clean(heading[2]).strip(" #`*")
        if not first and not any(line.strip() for each in lines.values() for line in each):
            first = words
            continue
        named = next(
            (_FIELDS[word] for word in re.findall(r"\w+", words.casefold()) if word in _FIELDS),
            None,
        )
        if section_level == 0 or level <= section_level:
            field, section_level = named or "text", level
        if named is None:
            lines[field].append(words)  # a heading of its own says something; "Impact" does not
    return first, {field: _clean("\n".join(each)).strip() for field, each in lines.items()}


def _clean(text: str) -> str:
    """Text without addresses and tags; of a link, the words that are shown."""
    return _ADDRESS.sub(" ", _TAG.sub(" ", _LINK.sub(r"\1", _REFERENCE.sub("", text))))
