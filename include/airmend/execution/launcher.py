"""Starts Ansible so that it asks nobody and does not outlive the process that answers for it.

Run as a script by `ansible.py`: `python -I -S launcher.py CLEANER PROGRAM ARGUMENT...`. It must
not import anything of Airmend: it takes some ten milliseconds of every playbook.

ansible-runner gives Ansible a terminal of its own and makes it ignore the hang-up signal.
Here standard input is emptied, so that a prompt ends instead of waiting for a person. And the
hang-up is heard: when the worker is killed, its end of the terminal goes, and this process,
which stayed beside Ansible, ends it with all that it started. Otherwise the task at hand
would go on while a new worker may begin the same step.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType


def launch(cleaner: str, command: list[str]) -> int:
    """Run a command to its end.

    Args:
        cleaner: A script that ends a process and its descendants (`processes.py`).
        command: A program's path and its arguments.

    Returns:
        Its exit status; negative where a signal ended it.
    """
    started: list[int] = []

    def end_all(_number: int, _frame: FrameType | None) -> None:
        arguments = [sys.executable, "-I", cleaner, *map(str, started)]
        os.execv(sys.executable, arguments)  # noqa: S606 - no shell is wanted

    signal.signal(signal.SIGHUP, end_all)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    child = os.fork()
    if child == 0:
        # Ansible itself stays deaf to it: were it to end first, its workers would be lost
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    started.append(child)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    status = launch(sys.argv[1], sys.argv[2:])
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)
