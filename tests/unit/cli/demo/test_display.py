"""Without a terminal, everything that happens is one line, told once, in the order of time."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from rich.console import Console

from airmend.change.model import ChangeStatus
from airmend.cli.demo.approvals import Question
from airmend.cli.demo.cases import Case
from airmend.cli.demo.display import PlainDisplay
from airmend.cli.demo.following import follow
from tests.builders import make_change
from tests.unit.cli.demo.stories import cut, make_case, rolled_back
from tests.unit.review.scenarios import later


class Screen:
    """A plain display with what it printed."""

    def __init__(self, password_file: str = "") -> None:
        self.now = later(40)
        self.output = StringIO()
        console = Console(file=self.output, width=110)
        self.display = PlainDisplay(console, later(-10), lambda: self.now, password_file)

    def show(self, *cases: Case) -> list[str]:
        """The lines that became new."""
        before = len(self.output.getvalue())
        self.display.show(cases)
        return self.output.getvalue()[before:].splitlines()


def test_a_whole_change_is_told_line_by_line() -> None:
    lines = Screen().show(make_case(rolled_back()))
    assert [" ".join(line.split()[3:5]) for line in lines] == [
        "alert sent",
        "guard passed",
        "preflight passed",
        "risk passed",
        "approval passed",
        "steps passed",
        "verify failed",
        "rollback passed",
        "report passed",
        "result rolled",
    ]
    assert lines[1] == (
        "  13.0s  INC-20261123-AAAABBBB  file-descriptor-limit  guard      passed   "
        "3.0 s, had to wait"
    )


def test_nothing_is_told_twice() -> None:
    screen, case = Screen(), make_case(cut(rolled_back(), 5.5, ChangeStatus.ASSESSING))
    assert len(screen.show(case)) == 3
    assert screen.show(case) == []
    later_on = replace(case, progress=follow(cut(rolled_back(), 6.2, ChangeStatus.ASSESSING)))
    assert [line.split()[3] for line in screen.show(later_on)] == ["risk"]


def test_lines_of_several_incidents_are_in_the_order_of_time() -> None:
    other = replace(make_case(rolled_back(), "disk-filling-up"), sent_at=later(3.5))
    times = [float(line.split("s")[0]) for line in Screen().show(other, make_case(rolled_back()))]
    assert times == sorted(times)


def test_a_wait_is_told_when_it_begins() -> None:
    screen = Screen()
    assert any(
        "guard      waits    for a host" in line
        for line in screen.show(make_case(cut(rolled_back(), 2, ChangeStatus.REQUESTED)))
    )


def test_a_person_who_is_asked_is_told_where_to_answer() -> None:
    case = make_case(cut(rolled_back(), 7, ChangeStatus.AWAITING_APPROVAL))
    case.question = Question(make_change(), "subject", "", "http://localhost:8080/dags/x")
    (line,) = [each for each in Screen("passwords.json").show(case) if "http" in each]
    assert "answer as olivia (password in passwords.json): http://localhost:8080/dags/x" in line
    assert not any("http" in each for each in Screen().show(case))


def test_texts_from_outside_cannot_drive_the_terminal() -> None:
    facts = rolled_back()
    assert facts.decision
    decision = facts.decision.model_copy(update={"decided_by": "eve\x1b[31m\r"})
    screen = Screen()
    screen.show(make_case(replace(facts, decision=decision)))
    assert "\x1b" not in screen.output.getvalue()
    assert "\r" not in screen.output.getvalue()
