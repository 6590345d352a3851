"""A file that people edit while a server runs: read again when it has changed, and only then.

For servers, which ask at every page and every batch; a task reads its files once. Imports nothing
of Airflow.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from airmend.errors import ConfigurationError

Content = TypeVar("Content")

_log = logging.getLogger(__name__)


class WatchedFile(Generic[Content]):
    """What a file holds as it stands now; the same object as long as the file is the same.

    May be asked from many threads: at worst two of them read it at once.

    Args:
        path: The file.
        load: Reads it; raises ConfigurationError for what cannot be used.
    """

    def __init__(self, path: Path, load: Callable[[Path], Content]) -> None:
        self._path, self._load = path, load
        self._kept: tuple[str, Content | ConfigurationError] | None = None

    def __call__(self) -> Content:
        """What it holds.

        Raises:
            ConfigurationError: It cannot be used; the same error until the file changes.
        """
        seen = self._look()
        if self._kept is None or self._kept[0] != seen:
            self._kept = seen, self._read()
        content = self._kept[1]
        if isinstance(content, ConfigurationError):
            raise content.with_traceback(None)  # not one frame more each time
        return content

    def _look(self) -> str:
        try:
            state = self._path.stat()
        except OSError as error:
            return str(error)
        return f"{state.st_mtime_ns} {state.st_size} {state.st_ino}"

    def _read(self) -> Content | ConfigurationError:
        try:
            return self._load(self._path)
        except ConfigurationError as error:
            return error


class LastGood(Generic[Content]):
    """What a file held when it could be used last; each mistake in it is logged once.

    Args:
        read: Gives what it holds; raises ConfigurationError, the same one until it changes.
        first: Counts before it could be used for the first time.
        mistake: What is said of one, before its reason.
    """

    def __init__(self, read: Callable[[], Content], first: Content, mistake: str) -> None:
        self._read, self._content, self._mistake = read, first, mistake
        self._told: ConfigurationError | None = None

    def __call__(self) -> Content:
        """What it held last."""
        try:
            self._content = self._read()
        except ConfigurationError as error:
            if error is not self._told:
                self._told = error
                _log.error("%s: %s", self._mistake, error)
        return self._content
