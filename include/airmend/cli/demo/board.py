"""The board of the demo: incidents as columns, the stages of their change as rows.

Pure: what is drawn depends on the cases and the time alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from airmend.change.model import ChangeStatus
from airmend.cli.demo.approvals import APPROVER, Question
from airmend.cli.demo.cases import Case
from airmend.cli.demo.following import Stage, StageProgress, StageStatus
from airmend.review.wording import make_printable

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FRAMES_PER_SECOND = 10

WIDE_COLUMNS = 100
"""From here on there is room for frames."""

ENDS = {
    ChangeStatus.SUCCEEDED: ("✔ resolved", "bold green"),
    ChangeStatus.ROLLED_BACK: ("↺ rolled back", "bold yellow"),
    ChangeStatus.REJECTED: ("✘ rejected", "bold yellow"),
}
"""How the ends are shown that are no surprise; all others are red."""


def draw_board(cases: Sequence[Case], now: datetime, *, columns: int) -> Table:
    """All incidents, each stage with a sign, how long it takes, and a word about it.

    Args:
        cases: As they stand.
        now: For the stages that go on.
        columns: Of the terminal; 80 are enough.
    """
    narrow = columns < WIDE_COLUMNS
    table = Table(
        box=box.SIMPLE if narrow else box.ROUNDED,
        show_edge=not narrow,
        padding=(0, 1, 0, 0) if narrow else (0, 1),
        pad_edge=not narrow,
        expand=True,
        header_style="",
        border_style="bright_black",
    )
    table.add_column("", style="bold", no_wrap=True)
    for case in cases:
        table.add_column(_draw_head(case, narrow=narrow), ratio=1, no_wrap=True)
    table.add_row("alert", *(_draw_alert(case, now) for case in cases))
    for place, stage in enumerate(Stage):
        table.add_row(stage.value, *(_draw_stage(case, place, now) for case in cases))
    table.add_section()
    table.add_row("result", *(_draw_result(case, now) for case in cases))
    return table


def draw_question(question: Question, password_file: str, *, keys: bool) -> Panel:
    """What waits for a person, and the two ways to answer.

    Args:
        question: The open question.
        password_file: Where the approver's password is.
        keys: Whether keys in this terminal answer it.
    """
    lines: list[RenderableType] = [Text(make_printable(question.subject), style="bold")]
    if keys:
        line = Text("Press ")
        for key, word in (("a", "approve"), ("r", "reject"), ("o", "open what you would approve")):
            line.append(f" {key} ", style="reverse bold")
            line.append(f" {word}   ")
        lines.append(line)
    way = Text("or answer in Airflow: " if keys else "Answer in Airflow: ")
    way.append(question.url, style=f"underline cyan link {question.url}")
    lines.append(way)
    lines.append(Text(f"as {APPROVER}; the password is in {password_file}", style="dim"))
    title = f"{question.change.runbook_id} waits for your decision"
    return Panel(Group(*lines), title=title, border_style="yellow", title_align="left")


def tell_result(case: Case) -> str:
    """The end of a case in a few words."""
    return _end(case)[0]


def _draw_head(case: Case, *, narrow: bool) -> Text:
    scenario = case.scenario
    head = Text(scenario.runbook_id, style="bold")
    head.append(f"\n{', '.join(scenario.hosts)}", style="not bold")
    if not narrow:
        kind = "standard change" if scenario.by_policy else "normal change"
        head.append(f"\n{kind}", style="not bold dim")
    head.append(f"\n{case.incident_id or ' '}", style="not bold dim cyan")
    return head


def _draw_alert(case: Case, now: datetime) -> Text:
    if case.sent_at is None:
        return Text("·", style="bright_black")
    if not case.incident_id:
        return Text(f"{_spin(now)} POST", style="cyan")
    return _sign("✔", "green", f"{case.answered_seconds:.2f} s", "202")


def _draw_stage(case: Case, place: int, now: datetime) -> Text:
    if case.progress is None:
        return Text("·", style="bright_black")
    stage = case.progress.stages[place]
    seconds = stage.seconds(now)
    took = "" if seconds is None else f"{seconds:.1f} s"
    match stage.status:
        case StageStatus.AHEAD:
            return Text("·", style="bright_black")
        case StageStatus.SKIPPED:
            return Text("-", style="bright_black")
        case StageStatus.RUNNING:
            style = "yellow" if _waits(stage) else "cyan"
            return _sign(_spin(now), style, took, stage.note)
        case StageStatus.PASSED:
            return _sign("✔", "green", took, stage.note)
        case StageStatus.FAILED:
            return _sign("✘", "red", took, stage.note)


def _waits(stage: StageProgress) -> bool:
    return bool(stage.note) and stage.stage in {Stage.GUARD, Stage.APPROVAL}


def _draw_result(case: Case, now: datetime) -> Text:
    if case.sent_at is None:
        return Text("")
    if not case.is_over:
        return Text(f"{(now - case.sent_at).total_seconds():.1f} s", style="cyan")
    word, style = _end(case)
    text = Text(word, style=style)
    seconds = case.progress.seconds if case.progress else None
    if seconds is not None:
        text.append(f"  {seconds:.1f} s", style="not bold")
    return text


def _end(case: Case) -> tuple[str, str]:
    change = case.progress.facts.change if case.progress else None
    if case.given_up or change is None:
        return "✘ given up", "bold red"
    return ENDS.get(change.status, (f"✘ {change.status.value.replace('_', ' ')}", "bold red"))


def _sign(sign: str, style: str, took: str, note: str) -> Text:
    text = Text(f"{sign} ", style=style)
    text.append(f"{took:>6}", style="default")
    if note:
        text.append(f"  {make_printable(note)}", style="yellow" if style == "yellow" else "dim")
    return text


def _spin(now: datetime) -> str:
    return SPINNER[int(now.timestamp() * FRAMES_PER_SECOND) % len(SPINNER)]
