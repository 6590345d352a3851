"""A change history from a CSV: one row a change and configuration item, grouped by change.

Reads `.csv` and `.csv.gz`, commas or semicolons, day-first dates or ISO. Called by the commands.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airmend.change.learning.columns import (
    MUST_HAVE,
    ColumnMapping,
    find_columns,
    known_afterwards,
    refuse_afterwards,
)
from airmend.change.learning.past_change import PastChange, in_order
from airmend.errors import ConfigurationError

_FORMS = ("%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y")
_CLOCKS = (" %H:%M", " %H:%M:%S", "")
_TRUE = {"1", "1.0", "y", "yes", "true", "t", "failed", "failure"}
_FALSE = {"0", "0.0", "n", "no", "false", "f", "succeeded", "success", "successful"}
_TIMES = ("opened_at", "planned_start_at", "planned_end_at", "requested_end_at")
_TEXTS = ("change_type", "risk_assessment", "emergency", "board_approval")
_SETS = ("items", "item_types", "item_subtypes", "services")


@dataclass(frozen=True)
class History:
    """The changes of a file, oldest first, and what became of its columns."""

    changes: list[PastChange]
    rows: int
    columns: dict[str, str]  # field -> column
    unused: list[str]  # columns that no field was made of


def read_history(
    path: Path,
    mapping: ColumnMapping | None = None,
    *,
    strict: bool,
    needs_outcome: bool = True,
) -> History:
    """Read a history with the outcomes of its changes.

    Args:
        path: The file.
        mapping: Names of its columns, where they are not the usual ones.
        strict: Refuse columns that are known only afterwards, as training must. Otherwise they
            are not read.
        needs_outcome: Whether the file has to say which changes failed. Where it need not and
            does not, none did, until incidents say otherwise.

    Raises:
        ConfigurationError: The file cannot be read, a column is missing or refused, a value is
            not of its form, or the rows of one change contradict each other in the outcome.
    """
    mapping = mapping or ColumnMapping()
    header, rows = read_rows(path)
    outcome = ("failed",) if needs_outcome else ()
    found = find_columns(header, mapping, str(path), needs=MUST_HAVE + outcome)
    if strict:
        refuse_afterwards(header, found, mapping, str(path))
    extra = [column for column in mapping.extra if not known_afterwards(column)]
    grouped: dict[str, list[tuple[int, dict[str, str]]]] = {}
    for line, row in rows:
        grouped.setdefault(row[found["id"]].strip(), []).append((line, row))
    changes = [
        _make_change(path, change_id, lines, found, extra) for change_id, lines in grouped.items()
    ]
    if not changes:
        raise ConfigurationError(f"{path}: holds no change. Export at least some hundred of them.")
    used = {*found.values(), *extra}
    unused = [column for column in header if column not in used]
    return History(changes=in_order(changes), rows=len(rows), columns=found, unused=unused)


def parse_time(text: str) -> datetime | None:
    """A time as people export it; day before month; without a zone it is taken as UTC.

    Raises:
        ValueError: It is none of the forms.
    """
    text = text.strip()
    if not text:
        return None
    for form in _FORMS:
        for clock in _CLOCKS:
            try:
                return datetime.strptime(text, form + clock).replace(tzinfo=UTC)
            except ValueError:
                continue
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def read_rows(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The header of a CSV, and its rows with the line that each ends on.

    Raises:
        ConfigurationError: It cannot be read.
    """
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        text = content.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error}). Name a file of CSV, or of CSV with gzip."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not UTF-8. Convert it with iconv first.") from error
    lines = text.splitlines()
    first = lines[0] if lines else ""
    reader = csv.DictReader(
        lines, delimiter=";" if first.count(";") > first.count(",") else ",", restval=""
    )
    header = list(reader.fieldnames or [])
    return header, [(reader.line_num, row) for row in reader]


def _make_change(
    path: Path,
    change_id: str,
    lines: Sequence[tuple[int, dict[str, str]]],
    found: dict[str, str],
    extra: Sequence[str],
) -> PastChange:
    first_line, first = lines[0]
    times: dict[str, Any] = {name: _time(path, first_line, first, found, name) for name in _TIMES}
    opened_at = times.pop("opened_at")
    if not change_id or opened_at is None:
        raise ConfigurationError(
            f"{path}:{first_line}: a change without id or time of opening. Fill in both, or take "
            "the row out."
        )
    outcomes: set[bool | None] = {False}
    if "failed" in found:
        outcomes = {_outcome(path, line, row[found["failed"]]) for line, row in lines}
    if len(outcomes) > 1:
        raise ConfigurationError(
            f"{path}:{first_line}: the rows of {change_id} contradict each other in "
            f"'{found['failed']}'. Give all rows of a change the same value."
        )
    names: dict[str, Any] = {
        **{name: first[found[name]].strip() for name in _TEXTS if name in found},
        **{name: _values(lines, found[name]) for name in _SETS if name in found},
    }
    return PastChange(
        id=change_id,
        opened_at=opened_at,
        failed=outcomes.pop(),
        **times,
        **names,
        extra={column: _values(lines, column) for column in extra},
    )


def _time(
    path: Path, line: int, row: dict[str, str], found: dict[str, str], name: str
) -> datetime | None:
    if name not in found:
        return None
    try:
        return parse_time(row[found[name]])
    except ValueError as error:
        raise ConfigurationError(
            f"{path}:{line}: '{found[name]}' is '{row[found[name]]}', which is no time. "
            "Write 31-12-2013 18:00, 31/12/2013 18:00:00 or 2013-12-31T18:00."
        ) from error


def _outcome(path: Path, line: int, text: str) -> bool | None:
    value = text.strip().lower()
    if not value:
        return None
    if value in _TRUE or value in _FALSE:
        return value in _TRUE
    raise ConfigurationError(
        f"{path}:{line}: the outcome is '{text}'. Write 1 for a failed change, 0 for the others."
    )


def _values(lines: Sequence[tuple[int, dict[str, str]]], column: str) -> frozenset[str]:
    return frozenset(value for _, row in lines if (value := row[column].strip()))
