"""Every way of being told to stop ends a command as Ctrl-C does."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_STOPS = (signal.SIGTERM, signal.SIGHUP)
_AGAIN_SECONDS = 0.05


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Let SIGTERM, and the end of the terminal, end the block as Ctrl-C does; for a main thread.

    What was started has sessions of its own: nobody else would stop it. So an interrupt is never
    lost: Python drops an exception that is raised while it finalises an object, and whichever
    instruction a signal meets may be within one; such an interrupt is raised again.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    def raise_again(dropped: Any) -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
        else:
            hook(dropped)

    hook = sys.unraisablehook
    before = {number: signal.signal(number, interrupt) for number in (*_STOPS, signal.SIGALRM)}
    sys.unraisablehook = raise_again
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)
