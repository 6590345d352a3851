"""A file that people edit while a server runs: read again when it has changed, and only then.

For servers, which ask at every page and every batch; a task reads its files once. Imports nothing
of Airflow.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from airmend.errors import ConfigurationError

Content = TypeVar("Content")


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
