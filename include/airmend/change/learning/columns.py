"""Which column of a change history is which, and which ones nobody had when the change was opened.

ITIL's usual names are known; a file of YAML names others. Called by `reading`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from airmend.change.document import read_document
from airmend.errors import ConfigurationError

KNOWN_NAMES: dict[str, tuple[str, ...]] = {
    "id": ("change id", "change number", "number", "id"),
    "opened_at": ("change record open time", "open time", "opened at", "opened", "created"),
    "planned_start_at": ("planned start", "planned start date", "start date"),
    "planned_end_at": ("planned end", "planned end date", "end date"),
    "requested_end_at": ("requested end date", "requested by date", "due date"),
    "change_type": ("change type", "change model", "type"),
    "risk_assessment": ("risk assessment", "risk", "risk level"),
    "emergency": ("emergency change", "emergency"),
    "board_approval": ("cab approval needed", "cab required"),
    "items": ("ci name aff", "ci name", "configuration item", "cmdb ci"),
    "item_types": ("ci type aff", "ci type", "ci class"),
    "item_subtypes": ("ci subtype aff", "ci subtype"),
    "services": ("service component wbs aff", "service component", "business service", "service"),
    "failed": ("label linked", "failed", "change failed", "caused incident"),
}
"""Fields and the names under which they are recognised, in small letters without punctuation."""

MUST_HAVE = ("id", "opened_at")

_AFTERWARDS = (
    r"\bactual\b",
    r"\bclose[ds]?\b|\bclosure\b|\bcompletion\b|\bcompleted\b",
    r"\bresol(ved?|ution)\b",
    r"\boutcome\b|\bresult\b|\bsuccess\w*|\bfailure\b|\bbacked out\b|\brolled back\b",
    r"\boriginated from\b|\bcaused by\b|\bcby\b",
    r"\brelated\b|\blinked\b|\bnumber of\b|\bcount\b",
    r"\breopen\w*|\breassign\w*|\bhandle time\b|\bend time\b|\bwork (start|end)\b",
    r"\bstatus\b|\bstate\b|\bpost implementation\b|\breview\w*|\boutage\b",
)
_PATTERN = re.compile("|".join(_AFTERWARDS))


class ColumnMapping(BaseModel):
    """Names of one organisation's columns: a file of YAML."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fields: dict[str, str] = Field(default_factory=dict)  # our field -> their column
    extra: list[str] = Field(default_factory=list)  # their columns, known when opened
    ignore: list[str] = Field(default_factory=list)  # columns that are known only afterwards


def load_mapping(path: Path | None) -> ColumnMapping:
    """The mapping in a file, or the empty one.

    Raises:
        ConfigurationError: It cannot be read, or names a field that there is not.
    """
    if path is None:
        return ColumnMapping()
    mapping = read_document(path).validate(ColumnMapping)
    if unknown := sorted(set(mapping.fields) - set(KNOWN_NAMES)):
        raise ConfigurationError(
            f"{path}: there is no field '{unknown[0]}'. Use one of {', '.join(KNOWN_NAMES)}."
        )
    return mapping


def words_of(column: str) -> str:
    """A column's name in small letters with single spaces: `CI Name (aff)` is `ci name aff`."""
    spelled = re.sub(r"([a-z])([A-Z])", r"\1 \2", column).replace("#", " number of ")
    return " ".join(re.findall(r"[a-z0-9]+", spelled.lower()))


def known_afterwards(column: str) -> bool:
    """Whether a name says that the value came into being after the change was opened."""
    return _PATTERN.search(words_of(column)) is not None


def find_columns(
    header: Sequence[str], mapping: ColumnMapping, source: str, *, needs: Sequence[str] = MUST_HAVE
) -> dict[str, str]:
    """Which column holds which field; columns of no field are left out.

    Raises:
        ConfigurationError: A field that is needed has no column, or the mapping names a column
            that the file does not have.
    """
    found: dict[str, str] = {}
    by_words = {words_of(column): column for column in reversed(header)}
    for field, names in KNOWN_NAMES.items():
        if (named := mapping.fields.get(field)) is not None:
            found[field] = _existing(named, header, source)
        elif column := next((by_words[name] for name in names if name in by_words), None):
            found[field] = column
    for column in mapping.extra:
        _existing(column, header, source)
    for field in needs:
        if field not in found:
            raise ConfigurationError(
                f"{source}: no column for '{field}'. Name it in a mapping (--columns), or call "
                f"the column '{KNOWN_NAMES[field][0]}'."
            )
    return found


def refuse_afterwards(
    header: Sequence[str], found: dict[str, str], mapping: ColumnMapping, source: str
) -> None:
    """Refuse a history with columns that nobody had when the change was opened.

    Such a column is refused also where no feature would be made of it: whoever sees it in the file
    cannot tell whether it was used. The outcome's own column is the one exception.

    Raises:
        ConfigurationError: There is such a column, and the mapping does not put it aside.
    """
    used = {column for field, column in found.items() if field != "failed"} | set(mapping.extra)
    aside = set(mapping.ignore) - used
    for column in header:
        if column != found.get("failed") and column not in aside and known_afterwards(column):
            raise ConfigurationError(
                f"{source}: column '{column}' is known only after the change. Take it out of the "
                "file, or name it under 'ignore' in a mapping (--columns)."
            )


def _existing(column: str, header: Sequence[str], source: str) -> str:
    if column not in header:
        raise ConfigurationError(
            f"{source}: there is no column '{column}', which the mapping names. "
            f"The file has: {', '.join(header)}."
        )
    return column
