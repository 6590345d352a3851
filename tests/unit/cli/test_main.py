"""The command `airmend`: lazy, and one line for an error."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from airmend import __version__
from airmend.cli import main
from airmend.errors import ConfigurationError

HEAVY = ("airflow", "sqlalchemy", "alembic", "fastapi", "psycopg", "celery", "ansible_runner")


def test_every_command_of_the_list_exists_and_explains_itself() -> None:
    for name, entry in main.COMMANDS.items():
        command = getattr(import_module(f"airmend.cli.{entry.module}"), entry.function)
        assert command.__doc__, name
        result = CliRunner().invoke(main.app, [name, "--help"])
        assert result.exit_code == 0, result.output


def test_help_lists_every_command_without_importing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "import_module", lambda name: pytest.fail(f"{name} was imported"))
    result = CliRunner().invoke(main.app, ["--help"])
    assert result.exit_code == 0
    for name, entry in main.COMMANDS.items():
        assert f" {name} " in result.output
        assert entry.summary.split(".")[0][:40] in result.output


@pytest.mark.parametrize("command", ["lint", "test", "schema"])
def test_commands_for_authors_import_neither_airflow_nor_the_database(command: str) -> None:
    code = (
        "import sys; from airmend.cli.main import load_command; "
        f"load_command({command!r}); "
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_an_error_of_ours_is_one_line_on_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    def lint_command() -> None:
        raise ConfigurationError("runbooks: there is no such folder. Make one")

    module = SimpleNamespace(lint_command=lint_command)
    monkeypatch.setattr(main, "import_module", lambda _name: module)
    result = CliRunner().invoke(main.app, ["lint"])
    assert result.exit_code == 1
    assert result.stderr == "airmend: runbooks: there is no such folder. Make one\n"
    assert result.stdout == ""


def test_an_error_that_is_not_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def lint_command() -> None:
        raise ZeroDivisionError

    module = SimpleNamespace(lint_command=lint_command)
    monkeypatch.setattr(main, "import_module", lambda _name: module)
    result = CliRunner().invoke(main.app, ["lint"])
    assert isinstance(result.exception, ZeroDivisionError)


def test_a_command_that_does_not_exist_is_a_usage_error() -> None:
    result = CliRunner().invoke(main.app, ["lnt"])
    assert result.exit_code == 2
    assert "lint" in result.stderr


def test_the_version_is_told() -> None:
    result = CliRunner().invoke(main.app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"airmend {__version__}\n")
