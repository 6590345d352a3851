"""`airmend demo`: break a small estate, send the alerts, and watch it being repaired.

Everything is real: services that crash, alerts over HTTP, Airflow's scheduler, Ansible. All of
it lies below the checkout, and is ended with this command.
"""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.text import Text

from airmend.cli.demo.approvals import APPROVER, Approvals, Question
from airmend.cli.demo.board import FRAMES_PER_SECOND
from airmend.cli.demo.cases import Case, Cases, judge_case
from airmend.cli.demo.display import PLAIN_WIDTH, Display, PlainDisplay, TerminalDisplay
from airmend.cli.demo.home import end_earlier_demo, renew_home
from airmend.cli.demo.records_reader import RecordsReader
from airmend.cli.demo.scenarios import SCENARIOS
from airmend.cli.demo.start import (
    Places,
    approve_standard_change,
    demo_environment,
    running,
    standing,
)
from airmend.cli.demo.summary import (
    Findings,
    came_out_right,
    draw_findings,
    draw_logs,
    draw_places,
    draw_title,
    draw_verdict,
)
from airmend.cli.environment import find_project, hook_secret, passwords_file, read_port
from airmend.cli.estate import Estate
from airmend.cli.interrupts import stopping_on_signals
from airmend.cli.ports import require_free_port
from airmend.cli.stack import AirflowStack
from airmend.errors import AirmendError, StackError
from airmend.incident.proofs import parse_secrets

LOOK_SECONDS = 0.3
"""How often records and Airflow are asked how things stand."""

CHECK_SECONDS = 1.0
INTERRUPTED = 130
"""What a shell says of a program that Ctrl-C ended."""

ANSWERS = {"a": "Approve", "r": "Reject"}


def demo_command(
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Of Airflow; by default AIRMEND_PORT, or 8080."),
    ] = None,
    keep: Annotated[
        bool | None,
        typer.Option(
            "--keep/--stop",
            help="Leave Airflow up at the end, until Ctrl-C; the default in a terminal.",
            show_default=False,
        ),
    ] = None,
    approve: Annotated[
        bool | None,
        typer.Option(
            "--approve/--ask",
            help="Let an approver answer by itself, or wait for you; in a terminal you are asked.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Break a small estate, send the alerts, and watch it being repaired."""
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    project = find_project(Path.cwd())
    root = (project / (os.environ.get("AIRMEND_HOME") or ".airmend")).resolve()
    places = Places(project, root / "demo", root / "cache", port or read_port(os.environ))
    demo = Demo(
        places,
        terminal=terminal,
        keep=terminal if keep is None else keep,
        approve=not terminal if approve is None else approve,
    )
    with stopping_on_signals():
        raise typer.Exit(demo.run())


class Demo:
    """One demo, from its first line to its last.

    Args:
        places: Where it is.
        terminal: Whether a person sits at it.
        keep: Whether Airflow is left up at the end, until Ctrl-C.
        approve: Whether an approver answers by itself.
    """

    def __init__(self, places: Places, *, terminal: bool, keep: bool, approve: bool) -> None:
        self._places, self._keep, self._approve = places, keep, approve
        self._began_at = _now()
        self._password_file = places.shorten(passwords_file(places.home))
        self._display = make_display(
            terminal=terminal,
            began_at=self._began_at,
            password_file="" if approve else self._password_file,
        )
        self.exit_code = INTERRUPTED

    def run(self) -> int:
        """Carry it out.

        Returns:
            The exit code: 0 when everything came out as it should, 1 when not, 130 when it was
            stopped before that was known.

        Raises:
            AirmendError: It could not be carried out.
        """
        places = self._places
        end_earlier_demo(places.home)
        require_free_port(places.port)
        renew_home(places.home)
        self._print(draw_title(places.shorten(places.home)))
        estate = Estate(places.estate)
        environment = demo_environment(places, estate)
        stack = AirflowStack(environment, cache=places.cache)
        runbooks = Path(environment["AIRMEND_RUNBOOKS_DIR"])
        try:
            with standing(estate, self._display), running(stack, runbooks, self._display):
                approve_standard_change(environment, self._display)
                self._play(estate, stack, environment)
        except (AirmendError, httpx.HTTPError) as error:
            self._print(draw_logs(places.shorten(places.home)))
            if isinstance(error, AirmendError):
                raise
            raise StackError(f"Airflow did not answer: {error}") from error
        except KeyboardInterrupt:
            when = " before the end" if self.exit_code == INTERRUPTED else ""
            self._print(Text(f"Stopped{when}; nothing runs any more.", style="dim"))
        return self.exit_code

    def _play(self, estate: Estate, stack: AirflowStack, environment: Mapping[str, str]) -> None:
        records = RecordsReader(self._places.home / "airmend.db")
        base_url = environment["AIRMEND_BASE_URL"]
        try:
            with stack.client() as client, stack.client(APPROVER) as approver:
                approvals = Approvals(approver, base_url)
                hook = make_hook(stack.url, self._places.home)
                cases = Cases(SCENARIOS, estate, records, client, approvals, hook, _now)
                self._follow(cases, approvals, stack)
        finally:
            records.close()
        self.conclude(cases.cases, estate, base_url)
        while self._keep:
            stack.check()
            time.sleep(CHECK_SECONDS)

    def _follow(self, cases: Cases, approvals: Approvals, stack: AirflowStack) -> None:
        display, looked = self._display, 0.0
        with display.following():
            while not cases.are_over:
                if time.monotonic() - looked >= LOOK_SECONDS:
                    stack.check()
                    cases.advance()
                    looked = time.monotonic()
                display.show(cases.cases)
                key = display.read_key(1 / FRAMES_PER_SECOND)
                for case in cases.cases:
                    if case.question is not None:
                        self._treat(case, case.question, approvals, key)
            display.show(cases.cases)

    def _treat(self, case: Case, question: Question, approvals: Approvals, key: str) -> None:
        """Answer a question by itself, or as the key says; one key is for one question."""
        if self._approve:
            approvals.answer(question.change, "Approve", "The demo's approver, by itself")
            case.question = None
        elif key in ANSWERS:
            approvals.answer(question.change, ANSWERS[key], "With a key in the demo's terminal")
            case.question = None
        elif key == "o":
            self._display.open_question(question)

    def conclude(self, cases: list[Case], estate: Estate, base_url: str) -> None:
        """Judge what was seen, show it, and set the exit code.

        Args:
            cases: The incidents, over or given up.
            estate: What was broken.
            base_url: Where people reach Airflow.
        """
        reports = self._places.home / "reports"
        findings: Findings = {
            case.scenario.runbook_id: judge_case(case, estate, reports) for case in cases
        }
        right = came_out_right(findings)
        seconds = (_now() - self._began_at).total_seconds()
        self._print(Text())
        self._print(draw_findings(findings, columns=self._display.console.width))
        self._print(draw_verdict(findings, seconds))
        if not right:
            self._print(draw_logs(self._places.shorten(self._places.home)))
        self._print(
            draw_places(
                cases,
                base_url=base_url,
                password_file=self._password_file,
                reports=self._places.shorten(reports),
                running=self._keep,
            )
        )
        if self._keep:
            self._print(Text("\nAirflow stays up until Ctrl-C.", style="bold"))
        self.exit_code = 0 if right else 1

    def _print(self, what: Any) -> None:
        self._display.console.print(what)


def make_display(*, terminal: bool, began_at: datetime, password_file: str) -> Display:
    """The board for a terminal that can redraw, lines for everything else."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a tick that cannot be written stops nothing
    console = Console()
    if terminal and not console.is_dumb_terminal:
        return TerminalDisplay(console, _now, password_file)
    if not terminal:
        console = Console(width=PLAIN_WIDTH)
    return PlainDisplay(console, began_at, _now, password_file)


def make_hook(url: str, home: Path) -> Callable[[Mapping[str, Any]], httpx.Response]:
    """Send a webhook as Alertmanager does: JSON, with the bearer token of its configuration.

    Args:
        url: Of Airflow's API server.
        home: Where the token is kept.
    """
    (token, *_) = parse_secrets(hook_secret(home, "alertmanager")).bearer
    headers = {"Authorization": f"Bearer {token}"}

    def send(document: Mapping[str, Any]) -> httpx.Response:
        return httpx.post(
            f"{url}/airmend/hooks/alertmanager",
            json=document,
            headers=headers,
            timeout=60,
            trust_env=False,  # no proxy stands between this machine and itself
        )

    return send


def _now() -> datetime:
    return datetime.now(UTC)
