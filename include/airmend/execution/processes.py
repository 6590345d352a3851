"""Stops Ansible with everything that it started.

Also a script, for `launcher.py`: `python -I processes.py PROCESS...` ends these processes. So
it must not import anything of Airmend.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from contextlib import suppress

import psutil

GRACE_SECONDS = 1.0
"""How long a process may take to end by itself after it was asked to."""

_POLL_SECONDS = 0.02
_GONE = (psutil.NoSuchProcess, psutil.AccessDenied)  # denied: became another user by sudo


def find_processes(variable: str, value: str, program: str) -> list[psutil.Process]:
    """Processes that run `program` with an environment variable of this value.

    This finds Ansible's workers also when their parent is dead; a service that a playbook
    started has the variable too, but runs another program and is left alone.
    """
    found = []
    for process in psutil.process_iter():
        with suppress(*_GONE):
            if process.environ().get(variable) == value and any(
                program in part for part in process.cmdline()
            ):
                found.append(process)
    return found


def stop_processes(roots: Iterable[psutil.Process]) -> None:
    """End processes and all their descendants: asked first, killed after a second.

    Ansible's workers lead sessions of their own, so a signal to its process group misses
    them. All are halted before the first one ends: a process whose parent is gone could not
    be found any more, and a running one could start another meanwhile.
    """
    halted: dict[int, psutil.Process] = {}
    pending = list(roots)
    while pending:
        process = pending.pop()
        with suppress(*_GONE):
            if process.pid not in halted:
                process.suspend()
                halted[process.pid] = process
            pending += [child for child in process.children() if child.pid not in halted]
    for process in halted.values():
        with suppress(*_GONE):
            process.terminate()
            process.resume()
    deadline = time.monotonic() + GRACE_SECONDS
    while any(map(_is_alive, halted.values())) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    for process in halted.values():
        with suppress(*_GONE):
            for late in process.children(recursive=True):
                late.kill()
            process.kill()


def _is_alive(process: psutil.Process) -> bool:
    # not `process.wait()`: it would take the exit status that ansible-runner waits for
    with suppress(*_GONE):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


if __name__ == "__main__":
    stop_processes(psutil.Process(int(number)) for number in sys.argv[1:])
