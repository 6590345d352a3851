"""`make` says one line when something is missing: what it is, and what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

OLD = """#!/bin/sh
[ "$1" = --version ] && echo "Python 3.9.2"
exit 1
"""

WITHOUT_VENV = """#!/bin/sh
case "$2" in *ensurepip*) exit 1 ;; esac
"""

# Makes an environment whose Python is itself; its pip reaches no package index.
OFFLINE = """#!/bin/sh
case "$*" in
    "-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    "-m pip"*) echo "ERROR: No matching distribution found for uv==0.1" && exit 1 ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("Makefile", "scripts", "pyproject.toml"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name)
        else:
            shutil.copy(source, tmp_path / name)
    (tmp_path / "requirements.txt").write_text("uv==0.1\n")
    return tmp_path


def run(
    checkout: Path, programs: dict[str, str], *, only: bool = False, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `make .venv/.installed` with programs of ours before, or instead of, the machine's."""
    folder = checkout / "programs"
    folder.mkdir()
    for name, text in programs.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    for name in ("python3", "python3.11", "python3.12", "python3.13") if only else ():
        if name not in programs:
            (folder / name).write_text(OLD)
            (folder / name).chmod(0o755)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(checkout / "home")}
    return subprocess.run(
        ["make", "--silent", ".venv/.installed"],
        cwd=checkout,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def message(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of ours; make adds that its target failed."""
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_a_python_that_is_too_old_is_named(checkout: Path) -> None:
    line = message(run(checkout, {"oldpython": OLD}, PYTHON="oldpython"))
    assert (
        line
        == "airmend: PYTHON=oldpython is Python 3.9.2; Airmend needs Python 3.11, 3.12 or 3.13."
    )


def test_a_python_that_does_not_exist_is_named(checkout: Path) -> None:
    line = message(run(checkout, {}, PYTHON="/no/such/python"))
    assert line.startswith("airmend: PYTHON=/no/such/python is not a program")


def test_without_any_fitting_python_it_says_what_to_install(checkout: Path) -> None:
    line = message(run(checkout, {}, only=True))
    assert line.startswith("airmend: no Python 3.11, 3.12 or 3.13 found; install one")


def test_a_python_without_its_venv_module_gets_the_package_to_install(checkout: Path) -> None:
    line = message(run(checkout, {"python3": WITHOUT_VENV}, only=True))
    assert line.startswith("airmend: python3 cannot make environments")
    assert "apt install python3-venv" in line


def test_a_failed_install_says_why_and_where_the_log_is(checkout: Path) -> None:
    line = message(run(checkout, {"offline": OFFLINE}, PYTHON="offline"))
    assert "No matching distribution found for uv==0.1" in line
    assert line.endswith("see .airmend/logs/install.log")
    assert not (checkout / ".venv/.installed").exists()
    assert not (checkout / "home").exists()


def test_help_names_every_target() -> None:
    done = subprocess.run(
        ["make", "--silent"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    for target in ("demo", "test", "up", "lint", "bench", "lock", "clean"):
        assert f"make {target} " in done.stdout


def test_the_lock_pins_every_version_and_names_no_host() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert lines[1].strip() == "#    make lock"
    pins = [line for line in lines if line and not line.lstrip().startswith("#")]
    assert len(pins) > 100
    for line in pins:
        assert "==" in line.split(";")[0], line
        assert "://" not in line
        assert not line.startswith("-")
