"""`airmend report`, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from airmend.cli.report.command import app
from airmend.records.database import Database
from airmend.settings import get_settings
from tests.integration.review.stored import rename, store_facts, store_with_report
from tests.unit.review.scenarios import later, rejected, resolved_standard, rolled_back

Command = Callable[..., Result]


@pytest.fixture
def airmend_report(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Runs the command on the records of the test."""
    monkeypatch.setenv("AIRMEND_DATABASE_URL", database_url)
    get_settings.cache_clear()
    yield lambda *words: CliRunner().invoke(app, list(words))
    get_settings.cache_clear()


def test_without_an_id_reports_are_listed_newest_first(
    airmend_report: Command, database: Database
) -> None:
    with database.session() as session:
        for number, story in enumerate((resolved_standard(), rolled_back()), start=1):
            store_with_report(session, rename(story, number), later(number))

    lines = airmend_report().output.splitlines()

    assert [line.split()[3:6] for line in lines] == [
        ["inc-0002", "chg-0002", "rolled"],
        ["inc-0001", "chg-0001", "resolved"],
    ]


def test_a_list_without_reports_says_so(airmend_report: Command, database: Database) -> None:
    assert airmend_report().output == "no report has been written yet\n"


@pytest.mark.parametrize("name", ["inc-0001", "chg-0001"])
def test_a_report_is_found_by_its_incident_and_by_its_change(
    airmend_report: Command, database: Database, name: str
) -> None:
    with database.session() as session:
        store_with_report(session, rejected(), later(60))

    result = airmend_report(name)

    assert result.exit_code == 0
    assert result.output.startswith("# ServiceDown: rejected\n")


def test_the_other_forms_and_a_file(
    airmend_report: Command, database: Database, tmp_path: Path
) -> None:
    with database.session() as session:
        store_with_report(session, rejected(), later(60))
    file = tmp_path / "report.html"

    document = json.loads(airmend_report("chg-0001", "--format", "json").output)
    saved = airmend_report("chg-0001", "--format", "html", "--output", str(file))

    assert document["outcome"] == "rejected"
    assert (saved.exit_code, saved.output) == (0, "")
    assert file.read_text().startswith("<!DOCTYPE html>")


def test_an_id_without_a_report_is_an_error_with_a_remedy(
    airmend_report: Command, database: Database
) -> None:
    with database.session() as session:
        store_facts(session, resolved_standard())

    result = airmend_report("chg-0001")

    assert result.exit_code == 1
    assert "there is no report of 'chg-0001'" in result.output
    assert "`airmend report` lists" in result.output


def test_a_file_that_cannot_be_written_is_an_error(
    airmend_report: Command, database: Database, tmp_path: Path
) -> None:
    with database.session() as session:
        store_with_report(session, rejected(), later(60))

    result = airmend_report("chg-0001", "--output", str(tmp_path / "none" / "x.md"))

    assert result.exit_code == 2
    assert "cannot be written" in result.output


def test_records_without_tables_are_an_error_with_a_remedy(
    airmend_report: Command, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRMEND_DATABASE_URL", empty_database_url)
    get_settings.cache_clear()

    result = airmend_report()

    assert result.exit_code == 2
    assert "AIRMEND_DATABASE_URL" in result.output
