"""The end of a change: its report is written whatever else cannot be read, and again the same."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.closing import close_change
from airmend.records.changes import create_change
from airmend.records.database import Database
from airmend.records.reports import load_report, store_report
from airmend.review.annexes import Prose
from airmend.review.document import PostIncidentReport
from tests.builders import AT
from tests.integration.orchestration.conftest import Office


def with_policy(office: Office, text: str) -> ChangeRun:
    path = office.folder / "policy.yaml"
    path.write_text(text)
    _, run = office.guarded(office.publish())
    settings = office.settings.model_copy(update={"policy_file": path})
    return replace(run, settings=settings)


def read(database: Database) -> dict[str, Any]:
    with database.session() as session:
        document = load_report(session, "CHG-1")
    assert document
    return document


@pytest.mark.parametrize("applies", [True, False])
def test_the_policy_says_whether_the_report_has_the_annex(office: Office, applies: bool) -> None:
    run = with_policy(office, f"report: {{dora: {{applies: {str(applies).lower()}}}}}\n")
    close_change(run)
    assert (read(office.database)["dora"] is not None) is applies


def test_a_policy_with_a_mistake_keeps_no_report_from_being_written(office: Office) -> None:
    closed = close_change(with_policy(office, "reprot: {}\n"))
    report = read(office.database)
    assert closed.files
    assert report["dora"] is None
    assert any("Whether DORA applies is not known" in f["text"] for f in report["follow_ups"])


def test_closing_again_gives_the_same_report_and_keeps_its_text(office: Office) -> None:
    run = with_policy(office, "report: {dora: {applies: true}}\n")
    close_change(run)
    first = PostIncidentReport.model_validate(read(office.database))
    text = Prose(
        state="accepted", model="m", written_at=AT, text="The change was cancelled.", problems=[]
    )
    told = first.model_copy(update={"prose": text})
    with office.database.session() as session:
        store_report(session, told.document(), "CHG-1", "INC-1", AT)
    close_change(run)
    assert PostIncidentReport.model_validate(read(office.database)) == told


def test_a_report_that_is_made_again_does_not_replace_that_of_a_later_change(
    office: Office,
) -> None:
    version = office.publish()
    first = office.request(version)
    close_change(office.run(first, version, "report"))
    office.clock.pass_time(minutes=1)
    update = {"id": "CHG-2", "run_id": "airmend__again", "requested_at": office.clock()}
    second = first.model_copy(update=update)
    with office.database.session() as session:
        create_change(session, second)
    close_change(office.run(second, version, "report"))
    close_change(office.run(first, version, "report"))
    folder = office.settings.reports_path
    for name, change in (("INC-1", "CHG-2"), ("INC-1.CHG-1", "CHG-1"), ("INC-1.CHG-2", "CHG-2")):
        assert json.loads((folder / f"{name}.json").read_text())["change"]["id"] == change
