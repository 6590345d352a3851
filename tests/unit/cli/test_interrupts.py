"""Whatever tells a command to stop ends it as Ctrl-C does, at whichever instruction it comes."""

from __future__ import annotations

import signal
import sys
import threading
import weakref

import pytest

from airmend.cli.interrupts import stopping_on_signals

PATIENCE_SECONDS = 10


class Finalised:
    """An object whose end is watched."""


def be_stopped_in_a_finaliser(number: signal.Signals) -> None:
    thing = Finalised()
    watch = weakref.ref(thing, lambda _dead: signal.raise_signal(number))
    del thing
    assert watch() is None
    threading.Event().wait(PATIENCE_SECONDS)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_end_of_the_terminal_interrupts_like_ctrl_c(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), stopping_on_signals():
        signal.raise_signal(number)
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_of_a_finaliser_is_not_lost(number: signal.Signals) -> None:
    hook = sys.unraisablehook
    with pytest.raises(KeyboardInterrupt), stopping_on_signals():
        be_stopped_in_a_finaliser(number)
    assert sys.unraisablehook is hook
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_other_exceptions_that_python_drops_are_told_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda dropped: told.append(dropped.exc_type))

    def fail(_dead: object) -> None:
        raise ValueError

    with stopping_on_signals():
        thing = Finalised()
        watch = weakref.ref(thing, fail)
        del thing
    assert (watch(), told) == (None, [ValueError])
