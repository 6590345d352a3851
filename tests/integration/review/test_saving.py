"""Reports on disk: three whole files, with names that nobody outside can choose."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airmend.errors import ConfigurationError
from airmend.review.document import PostIncidentReport
from airmend.review.report import build_report
from airmend.review.saving import save_report
from tests.unit.review.scenarios import BASE_URL, later, resolved_standard


@pytest.fixture
def report() -> PostIncidentReport:
    return build_report(resolved_standard(), made_at=later(60), base_url=BASE_URL)


def test_a_report_is_saved_as_json_markdown_and_html(
    report: PostIncidentReport, tmp_path: Path
) -> None:
    saved = save_report(report, tmp_path / "new" / "folder")

    assert [path.name for path in saved.paths] == [
        "inc-0001.json",
        "inc-0001.md",
        "inc-0001.html",
    ]
    assert json.loads(saved.paths[0].read_text()) == report.document()
    assert saved.paths[1].read_text().startswith("# ServiceDown: resolved\n")
    assert saved.paths[2].read_text().startswith("<!DOCTYPE html>")
    assert sorted(path.name for path in saved.paths[0].parent.iterdir()) == sorted(
        path.name for path in saved.paths
    )


def test_saving_again_gives_the_same_files(report: PostIncidentReport, tmp_path: Path) -> None:
    first = {path: path.read_bytes() for path in save_report(report, tmp_path).paths}
    again = {path: path.read_bytes() for path in save_report(report, tmp_path).paths}

    assert first == again


@pytest.mark.parametrize("name", ["../evil", "a/b", ".hidden", "", "a" * 101, "a\n", "c:d"])
def test_an_id_that_cannot_be_a_file_name_is_refused(
    report: PostIncidentReport, tmp_path: Path, name: str
) -> None:
    changed = report.model_copy(
        update={"incident": report.incident.model_copy(update={"id": name})}
    )

    with pytest.raises(ConfigurationError, match="cannot be a file name"):
        save_report(changed, tmp_path / "reports")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_used_is_said_with_a_remedy(
    report: PostIncidentReport, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(ConfigurationError, match="AIRMEND_REPORTS_DIR"):
        save_report(report, tmp_path / "file")


def test_a_failed_write_leaves_the_old_file_and_no_other(
    report: PostIncidentReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_report(report, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(ConfigurationError, match="No space left"):
        save_report(report, tmp_path)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
