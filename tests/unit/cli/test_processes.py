"""What a component has started ends with it, whatever stands between."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from airmend.cli.processes import MARK, Component, end_processes, find_processes, last_lines

# A parent that ignores SIGTERM, with a child in a session of its own, as Ansible has.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def component(tmp_path: Path) -> Iterator[Component]:
    environment = {**os.environ, MARK: tmp_path.name}
    component = Component(
        "stubborn", [sys.executable, "-c", STUBBORN], environment, tmp_path / "logs/x.log"
    )
    component.start()
    while "ready" not in component.last_lines():
        assert component.is_running
    yield component
    end_processes(find_processes(tmp_path.name, {component.pid or 0}), 0)
    component.collect()


def test_children_in_other_sessions_are_found_after_their_parent_died(
    component: Component, tmp_path: Path
) -> None:
    component.kill()
    assert component.return_code == -9
    orphans = find_processes(tmp_path.name, set())
    assert len(orphans) == 1
    end_processes(orphans, 5)
    assert find_processes(tmp_path.name, set()) == []


def test_processes_that_hide_their_environment_are_found_by_their_session(
    component: Component,
) -> None:
    assert component.pid is not None
    assert [p.pid for p in find_processes("another mark", {component.pid})] == [component.pid]


def test_one_that_ignores_the_request_is_killed(component: Component, tmp_path: Path) -> None:
    found = find_processes(tmp_path.name, set())
    assert len(found) == 2
    end_processes(found, 0.2)
    assert component.return_code == -9
    assert find_processes(tmp_path.name, {component.pid or 0}) == []


def test_it_never_finds_itself_or_strangers() -> None:
    assert find_processes("nobody has this mark", set()) == []
    assert os.getpid() not in [p.pid for p in find_processes("", {os.getsid(0)})]


def test_the_end_of_a_log_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("".join(f"line {number}\n" for number in range(100)))
    assert last_lines(path, 2) == "line 98\nline 99"
    assert last_lines(tmp_path / "none", 2) == ""
