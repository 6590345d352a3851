"""`airmend lint`, `airmend schema` and `airmend test`, as they are typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from airmend.cli.cases import test_command as cases_command
from airmend.cli.lint import lint_command
from airmend.cli.schema import schema_command
from airmend.settings import get_settings
from tests.runbook_folders import write_runbook

ROOT = Path(__file__).parents[3]

CASE = """\
incident:
  name: ServiceDown
  host: web1
  labels: {job: shop}
expect:
  match: true
  inputs: {host: web1, service: shop}
  steps: [restart]
"""


def _run(command: str, *arguments: Path | str) -> tuple[int, str]:
    app = typer.Typer()
    app.command("lint")(lint_command)
    app.command("test")(cases_command)
    app.command("schema")(schema_command)
    result = CliRunner().invoke(app, [command, *map(str, arguments)])
    return result.exit_code, result.output


@pytest.fixture
def runbooks(tmp_path: Path) -> Path:
    folder = tmp_path / "runbooks"
    write_runbook(folder, playbooks={"cases/it_is_down.yaml": CASE})
    return folder


def test_runbooks_without_mistakes_are_counted(runbooks: Path) -> None:
    write_runbook(runbooks, id="other-one")
    assert _run("lint", runbooks) == (0, "2 runbooks, no mistakes\n")


def test_one_runbook_can_be_named_by_its_folder_or_file(runbooks: Path) -> None:
    folder = runbooks / "service-down"
    for path in (folder, folder / "runbook.yaml"):
        assert _run("lint", path) == (0, "1 runbook, no mistakes\n")
    assert _run("lint", folder, folder)[1] == "1 runbook, no mistakes\n"


def test_each_mistake_is_a_line_with_its_place(runbooks: Path) -> None:
    folder = write_runbook(runbooks, id="other-one", title=5)
    write_runbook(runbooks, id="third-one", match=["name == 'A'"])
    code, output = _run("lint", runbooks)
    assert code == 1
    assert output == (
        f"{folder}/runbook.yaml:4: 'title' must be text, it is the number 5. Put it in quotes.\n"
        f"{runbooks}/third-one/runbook.yaml:16: 'name' is not defined; an expression sees "
        "'incident' alone. Write 'incident.name'.\n"
        "3 runbooks, 2 mistakes\n"
    )


def test_a_mistake_in_a_case_is_found_by_lint_and_by_test(runbooks: Path) -> None:
    path = runbooks / "service-down/cases/it_is_down.yaml"
    path.write_text(CASE.replace("host: web1\n  labels: {job: shop}", "hots: web1", 1))
    mistake = f"{path}:3: the key 'hots' is not known in 'incident'. Did you mean 'host'?"
    assert mistake in _run("lint", runbooks)[1]
    code, output = _run("test", runbooks)
    assert code == 1
    assert mistake in output


def test_a_label_that_is_not_text_is_a_mistake(runbooks: Path) -> None:
    path = runbooks / "service-down/cases/it_is_down.yaml"
    path.write_text(CASE.replace("{job: shop}", "{job: 8080}"))
    code, output = _run("lint", runbooks)
    assert code == 1
    assert "'incident.labels.job' must be text, it is the number 8080. Put it in quotes." in output


SENDER = "alert:\n  name: alert.name\n  status: alert.status\n"


def test_senders_are_checked_by_their_folder_or_file(runbooks: Path, tmp_path: Path) -> None:
    senders = tmp_path / "senders"
    senders.mkdir()
    (senders / "checkmk.yaml").write_text(SENDER)
    bad = senders / "nagios.yaml"
    bad.write_text(SENDER + "  host: hsot\n")
    mistake = f"{bad}:4: alert.host: 'hsot' is not defined"
    assert _run("lint", senders / "checkmk.yaml") == (0, "1 sender, no mistakes\n")
    for paths in ([senders], [bad]):
        code, output = _run("lint", *paths)
        assert code == 1
        assert output.startswith(mistake)
    code, output = _run("lint", runbooks, senders)
    assert code == 1
    assert output.endswith("1 runbook, 2 senders, 1 mistake\n")


def test_the_configured_senders_are_checked_with_the_runbooks(
    runbooks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    senders = tmp_path / "senders"
    senders.mkdir()
    monkeypatch.setenv("AIRMEND_RUNBOOKS_DIR", str(runbooks))
    monkeypatch.setenv("AIRMEND_SENDERS_DIR", str(senders))
    get_settings.cache_clear()
    try:
        assert _run("lint") == (0, "1 runbook, no mistakes\n")
        (senders / "alertmanager.yaml").write_text(SENDER)
        code, output = _run("lint")
    finally:
        get_settings.cache_clear()
    assert code == 1
    assert "Airmend has a source 'alertmanager' of its own. Rename the file." in output


NOTIFIERS = """\
notifiers:
  - name: mail
    class: airflow.providers.smtp.notifications.smtp.SmtpNotifier
    arguments: {subject: "{{ airmend.subject }}"}
"""


def test_the_configured_notifiers_are_checked_without_airflow(
    runbooks: Path, tmp_path: Path
) -> None:
    path = tmp_path / "notifiers.yaml"
    environment = dict(os.environ) | {
        "AIRMEND_RUNBOOKS_DIR": str(runbooks),
        "AIRMEND_NOTIFIERS_FILE": str(path),
    }
    code = (
        "import atexit, sys; from airmend.cli.main import app; "
        "atexit.register(lambda: print(sorted({'airflow', 'sqlalchemy'} & set(sys.modules)))); "
        "app(['lint'])"
    )

    def lint() -> tuple[int, list[str]]:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=environment,
        )
        return done.returncode, done.stdout.splitlines()

    path.write_text(NOTIFIERS)
    assert lint() == (0, ["1 runbook, no mistakes", "notifiers, no mistakes", "[]"])
    path.write_text(NOTIFIERS.replace("SmtpNotifier", "Smtp").replace("subject }", "titel }"))
    code_, (_, *mistakes, count, imported) = lint()
    assert (code_, count, imported) == (1, "notifiers, 2 mistakes", "[]")
    assert mistakes[0].startswith(f"{path}:3: notifiers.0.class: airflow.providers.smtp.")
    assert mistakes[1].startswith(f"{path}:4: notifiers.0.arguments.subject: there is no ")


def test_yaml_beside_runbooks_does_not_hide_them(runbooks: Path) -> None:
    (runbooks / "notes.yaml").write_text("a: b\n")
    assert _run("lint", runbooks) == (0, "1 runbook, no mistakes\n")


@pytest.mark.parametrize("command", ["lint", "test"])
def test_nothing_to_look_at_is_not_a_success(command: str, tmp_path: Path) -> None:
    assert _run(command, tmp_path)[0] == 2
    assert _run(command, tmp_path / "nowhere")[0] == 2


def test_cases_that_come_out_as_expected_pass(runbooks: Path) -> None:
    assert _run("test", runbooks) == (
        0,
        "service-down\n  passed  it is down\n1 case passed, 0 failed\n",
    )


def test_a_case_that_comes_out_otherwise_fails_with_the_difference(runbooks: Path) -> None:
    path = runbooks / "service-down/cases/it_is_down.yaml"
    path.write_text(CASE.replace("[restart]", "[reboot]"))
    code, output = _run("test", runbooks)
    assert code == 1
    assert "  failed  it is down" in output
    assert "'steps' should be ['reboot'], the plan has ['restart']" in output


def test_two_runbooks_that_claim_one_incident_fail_the_case(runbooks: Path) -> None:
    write_runbook(runbooks, id="other-one")
    code, output = _run("test", runbooks)
    assert code == 1
    assert "'other-one' and 'service-down' match equally well" in output


def test_runbooks_without_cases_are_not_a_success(tmp_path: Path) -> None:
    write_runbook(tmp_path)
    assert _run("test", tmp_path)[0] == 2


def test_the_schema_can_be_printed_and_written(tmp_path: Path) -> None:
    code, printed = _run("schema")
    assert code == 0
    assert json.loads(printed)["title"] == "Airmend runbook"
    _run("schema", "--output", tmp_path / "schema.json")
    assert (tmp_path / "schema.json").read_text() == printed


def test_the_schema_in_the_docs_is_the_schema_of_this_code() -> None:
    _, printed = _run("schema")
    path = ROOT / "docs/runbook.schema.json"
    assert path.read_text() == printed, f"run `airmend schema -o {path.relative_to(ROOT)}`"


def test_the_shipped_runbooks_have_no_mistakes_and_pass_their_cases() -> None:
    assert _run("lint", ROOT / "runbooks")[0] == 0
    code, output = _run("test", ROOT / "runbooks")
    assert code == 0, output


def test_the_commands_start_without_airflow_and_the_expression_engine() -> None:
    program = (
        "import sys\n"
        "import airmend.cli.lint, airmend.cli.schema, airmend.cli.cases\n"
        "print(sorted({name.split('.')[0] for name in sys.modules}))\n"
        "airmend.cli.lint.lint([__import__('pathlib').Path('runbooks')])\n"
        "print('airflow' in sys.modules)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "include")},
        capture_output=True,
        text=True,
        check=True,
    )
    imported, _, used_airflow = result.stdout.strip().split("\n")
    assert not {"'airflow'", "'cel'", "'sqlalchemy'", "'ansible'"} & set(
        imported.strip("[]").split(", ")
    )
    assert used_airflow == "False"
