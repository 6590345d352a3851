"""Starts Ansible so that it asks nobody and does not outlive the process that answers for it.

Run as a script by `ansible.py`: `python -I -S launcher.py PROGRAM ARGUMENT...`. It must not
import anything of Airmend: it takes some ten milliseconds of every playbook.

ansible-runner gives Ansible a terminal of its own and makes it ignore the hang-up signal.
Here standard input is emptied, so that a prompt ends instead of waiting for a person, and
the hang-up is heard again: when the worker is killed, the terminal goes, and Ansible with it.
"""

from __future__ import annotations

import os
import signal
import sys

if __name__ == "__main__":
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - no shell is wanted
