"""The demo removes what a demo made, and nothing else; what a killed one left is ended."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from airmend.cli.demo.home import MARK_FILE, end_earlier_demo, renew_home
from airmend.cli.processes import MARK
from airmend.errors import ConfigurationError, StackError


def test_a_second_demo_begins_with_an_empty_folder(tmp_path: Path) -> None:
    home = tmp_path / "new/demo"
    for _ in range(2):
        end_earlier_demo(home)
        renew_home(home)
        assert [path.name for path in home.iterdir()] == [MARK_FILE]
        (home / "reports").mkdir()


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    home.mkdir()
    (home / "thesis.txt").write_text("ten years of work")
    with pytest.raises(ConfigurationError, match="did not make it"):
        end_earlier_demo(home)
    assert (home / "thesis.txt").exists()


def test_a_link_to_elsewhere_is_not_followed(tmp_path: Path) -> None:
    elsewhere, home = tmp_path / "elsewhere", tmp_path / "demo"
    elsewhere.mkdir()
    (elsewhere / MARK_FILE).touch()
    home.symlink_to(elsewhere)
    with pytest.raises(ConfigurationError, match="Move it away"):
        end_earlier_demo(home)


def test_a_demo_that_runs_is_not_disturbed(tmp_path: Path) -> None:
    renew_home(tmp_path / "demo")
    with (tmp_path / "demo/running").open("w") as lock:
        lock.write("process 4711, http://127.0.0.1:8080\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StackError, match="process 4711"):
            end_earlier_demo(tmp_path / "demo")
    end_earlier_demo(tmp_path / "demo")


@pytest.mark.parametrize("known_by", ["environment", "log"])
def test_what_a_killed_demo_left_is_ended(tmp_path: Path, known_by: str) -> None:
    home = tmp_path / "demo"
    renew_home(home)
    (home / "logs").mkdir()
    environment = {"AIRMEND_HOME": str(home), MARK: "m-1"} if known_by == "environment" else {}
    output = home / "logs/api-server.log" if known_by == "log" else tmp_path / "other"
    with output.open("w") as log:
        left = subprocess.Popen(
            [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"],
            env=environment,
            stdout=log,
            start_new_session=True,
        )
    while not output.read_text():  # until then it is a copy of this process
        assert left.poll() is None
    end_earlier_demo(home)
    assert left.wait(timeout=10) != 0


def test_whoever_only_reads_a_log_is_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    renew_home(home)
    (home / "logs").mkdir()
    log = home / "logs/scheduler.log"
    log.write_text("a line\n")
    code = "import sys; f = open(sys.argv[1]); print(f.readline(), flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(log)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as reader:
        assert reader.stdout
        assert reader.stdout.readline() == b"a line\n"
        end_earlier_demo(home)
        assert reader.poll() is None
