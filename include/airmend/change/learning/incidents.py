"""Outcomes from incidents: a change that brought one about counts as failed.

Reads a list of incidents that name the change they belong to. What else such a list says (priority,
closure, counts) came into being after the change, and no feature is made of it. Called by
`airmend risk train` and `airmend risk evaluate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from airmend.change.learning.columns import words_of
from airmend.change.learning.past_change import PastChange
from airmend.change.learning.reading import parse_time, read_rows
from airmend.errors import ConfigurationError

_NAMES = {
    "change": ("related change", "caused by change", "caused by", "change id", "change"),
    "opened_at": ("open time", "opened at", "opened", "created"),
    "closed_at": ("close time", "closed at", "closed"),
}

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class LinkedIncident:
    """An incident that names a change.

    Args:
        change_id: The change.
        opened_at: When it was opened, aware.
        known_at: From when on the link counts as known: its closure where the list says one;
            None while it is open, since somebody may have written the link at any time.
    """

    change_id: str
    opened_at: datetime
    known_at: datetime | None


def read_incidents(path: Path) -> list[LinkedIncident]:
    """The incidents of a CSV that name a change.

    Args:
        path: `.csv` or `.csv.gz` with columns for the change and the time of opening, such as
            "Related Change" and "Open Time"; without one for the closure, an incident counts as
            known when it was opened.

    Raises:
        ConfigurationError: The file cannot be read, a column is missing, or a time is none.
    """
    header, rows = read_rows(path)
    by_words = {words_of(column): column for column in reversed(header)}
    found = {
        field: next((by_words[name] for name in names if name in by_words), None)
        for field, names in _NAMES.items()
    }
    change, opened, closed = found["change"], found["opened_at"], found["closed_at"]
    if change is None or opened is None:
        field = "change" if change is None else "opened_at"
        raise ConfigurationError(
            f"{path}: no column says the {field.replace('_', ' ')} of an incident. Call it "
            f"'{_NAMES[field][0]}'."
        )
    incidents = []
    for line, row in rows:
        if not (change_id := row[change].strip()):
            continue
        opened_at = _time(path, line, opened, row[opened])
        if opened_at is None:
            raise ConfigurationError(
                f"{path}:{line}: an incident without a time of opening. Fill it in, or take the "
                "row out."
            )
        known_at = _time(path, line, closed, row[closed]) if closed else opened_at
        incidents.append(LinkedIncident(change_id, opened_at, known_at))
    return incidents


def label_by_incidents(
    changes: Sequence[PastChange], incidents: Sequence[LinkedIncident], *, until: datetime | None
) -> list[PastChange]:
    """The changes with what their incidents say of their outcome.

    Only an incident that was opened once the change was to begin counts: before that, the change
    is what repairs it. What was known only from `until` on does not count either. A change that
    failed by its own record stays failed; one without any outcome gets none from silence.

    Args:
        changes: With or without outcomes.
        incidents: From `read_incidents`.
        until: Where training ends; None where it has no end.
    """
    known: dict[str, list[LinkedIncident]] = {}
    for incident in incidents:
        known.setdefault(incident.change_id, []).append(incident)
    return [_label(change, known.get(change.id, ()), until) for change in changes]


def _label(
    change: PastChange, incidents: Sequence[LinkedIncident], until: datetime | None
) -> PastChange:
    begins_at = change.planned_start_at or change.opened_at
    caused = [each for each in incidents if each.opened_at >= begins_at]
    if until is not None:
        caused = [each for each in caused if each.known_at is not None and each.known_at < until]
    if change.failed or not caused:
        return change
    times = [each.known_at for each in caused if each.known_at is not None]
    return replace(change, failed=True, failed_known_at=min(times, default=_NEVER))


def _time(path: Path, line: int, column: str, text: str) -> datetime | None:
    try:
        return parse_time(text)
    except ValueError as error:
        raise ConfigurationError(
            f"{path}:{line}: '{column}' is '{text}', which is no time. "
            "Write 31-12-2013 18:00, 31/12/2013 18:00:00 or 2013-12-31T18:00."
        ) from error
