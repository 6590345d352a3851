"""The Markdown of this repository, taken apart so that tests can hold it to the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_COMMENT = re.compile(r"^# (.+)\n")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it is, its language, its text."""

    path: Path
    language: str
    text: str

    @property
    def label(self) -> str:
        """What the first line says it is, when that is a comment."""
        found = _COMMENT.match(self.text)
        return found[1] if found else ""


def name_of(path: Path) -> str:
    """A document's path from the root, for messages and test ids."""
    return path.relative_to(ROOT).as_posix()


def blocks_of(path: Path) -> list[Block]:
    """The fenced blocks of a document, in order."""
    found = _FENCE.findall(path.read_text(encoding="utf-8"))
    return [Block(path, language, text) for language, text in found]


def all_blocks(language: str) -> list[Block]:
    """The fenced blocks of one language in every document."""
    return [block for path in DOCUMENTS for block in blocks_of(path) if block.language == language]


def prose_of(path: Path) -> str:
    """A document without its fenced blocks."""
    return _FENCE.sub("", path.read_text(encoding="utf-8"))


def commands_of(path: Path) -> Iterator[str]:
    """Whatever stands as code: each span, and each line of a block."""
    yield from _SPAN.findall(prose_of(path))
    for block in blocks_of(path):
        yield from block.text.splitlines()


def tables_of(path: Path, marker: str) -> list[list[list[str]]]:
    """The tables that follow a comment such as `<!-- settings -->`, as rows of cells."""
    text = path.read_text(encoding="utf-8")
    found = re.findall(rf"<!-- {re.escape(marker)} -->\n((?:\|.*\n)+)", text)
    return [[_cells(line) for line in table.splitlines()[2:]] for table in found]


def table_of(path: Path, marker: str) -> list[list[str]]:
    """The one table that follows a comment."""
    (table,) = tables_of(path, marker)
    return table


def plain(cell: str) -> str:
    """A cell without the backticks around it."""
    return cell.removeprefix("`").removesuffix("`")


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]
