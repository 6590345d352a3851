"""The demo's Airflow is its own, and ends with the demo, however that ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from airmend.cli.demo.start import Places, demo_environment
from airmend.cli.estate import Estate

PROJECT = Path(__file__).parents[4]


def test_a_real_installation_of_the_caller_is_not_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRMEND_DATABASE_URL", "postgresql://production/airmend")
    monkeypatch.setenv("AIRMEND_AIRFLOW_DATABASE_URL", "postgresql://production/airflow")
    monkeypatch.setenv("AIRMEND_RUNBOOKS_DIR", "/srv/runbooks")
    places = Places(PROJECT, tmp_path / "demo", tmp_path / "cache", 8123)
    environment = demo_environment(places, Estate(places.estate))
    assert "production" not in str(environment)
    assert environment["AIRMEND_RUNBOOKS_DIR"] == str(PROJECT / "runbooks")
    assert environment["AIRMEND_INVENTORY"].startswith(str(tmp_path))
    assert environment["AIRMEND_HOME"] == str(tmp_path / "demo")


def test_paths_are_told_as_one_types_them_in_the_checkout(tmp_path: Path) -> None:
    places = Places(PROJECT, PROJECT / ".airmend/demo", tmp_path, 8080)
    assert places.shorten(places.home / "reports") == ".airmend/demo/reports"
    assert places.shorten(Path("/elsewhere/x")) == "/elsewhere/x"
