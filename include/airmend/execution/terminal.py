"""The terminal that ansible-runner gives Ansible, without the pause at its end.

pexpect waits a tenth of a second after it has closed a terminal, for the system to notice that
the program on it ends. Ours has ended before, so that the wait is for nothing, and it would be
a fifth of a short playbook's time.
"""

from __future__ import annotations

import pexpect


class Terminal(pexpect.spawn):  # type: ignore[misc]  # pexpect has no types
    """A terminal that is closed at once when its program has ended."""

    def close(self, force: bool = True) -> None:
        """Close it; a program that still runs is ended, as pexpect does it."""
        if not self.isalive():
            self.ptyproc.delayafterclose = 0
        super().close(force)


def use_in_ansible_runner() -> None:
    """Let ansible-runner, which names no class of its own for it, start Ansible on this one."""
    pexpect.spawn = Terminal
