"""The board fits the terminal, says where each change is, and shows nothing unprintable."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from airmend.change.model import ChangeStatus
from airmend.cli.demo.approvals import Question
from airmend.cli.demo.board import SPINNER, draw_board, draw_question, tell_result
from airmend.cli.demo.cases import Case
from airmend.cli.demo.following import Stage, follow
from tests.builders import make_change
from tests.unit.cli.demo.stories import cut, make_case, rolled_back
from tests.unit.review.scenarios import later

NOW = later(40)


def render(what: RenderableType, width: int = 120) -> str:
    console = Console(file=StringIO(), width=width, legacy_windows=False)
    console.print(what)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def row(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if line.strip("│ ").startswith(name))


def all_cases() -> list[Case]:
    waiting = follow(cut(rolled_back(), 20, ChangeStatus.VERIFYING))
    return [
        make_case(rolled_back()),
        replace(make_case(rolled_back(), "disk-filling-up"), progress=waiting, run_state=""),
        make_case(None, "service-down"),
    ]


@pytest.mark.parametrize("width", [80, 99, 100, 120, 200])
def test_it_fits_the_terminal_with_one_line_a_stage(width: int) -> None:
    lines = render(draw_board(all_cases(), NOW, columns=width), width).splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) <= (16 if width < 100 else 19)
    for stage in Stage:
        assert sum(line.strip("│ ").startswith(stage.value) for line in lines) == 1
    assert "INC-20261123-AAAABBBB" in " ".join(lines)
    assert "web-1, web-2, web-3" in " ".join(lines)


def test_each_stage_shows_how_long_it_took_and_what_it_found() -> None:
    text = render(draw_board([make_case(rolled_back())], NOW, columns=120))
    assert "✔  3.0 s  had to wait" in row(text, "guard")
    assert "✔  4.0 s  by olivia" in row(text, "approval")
    assert "✘ 15.0 s  unresolved" in row(text, "verify")
    assert "↺ rolled back  35.0 s" in row(text, "result")
    assert "✔ 0.12 s  202" in row(text, "alert")


def test_the_stage_that_runs_spins_and_counts() -> None:
    case = make_case(cut(rolled_back(), 20, ChangeStatus.VERIFYING))
    first, second = (
        row(render(draw_board([case], later(seconds), columns=120)), "verify")
        for seconds in (20.0, 20.4)
    )
    assert "6.0 s" in first
    assert "6.4 s" in second
    signs = [next(char for char in line if char in SPINNER) for line in (first, second)]
    assert signs[0] != signs[1]


def test_what_has_not_broken_yet_is_empty() -> None:
    text = render(draw_board([make_case(None)], NOW, columns=120))
    assert row(text, "verify").count("·") == 1
    assert "s" not in row(text, "result").replace("result", "")


def test_an_end_that_nobody_expected_is_shown_as_it_is() -> None:
    facts = cut(rolled_back(), 40, ChangeStatus.FAILED)
    assert tell_result(make_case(facts)) == "✘ failed"
    assert tell_result(replace(make_case(facts), given_up="took too long")) == "✘ given up"


def make_question(subject: str = "Low risk: raise the limit") -> Question:
    url = "http://localhost:8080/dags/file-descriptor-limit/runs/r/tasks/approval/required_actions"
    return Question(make_change(), subject, "", url)


def test_a_question_shows_its_keys_the_link_and_where_the_password_is() -> None:
    question = make_question()
    text = render(draw_question(question, ".airmend/demo/secrets/passwords.json", keys=True))
    for word in ("a  approve", "r  reject", "o  open", question.url, "olivia", "passwords.json"):
        assert word in text
    assert question.subject in text


def test_where_no_key_is_read_none_is_offered() -> None:
    text = render(draw_question(make_question(), "passwords.json", keys=False))
    assert "Press" not in text
    assert "Answer in Airflow" in text


def test_texts_from_outside_cannot_drive_the_terminal() -> None:
    text = render(draw_question(make_question("\x1b[2Jgone [red]x[/red]"), "p", keys=True))
    assert "\x1b[2J" not in text
    assert "[red]x[/red]" in text
