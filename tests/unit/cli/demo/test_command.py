"""What the demo makes of its end: an exit code, and where to look."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from airmend.cli.demo.command import INTERRUPTED, Demo
from airmend.cli.demo.start import Places
from airmend.cli.estate import Estate
from airmend.review.report import build_report
from airmend.review.saving import save_report
from tests.unit.cli.demo.stories import make_case, rolled_back
from tests.unit.review.scenarios import BASE_URL, later


def make_demo(folder: Path) -> Demo:
    places = Places(folder, folder / ".airmend/demo", folder / "cache", 8123)
    return Demo(places, terminal=False, keep=False, approve=True)


def test_a_demo_that_came_out_wrong_names_the_logs_and_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    demo = make_demo(tmp_path)
    demo.conclude([make_case(None)], Estate(tmp_path / "estate"), BASE_URL)
    said = capsys.readouterr().out
    assert demo.exit_code == 1
    assert "✘ 1 of it did not come out as it should" in said
    assert ".airmend/demo/logs/*.log" in said


def test_where_the_reports_are_is_told_for_each_incident(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case, reports = make_case(rolled_back()), tmp_path / ".airmend/demo/reports"
    case.scenario = replace(case.scenario, inspect=lambda _estate, _facts, _approved: [])
    save_report(build_report(rolled_back(), made_at=later(60), base_url=BASE_URL), reports)
    make_demo(tmp_path).conclude([case], Estate(tmp_path / "estate"), BASE_URL)
    said = capsys.readouterr().out
    assert f".airmend/demo/reports/{case.incident_id}.html" in said
    assert "password" not in said  # nothing runs any more that one could log in to


def test_a_demo_that_was_stopped_is_no_success(tmp_path: Path) -> None:
    assert make_demo(tmp_path).exit_code == INTERRUPTED
