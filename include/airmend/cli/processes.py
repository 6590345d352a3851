"""The processes of a local Airflow: started in sessions of their own, stopped with all they began.

Called by `stack`. What a component has started is found by its session and by a mark in its
environment, and so also when the process between is gone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path

import psutil

MARK = "AIRMEND_STACK"

GRACE_SECONDS = 5.0
"""Between the request to stop and the kill; Ansible's playbooks need up to two."""

_KILL_SECONDS = 5.0  # a killed process that is still there hangs in the kernel
_POLL_SECONDS = 0.05


class Component:
    """One long-running command, its log, and when it was started.

    Args:
        name: As people know it.
        command: Program and arguments.
        environment: All that it finds in its environment.
        log_file: Where its output goes; added to.
    """

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], log_file: Path
    ) -> None:
        self.name, self.log_file = name, log_file
        self._command, self._environment = list(command), dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self.started_at_seconds = 0.0  # Unix time

    def start(self) -> None:
        """Start it in a session of its own: Ctrl-C in the terminal is for us alone."""
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        self.started_at_seconds = time.time()
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int | None:
        """Its process id; None before its start."""
        return self._process.pid if self._process else None

    @property
    def return_code(self) -> int | None:
        """How it ended; None while it runs and before its start."""
        return self._process.poll() if self._process else None

    @property
    def is_running(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End its own process at once, as a crash does; what it started is left behind."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def collect(self) -> None:
        """Take note of the end of its process, so that no zombie is left."""
        if self._process is not None:
            self._process.wait()

    def last_lines(self, count: int = 15) -> str:
        """The end of its log."""
        return last_lines(self.log_file, count)


def last_lines(path: Path, count: int) -> str:
    """The end of a text file; empty when there is none."""
    try:
        with path.open(errors="replace") as file:
            return "".join(deque(file, maxlen=count)).rstrip()
    except OSError:
        return ""


def find_processes(mark: str, sessions: Container[int]) -> list[psutil.Process]:
    """Every process that carries the mark or lives in one of the sessions, apart from this one.

    Both are needed: Airflow's workers write their title over their environment, and playbooks
    run in sessions of their own.
    """
    found = []
    for process in psutil.process_iter():
        try:
            if (
                not _has_ended(process)
                and process.pid != os.getpid()
                and (os.getsid(process.pid) in sessions or process.environ().get(MARK) == mark)
            ):
                found.append(process)
        except (psutil.Error, OSError):
            continue  # it has just ended, or belongs to somebody else
    return found


def end_processes(processes: Iterable[psutil.Process], grace_seconds: float) -> None:
    """Ask processes to stop, and kill those that have not done so in time."""
    left = list(processes)
    for number, timeout_seconds in (
        (signal.SIGTERM, grace_seconds),
        (signal.SIGKILL, _KILL_SECONDS),
    ):
        for process in left:
            _signal(process, number)
        left = _wait(left, timeout_seconds)


def _wait(processes: list[psutil.Process], timeout_seconds: float) -> list[psutil.Process]:
    """Wait for processes to end; gives those that have not.

    A zombie has ended: the orphans among these belong to the system, which may collect them
    later or, in a container, never.
    """
    deadline = time.monotonic() + timeout_seconds
    while left := [process for process in processes if not _has_ended(process)]:
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL_SECONDS)
    return left


def _has_ended(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.Error:
        pass  # it has ended
