"""The folder of the demo: made anew each time, and only ever what a demo made is removed.

The same holds for processes: those of an earlier demo that was killed are found by the folder.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

import psutil

from airmend.cli.estate import Estate
from airmend.cli.processes import GRACE_SECONDS, MARK, end_processes, find_processes
from airmend.errors import ConfigurationError, StackError

MARK_FILE = "made-by-airmend-demo"
ESTATE_FOLDER = "estate"


def end_earlier_demo(home: Path) -> None:
    """End what outlived an earlier demo that was killed and could not end it.

    Args:
        home: The demo's own folder; it need not be there.

    Raises:
        StackError: A demo runs from there now.
        ConfigurationError: The folder is not one that a demo made.
    """
    if home.is_symlink() or (home.exists() and not _is_ours(home)):
        raise ConfigurationError(
            f"{home}: the demo needs this folder for itself and did not make it. Move it away"
        )
    _require_rest(home)
    Estate(home / ESTATE_FOLDER).stop()
    end_processes(_find_leftovers(home), GRACE_SECONDS)


def renew_home(home: Path) -> None:
    """Leave an empty folder for this demo; what an earlier one left in it is removed.

    Args:
        home: As `end_earlier_demo` accepts it.

    Raises:
        ConfigurationError: The folder cannot be removed or made.
    """
    try:
        if home.exists():
            shutil.rmtree(home)
        home.mkdir(parents=True)
        (home / MARK_FILE).write_text("The next `airmend demo` removes this folder.\n")
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename or home}: {error.strerror}. Remove {home} and start again"
        ) from error


def _is_ours(home: Path) -> bool:
    return home.is_dir() and ((home / MARK_FILE).is_file() or not any(home.iterdir()))


def _require_rest(home: Path) -> None:
    """Raise when a demo runs from the folder; see `AirflowStack`, which holds the same lock."""
    running = home / "running"
    if not running.exists():
        return
    with running.open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            who = lock.read().strip()
            raise StackError(f"a demo runs already ({who}). Stop it with Ctrl-C first") from error


def _find_leftovers(home: Path) -> list[psutil.Process]:
    """Every process of a stack over this folder: by its environment, its session or its mark."""
    found = [process for process in psutil.process_iter() if _belongs_to(process, home)]
    sessions, marks = set(), set()
    for process in found:
        try:
            sessions.add(os.getsid(process.pid))
            marks.add(process.environ()[MARK])
        except (psutil.Error, OSError, KeyError):
            continue  # it has just ended
    sessions.discard(os.getsid(0))
    return [process for mark in marks for process in find_processes(mark, sessions)]


def _belongs_to(process: psutil.Process, home: Path) -> bool:
    try:
        environment = process.environ()
    except (psutil.Error, OSError):
        return False
    return environment.get("AIRMEND_HOME") == str(home) and MARK in environment
