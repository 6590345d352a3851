"""The command `airmend evaluate storm`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from airmend.cli import main
from tests.unit.cli.storm.folders import START, write_folder, write_lines


def evaluate(*arguments: object) -> Result:
    return CliRunner().invoke(
        main.app, ["evaluate", "storm", *map(str, arguments)], env={"COLUMNS": "200"}
    )


def test_it_prints_our_figures_beside_the_plain_ones(tmp_path: Path) -> None:
    result = evaluate(write_folder(tmp_path / "shop"))
    assert result.exit_code == 0, result.output
    assert result.output.startswith("shop: 5 alerts of 2 faults\n")
    for words in ("adjusted Rand index", "a gap of 120 s", "cause first", "at the level pod"):
        assert words in result.output
    assert "1 log alerts are left out" in result.output


def test_it_gives_everything_as_json(tmp_path: Path) -> None:
    result = evaluate(write_folder(tmp_path / "shop"), "--json")
    document = json.loads(result.stdout)
    assert document["systems"] == "shop"
    assert document["grouping"] == {"groups": 2, "rand_index": 1.0}
    assert document["causes"] == {"faults": 2, "top_1": 0.5, "top_3": 1.0}
    first, second = document["ranked"]  # both instances of cart alert, so that cart comes first
    assert (first["cause"], first["place"], first["first"]["item"]) == ("cart-0", 2, "cart")
    assert (second["cause"], second["place"]) == ("node-2", 1)
    assert first["first"]["evidence"]


def test_several_paths_are_different_systems_in_one_stream(tmp_path: Path) -> None:
    shop = write_folder(tmp_path / "shop")
    mail = write_lines(
        tmp_path / "mail",
        {"at": START + 1, "name": "QueueGrows", "item": "mail", "fault": "m"},
        {"at": START + 2, "name": "QueueGrows", "item": "mail", "fault": "m"},
    )
    document = json.loads(evaluate(shop, shop, mail, "--shift", "30", "--json").stdout)
    assert document["systems"] == "shop + shop-2 + alerts"
    assert document["alerts"] == 12
    assert document["grouping"]["rand_index"] == 1.0
    assert document["gap"]["rand_index"] < 0.7


def test_the_zone_of_log_lines_can_be_told(tmp_path: Path) -> None:
    labels = "fault_id,fault_entity\n0,cart-0\n1,node-2\n"
    shop = write_folder(tmp_path / "shop", labels=labels)
    assert json.loads(evaluate(shop, "--json").stdout)["alerts"] == 4
    assert json.loads(evaluate(shop, "--zone", "+08:00", "--json").stdout)["alerts"] == 5


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        (["nowhere"], "nowhere: there is no recording in it"),
        (["."], "there is no recording in it"),
        ([".", "--zone", "CET"], "--zone CET: it is no offset"),
        ([".", "--zone", "+25:00"], "--zone +25:00: it is no offset"),
        ([".", "--shift", "nan"], "--shift nan: it is no number"),
        ([".", "--shift", "1e300"], "--shift 1e+300: it is no number"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], fact: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = evaluate(*arguments)
    assert result.exit_code == 2
    assert fact in result.stderr
    assert result.stdout == ""


def test_a_system_is_not_moved_out_of_the_calendar(tmp_path: Path) -> None:
    path = write_lines(tmp_path, {"at": "9999-12-31T00:00:00Z", "name": "Late", "item": "a"})
    result = evaluate(path, path, "--shift", "1000000")
    assert result.exit_code == 2
    assert "alerts leave the calendar" in result.stderr


def test_names_from_a_file_neither_steer_the_terminal_nor_break_the_table(tmp_path: Path) -> None:
    nasty = "a\x1b[31m\u202e[/x]"
    lines = [{"at": START, "name": nasty, "item": nasty, "fault": "f"}]
    path = write_lines(tmp_path, *lines)
    (tmp_path / "label.csv").write_text("fault_id,fault_entity,fault_level\nf,x,[/red]\x1b[1m\n")
    result = evaluate(path, path)
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.output
    assert "[/red]" in result.output
    assert json.loads(evaluate(path, "--json").stdout)["ranked"][0]["first"]["item"] == nasty


def test_the_help_of_the_group_imports_nothing_heavy() -> None:
    code = (
        "import sys; from airmend.cli.main import load_command; load_command('evaluate'); "
        "print(sorted({'airflow', 'sqlalchemy', 'airmend.incident.causes'} "
        "& set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
