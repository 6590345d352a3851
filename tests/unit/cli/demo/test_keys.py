"""Keys count only while somebody is asked, and the terminal is left as it was."""

from __future__ import annotations

import os
import pty
import termios
from collections.abc import Iterator

import pytest

from airmend.cli.demo.keys import Keys


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """The two ends of a terminal: the person's, and the program's."""
    person, program = pty.openpty()
    yield person, program
    os.close(person)
    os.close(program)


def test_a_single_key_is_read_without_enter(terminal: tuple[int, int]) -> None:
    person, program = terminal
    with Keys(program) as keys:
        keys.listen(wanted=True)
        os.write(person, b"A")
        assert keys.read(5) == "a"
        assert keys.read(0.01) == ""


def test_what_was_typed_before_the_question_does_not_answer_it(terminal: tuple[int, int]) -> None:
    person, program = terminal
    with Keys(program) as keys:
        os.write(person, b"aaa\n")
        assert keys.read(0.01) == ""
        keys.listen(wanted=True)
        assert keys.read(0.05) == ""


def test_the_terminal_is_left_as_it_was_also_after_an_error(terminal: tuple[int, int]) -> None:
    _, program = terminal
    before = termios.tcgetattr(program)

    def fail() -> None:
        with Keys(program) as keys:
            keys.listen(wanted=True)
            assert termios.tcgetattr(program) != before
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert termios.tcgetattr(program) == before


def test_ctrl_c_still_interrupts_while_keys_are_read(terminal: tuple[int, int]) -> None:
    _, program = terminal
    with Keys(program) as keys:
        keys.listen(wanted=True)
        assert termios.tcgetattr(program)[3] & termios.ISIG
