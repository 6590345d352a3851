"""Reports on disk: three whole files, with names that nobody outside can choose."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airmend.errors import ConfigurationError
from airmend.review.document import PostIncidentReport
from airmend.review.report import build_report
from airmend.review.saving import incident_of_file, save_report
from tests.unit.review.scenarios import BASE_URL, later, resolved_standard


@pytest.fixture
def report() -> PostIncidentReport:
    return build_report(resolved_standard(), made_at=later(60), base_url=BASE_URL)


def test_a_report_is_saved_as_json_markdown_and_html(
    report: PostIncidentReport, tmp_path: Path
) -> None:
    saved = save_report(report, tmp_path / "new" / "folder")

    assert [path.name for path in saved.paths] == [
        "inc-0001.chg-0001.json",
        "inc-0001.chg-0001.md",
        "inc-0001.chg-0001.html",
    ]
    assert json.loads(saved.paths[0].read_text()) == report.document()
    assert saved.paths[1].read_text().startswith("# ServiceDown: resolved\n")
    assert saved.paths[2].read_text().startswith("<!DOCTYPE html>")
    folder = saved.paths[0].parent
    assert len(list(folder.iterdir())) == 6
    for path in saved.paths:  # who knows the incident finds its latest report
        assert (folder / f"inc-0001{path.suffix}").read_bytes() == path.read_bytes()


def test_the_reports_of_two_changes_of_one_incident_stay_side_by_side(
    report: PostIncidentReport, tmp_path: Path
) -> None:
    assert report.change is not None
    second = report.model_copy(
        update={"change": report.change.model_copy(update={"id": "chg-0002"})}
    )
    first = save_report(report, tmp_path)
    later_ones = save_report(second, tmp_path)
    save_report(report, tmp_path, is_latest=False)  # made again

    assert not set(first.paths) & set(later_ones.paths)
    for saved, change in ((first, "chg-0001"), (later_ones, "chg-0002")):
        assert json.loads(saved.paths[0].read_text())["change"]["id"] == change
    assert json.loads((tmp_path / "inc-0001.json").read_text())["change"]["id"] == "chg-0002"


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("INC-1.CHG-2.html", ("INC-1", "CHG-2")),
        ("INC-1.json", ("INC-1", None)),
        ("INC-1.CHG-2.md", ("INC-1", "CHG-2")),
        ("INC-1.CHG-2.zip", None),
        (".INC-1.html", None),
        ("INC-1..html", None),
        ("INC-1.CHG-2.old.html", None),
        ("a b.md", None),
    ],
)
def test_a_file_says_by_its_name_whose_report_it_holds(
    name: str, named: tuple[str, str | None] | None
) -> None:
    assert incident_of_file(Path("reports") / name) == named


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


def test_a_change_id_that_cannot_be_a_file_name_is_refused(
    report: PostIncidentReport, tmp_path: Path
) -> None:
    assert report.change is not None
    changed = report.model_copy(
        update={"change": report.change.model_copy(update={"id": "../../evil"})}
    )
    with pytest.raises(ConfigurationError, match=r"change id .* cannot be a file name"):
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
