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
    """Every process of a stack over this folder, with all that belongs to it."""
    sessions, marks = set(), {""}
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            if environment.get("AIRMEND_HOME") == str(home) and MARK in environment:
                marks.add(environment[MARK])
            elif not _logs_to(process, home):
                continue
            sessions.add(os.getsid(process.pid))
        except (psutil.Error, OSError):
            continue  # it has just ended, or belongs to somebody else
    sessions.discard(os.getsid(0))
    return [process for mark in marks for process in find_processes(mark, sessions)]


def _logs_to(process: psutil.Process, home: Path) -> bool:
    """Whether a process writes its output to a log of this folder.

    Airflow's API server writes its title over its environment, so that nothing else tells
    whose it is.
    """
    logs = str(home / "logs")
    return any(file.fd in {1, 2} and file.path.startswith(logs) for file in process.open_files())
