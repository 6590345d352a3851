"""The terminal ends with its program, and a program that does not end is still ended."""

from __future__ import annotations

import time

import pexpect

from airmend.execution.terminal import Terminal


def test_a_terminal_whose_program_has_ended_is_closed_without_a_pause() -> None:
    terminal = Terminal("true")
    terminal.expect(pexpect.EOF)
    terminal.wait()
    begun = time.monotonic()
    terminal.close()
    assert time.monotonic() - begun < 0.1  # pexpect's own pause
    assert terminal.exitstatus == 0


def test_a_program_that_still_runs_is_ended() -> None:
    terminal = Terminal("sleep", ["600"])
    terminal.close()
    assert not terminal.isalive()
