"""How the demo shows itself: a board that is redrawn in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markdown import Markdown
from rich.panel import Panel
from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text

from airmend.cli.demo.approvals import APPROVER, Question
from airmend.cli.demo.board import draw_board, draw_question, tell_result
from airmend.cli.demo.cases import Case
from airmend.cli.demo.following import StageProgress, StageStatus
from airmend.cli.demo.keys import Keys
from airmend.review.wording import make_printable

PLAIN_WIDTH = 110
"""Columns of tables where there is no terminal to ask."""

BOARD_LINES = 27
"""Lines of board and question together; in a lower terminal the question goes first."""


class Display(Protocol):
    """What the demo needs of whatever shows it."""

    console: Console

    def preparing(self, what: str) -> AbstractContextManager[None]:
        """Show that something is under way, and how long it took when the block ends."""

    def following(self) -> AbstractContextManager[None]:
        """Around all calls of `show`."""

    def show(self, cases: Sequence[Case]) -> None:
        """Show how everything stands."""

    def read_key(self, timeout_seconds: float) -> str:
        """Wait for a key; "" when there was none."""

    def open_question(self, question: Question) -> None:
        """Show everything that is asked about."""


class PlainDisplay:
    """Lines, each with its time, the incident and what happened; nothing is ever redrawn.

    Args:
        console: Where to.
        began_at: Times are counted from here.
        clock: The time, aware.
        password_file: Named beside each question; "" when an approver answers by itself.
    """

    def __init__(
        self,
        console: Console,
        began_at: datetime,
        clock: Callable[[], datetime],
        password_file: str,
    ) -> None:
        self.console = console
        self._began_at, self._clock, self._password_file = began_at, clock, password_file
        self._told: set[tuple[str, str]] = set()

    @contextmanager
    def preparing(self, what: str) -> Iterator[None]:
        """One line when it is done."""
        began = self._clock()
        yield
        self._line(self._clock(), f"{what}, {(self._clock() - began).total_seconds():.1f} s")

    @contextmanager
    def following(self) -> Iterator[None]:
        """Nothing to set up."""
        yield

    def show(self, cases: Sequence[Case]) -> None:
        """A line for whatever is new, in the order in which it happened."""
        news = [entry for case in cases for entry in self._find_news(case)]
        for at, line in sorted(news):
            self._line(at, line)

    def read_key(self, timeout_seconds: float) -> str:
        """Nobody can press one."""
        time.sleep(timeout_seconds)
        return ""

    def open_question(self, question: Question) -> None:
        """Never asked for, since there are no keys."""

    def _find_news(self, case: Case) -> Iterator[tuple[datetime, str]]:
        if case.sent_at is not None and case.incident_id and self._is_new(case, "alert"):
            what = f"{case.scenario.what}: 202 in {case.answered_seconds:.2f} s"
            yield case.sent_at, self._describe(case, "alert", "sent", what)
        for stage in case.progress.stages if case.progress else ():
            yield from self._find_news_of_stage(case, stage)
        question = case.question
        if question and self._password_file and self._is_new(case, f"question {question.url}"):
            yield (
                self._clock(),
                self._describe(
                    case,
                    "approval",
                    "asks",
                    f"answer as {APPROVER} (password in {self._password_file}): {question.url}",
                ),
            )
        if case.is_over and self._is_new(case, "result"):
            seconds = case.progress.seconds if case.progress else None
            took = f"in {seconds:.1f} s" if seconds is not None else case.given_up
            yield self._clock(), self._describe(case, "result", tell_result(case)[2:], took)

    def _find_news_of_stage(
        self, case: Case, stage: StageProgress
    ) -> Iterator[tuple[datetime, str]]:
        if stage.ended_at is not None and self._is_new(case, stage.stage):
            took = f"{stage.seconds(stage.ended_at):.1f} s"
            note = f"{took}, {stage.note}" if stage.note else took
            yield stage.ended_at, self._describe(case, stage.stage, stage.status, note)
        elif (
            stage.status is StageStatus.RUNNING
            and stage.note.startswith("waits")
            and self._is_new(case, f"{stage.stage} waits")
        ):
            note = stage.note.removeprefix("waits ")
            yield self._clock(), self._describe(case, stage.stage, "waits", note)

    def _is_new(self, case: Case, what: str) -> bool:
        entry = (case.scenario.runbook_id, what)
        new = entry not in self._told
        self._told.add(entry)
        return new

    def _describe(self, case: Case, stage: str, status: str, note: str) -> str:
        name = case.scenario.runbook_id
        return f"{case.incident_id:<21}  {name:<21}  {stage:<9}  {status:<7}  {note}"

    def _line(self, at: datetime, text: str) -> None:
        seconds = (at - self._began_at).total_seconds()
        self.console.print(
            Text(f"{seconds:6.1f}s  {make_printable(text)}"), soft_wrap=True, highlight=False
        )


class TerminalDisplay:
    """A board that is redrawn several times a second, with keys while somebody is asked.

    Args:
        console: A terminal.
        clock: The time, aware.
        password_file: Named beside each question; "" when an approver answers by itself.
    """

    def __init__(self, console: Console, clock: Callable[[], datetime], password_file: str) -> None:
        self.console = console
        self._clock, self._password_file = clock, password_file
        self._live: Live | None = None
        self._keys: Keys | None = None

    @contextmanager
    def preparing(self, what: str) -> Iterator[None]:
        """A spinner with the seconds; a tick when it is done."""
        columns = (
            SpinnerColumn(style="cyan", finished_text="[green]✔"),
            TextColumn("{task.description}", markup=False),
            _SecondsColumn(),
        )
        with Progress(*columns, console=self.console) as progress:
            task = progress.add_task(what, total=1)
            yield
            progress.update(task, completed=1)

    @contextmanager
    def following(self) -> Iterator[None]:
        """Take over the lower part of the terminal."""
        live = Live(console=self.console, auto_refresh=False)
        with Keys(sys.stdin.fileno()) as self._keys, live as self._live:
            yield
            self._keys.listen(wanted=False)
        self._live = self._keys = None

    def show(self, cases: Sequence[Case]) -> None:
        """Draw the board, and the question that waits below it."""
        question = next((case.question for case in cases if case.question), None)
        asks = question is not None and bool(self._password_file)
        board = draw_board(cases, self._clock(), columns=self.console.width)
        parts: list[RenderableType] = [board]
        if question is not None and asks:
            panel = draw_question(question, self._password_file, keys=True)
            parts.insert(1 if self.console.height >= BOARD_LINES else 0, panel)
        if self._keys is not None and self._live is not None:
            self._keys.listen(wanted=asks)
            self._live.update(Group(*parts), refresh=True)

    def read_key(self, timeout_seconds: float) -> str:
        """A key while somebody is asked."""
        return self._keys.read(timeout_seconds) if self._keys else ""

    def open_question(self, question: Question) -> None:
        """Print everything that is asked about above the board."""
        body = Markdown(make_printable(question.body))
        title = make_printable(question.subject)
        self.console.print(Panel(body, title=title, title_align="left", border_style="cyan"))


class _SecondsColumn(ProgressColumn):
    """How long a task takes, to a tenth of a second."""

    def render(self, task: Task) -> Text:
        """The elapsed time of a task."""
        elapsed = task.finished_time if task.finished else task.elapsed
        return Text(f"{elapsed or 0:.1f} s", style="dim")
