"""Single keys from a terminal, without Enter, read only while somebody is asked.

Outside of that the terminal is as it was, and Ctrl-C means what it always means.
"""

from __future__ import annotations

import os
import select
import termios
import time
import tty
from types import TracebackType
from typing import Self


class Keys:
    """The keys of one terminal; a context manager that leaves the terminal as it found it.

    Args:
        descriptor: Of the terminal, open for reading.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._before = termios.tcgetattr(descriptor)
        self._listening = False

    def __enter__(self) -> Self:
        """Begin; nothing changes until `listen`."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Bring the terminal back to what it was."""
        self.listen(wanted=False)

    def listen(self, *, wanted: bool) -> None:
        """Take single keys, or stop doing so.

        What was typed before is thrown away both times: a key that was pressed for something
        else must not approve a change.
        """
        if wanted == self._listening:
            return
        self._listening = wanted
        if wanted:
            tty.setcbreak(self._descriptor, termios.TCSAFLUSH)
        else:
            termios.tcsetattr(self._descriptor, termios.TCSAFLUSH, self._before)

    def read(self, timeout_seconds: float) -> str:
        """The next key in lower case; "" when none is pressed in time or nobody is asked."""
        if not self._listening:
            time.sleep(timeout_seconds)
            return ""
        ready, _, _ = select.select([self._descriptor], [], [], timeout_seconds)
        if not ready:
            return ""
        typed = os.read(self._descriptor, 1)
        if not typed:  # the terminal is gone
            time.sleep(timeout_seconds)
        return typed.decode(errors="replace").lower()
