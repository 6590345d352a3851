"""The folder of maintenance calendars: its files, read again when they change.

Nothing is remembered of an earlier content: a file that has a mistake now has no windows and a
mistake, and while there is one nobody can say what is in maintenance. Looking costs a stat of
each file. Called through `rules.py`, by several threads.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from airmend.calendars.files import MAX_BYTES
from airmend.calendars.recurrence import EventError
from airmend.incident.calendar_file import CalendarFile, Window, read_calendar
from airmend.incident.model import SuppressionKind, SuppressionRule

SUFFIX = ".ics"
AHEAD = timedelta(days=31)
"""So far ahead is reckoned when a file is read, and again every day."""

RECKONED_EVERY = timedelta(days=1)

_log = logging.getLogger(__name__)

_Signature = tuple[int, int, int]


@dataclass(frozen=True)
class Maintenance:
    """What the calendars say of the time around a moment.

    Args:
        rules: One rule for each scope of each occurrence; of a file in the order of the starts.
        mistakes: Place, fact and remedy of each mistake; empty when everything can be used.
    """

    rules: Sequence[SuppressionRule] = ()
    mistakes: Sequence[str] = ()


@dataclass
class _Kept:
    """One file as it was read."""

    signature: _Signature
    file: CalendarFile
    reckoned_at: datetime | None = None
    maintenance: Maintenance = field(default_factory=Maintenance)


class Calendars:
    """The calendars of one folder.

    Args:
        folder: Holds files that end in `.ics`; others are not read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[Path, _Kept] = {}
        self._lock = threading.Lock()
        self._told: Sequence[str] = ()

    def read(self, at: datetime) -> Maintenance:
        """What the files say, as they are now; never raises.

        Args:
            at: The time, aware; windows of the days before it that still last are there, and
                those of at least 30 days after it.
        """
        with self._lock:
            parts = list(self._read(at))
            mistakes = [mistake for part in parts for mistake in part.mistakes]
            if mistakes != self._told:
                for mistake in mistakes:
                    _log.error("maintenance calendars: %s", mistake)
                self._told = mistakes
        rules = [rule for part in parts for rule in part.rules]
        return Maintenance(rules, mistakes)

    def _read(self, at: datetime) -> Iterator[Maintenance]:
        try:
            paths = sorted(p for p in self._folder.iterdir() if p.suffix.lower() == SUFFIX)
        except OSError as error:
            yield _mistake(self._folder, f"the folder cannot be read ({error.strerror})")
            return
        if not paths:
            # an empty folder is what a disk that was not mounted looks like
            yield _mistake(
                self._folder,
                f"there is no {SUFFIX} file in it. A calendar without events says that nothing is "
                "planned",
            )
        for path in paths:
            try:
                kept = self._keep(path)
            except OSError as error:
                yield _mistake(path, f"it cannot be read ({error.strerror})")
                continue
            if kept.reckoned_at is None or not (
                timedelta() <= at - kept.reckoned_at < RECKONED_EVERY
            ):
                kept.maintenance = _reckon(kept, at)
                kept.reckoned_at = at
            yield kept.maintenance
        for gone in set(self._files) - set(paths):
            del self._files[gone]

    def _keep(self, path: Path) -> _Kept:
        """The file as it is now; read only when it is another one than before."""
        stat = path.stat()
        signature = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        kept = self._files.get(path)
        if kept is None or kept.signature != signature:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            kept = self._files[path] = _Kept(signature, read_calendar(path.name, data))
        return kept


def _mistake(path: Path, fact: str) -> Maintenance:
    return Maintenance(mistakes=[f"{path}: {fact}."])


def _reckon(kept: _Kept, at: datetime) -> Maintenance:
    rules: list[SuppressionRule] = []
    mistakes = list(kept.file.mistakes)
    written_at = datetime.fromtimestamp(kept.signature[0] / 1e9, UTC)
    for window in kept.file.windows:
        try:
            rules += _rules_of(window, at, written_at)
        except EventError as error:
            mistakes.append(f"{window.id}: event '{window.summary}': {error}")
        except Exception as error:  # noqa: BLE001 - a strange event is a mistake of its file
            mistakes.append(f"{window.id}: event '{window.summary}' has no times ({error}).")
    return Maintenance(rules, mistakes)


def _rules_of(window: Window, at: datetime, written_at: datetime) -> Iterator[SuppressionRule]:
    for starts_at, ends_at in window.recurrence.between(at, at + AHEAD):
        for scope in window.scopes:
            yield SuppressionRule(
                id=window.id,
                kind=SuppressionKind.MAINTENANCE,
                scope=scope,
                starts_at=starts_at,
                ends_at=ends_at,
                author=window.author,
                reason=window.summary,
                created_at=written_at,
            )


@lru_cache(maxsize=8)
def find_calendars(folder: Path) -> Calendars:
    """The calendars of a folder, the same for everybody in this process."""
    return Calendars(folder)


def read_maintenance(folder: Path | None, at: datetime) -> Maintenance:
    """What the calendars of a folder say; nothing where none is configured."""
    return Maintenance() if folder is None else find_calendars(folder).read(at)
