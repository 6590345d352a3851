"""`airmend migrate` brings the records to this release, as often as it is called."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import inspect
from typer.testing import CliRunner

from airmend.cli.main import app
from airmend.records.database import Database
from airmend.settings import get_settings


@pytest.fixture(autouse=True)
def _settings_of_each_test() -> Iterator[None]:
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def test_it_makes_the_tables_once_and_shows_no_password(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("AIRMEND_DATABASE_URL", url)
    for _ in range(2):
        result = CliRunner().invoke(app, ["migrate"])
        assert result.exit_code == 0, result.output
        assert "up to date" in result.stdout
        assert not database.url.password or database.url.password not in result.output
    assert inspect(database.engine).has_table("incidents")


def test_a_database_that_is_away_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql+psycopg://airmend:not-for-the-log@127.0.0.1:9/airmend?connect_timeout=2"
    monkeypatch.setenv("AIRMEND_DATABASE_URL", url)
    result = CliRunner().invoke(app, ["migrate"])
    assert result.exit_code == 1
    assert result.stderr.startswith("airmend: the records cannot be used:")
    assert "not-for-the-log" not in result.output
