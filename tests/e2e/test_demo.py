"""`airmend demo` as people start it: piped, in a terminal with keys, and stopped in the middle."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
import psutil
import pytest

from airmend.review.document import PostIncidentReport
from tests.postgres import free_port

PROJECT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from airmend.cli.main import app; app()", "demo"]
PATIENCE_SECONDS = 300
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\]8;[^\x1b]*\x1b\\")


class Place:
    """A home of its own for the demo, and one for its user, who has nothing in it."""

    def __init__(self, folder: Path) -> None:
        self.root, self.user = folder / "airmend", folder / "user"
        self.root.mkdir()
        self.user.mkdir()
        (self.root / "cache").symlink_to(PROJECT / ".airmend/cache")
        (PROJECT / ".airmend/cache").mkdir(parents=True, exist_ok=True)
        self.home = self.root / "demo"
        self.environment = {
            **os.environ,
            "HOME": str(self.user),
            "AIRMEND_HOME": str(self.root),
            "AIRMEND_PORT": str(free_port()),
            "TERM": "xterm-256color",
        }

    def processes(self) -> list[str]:
        """What still runs of this demo: by its folder or its port on the command line."""
        marks = (str(self.home), f"port:{self.environment['AIRMEND_PORT']}")
        return [line for line in map(_command_line, psutil.process_iter()) if _holds(line, marks)]

    def outcomes(self) -> dict[str, str]:
        """How each report says that it ended, by runbook."""
        reports = [
            PostIncidentReport.model_validate(json.loads(path.read_bytes()))
            for path in (self.home / "reports").glob("*.json")
        ]
        return {each.runbook.id: each.outcome.value for each in reports if each.runbook}


def _command_line(process: psutil.Process) -> str:
    try:
        return "" if process.status() == psutil.STATUS_ZOMBIE else " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _holds(line: str, marks: tuple[str, ...]) -> bool:
    return any(mark in line for mark in marks)


def eventually(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("demo"))


def test_without_a_terminal_it_approves_by_itself_and_leaves_nothing_running(
    place: Place,
) -> None:
    done = subprocess.run(
        COMMAND,
        cwd=PROJECT,
        env=place.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_SECONDS * 2,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    for stage in (
        r"service-down .* approval +passed .*by policy",
        r"service-down .* result +resolved",
        r"file-descriptor-limit .* approval +passed .*by olivia",
        r"file-descriptor-limit .* verify +failed",
        r"file-descriptor-limit .* result +rolled back",
        r"disk-filling-up .* guard +waits",
        r"disk-filling-up .* result +resolved",
        r"web-1 alone, first",
        r"Everything came out as it should",
    ):
        assert re.search(stage, done.stdout), f"{stage}\n{done.stdout}"
    assert "\x1b" not in done.stdout
    assert place.outcomes() == {
        "service-down": "resolved",
        "file-descriptor-limit": "rolled_back",
        "disk-filling-up": "resolved",
    }
    assert place.processes() == []
    assert list(place.user.iterdir()) == []


def test_in_a_terminal_keys_answer_and_airflow_stays_until_ctrl_c(place: Place) -> None:
    demo = pexpect.spawn(
        COMMAND[0],
        COMMAND[1:],
        cwd=PROJECT,
        env=place.environment,
        dimensions=(40, 120),
        encoding="utf-8",
        timeout=PATIENCE_SECONDS,
    )
    try:
        demo.expect("file-descriptor-limit waits for your decision")
        demo.send("o")
        demo.expect("What check mode shows")
        demo.send("a")
        demo.expect("disk-filling-up waits for your decision")
        demo.send("r")
        demo.expect("Airflow stays up until Ctrl-C")
        said = ESCAPES.sub("", demo.before)
        assert "rejected by olivia" in said
        assert "12 left, 0 archives" in said
        assert "Everything came out as it should" in said
        assert place.processes()
        demo.sendintr()
        demo.expect(pexpect.EOF)
    finally:
        demo.close()
    assert demo.exitstatus == 0
    assert place.processes() == []
    assert place.outcomes()["disk-filling-up"] == "rejected"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_in_the_middle_it_leaves_nothing_running(
    place: Place, number: signal.Signals
) -> None:
    log = place.root / "output"
    with log.open("w") as output:
        demo = subprocess.Popen(
            COMMAND, cwd=PROJECT, env=place.environment, stdin=subprocess.DEVNULL, stdout=output
        )
    wanted = "are ready" if number is signal.SIGTERM else "are up"
    eventually(lambda: wanted in log.read_text() or demo.poll() is not None)
    assert place.processes()
    demo.send_signal(number)
    assert demo.wait(timeout=60) == 130
    assert "Stopped before the end; nothing runs any more." in log.read_text()
    assert place.processes() == []


def test_a_port_in_use_is_one_line_that_says_what_to_do(place: Place) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(place.environment["AIRMEND_PORT"])))
        taken.listen()
        done = subprocess.run(
            COMMAND, cwd=PROJECT, env=place.environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert re.fullmatch(
        r"airmend: port \d+ is in use by .*\. Stop that, or choose another port with AIRMEND_PORT",
        line,
    )
