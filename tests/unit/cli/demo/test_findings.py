"""A demo that did not come out as it should says so, and what was expected."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from airmend.change.model import ChangeStatus, Verdict
from airmend.cli.demo.findings import Finding, expect, judge_records, judge_report
from airmend.cli.demo.summary import came_out_right, draw_findings, draw_verdict
from airmend.review.model import ReportFacts
from airmend.review.report import build_report
from airmend.review.saving import save_report
from tests.unit.cli.demo.stories import rolled_back
from tests.unit.cli.demo.test_board import render
from tests.unit.review.scenarios import BASE_URL, later, resolved_standard


def wrong(findings: list[Finding]) -> list[str]:
    return [finding.what for finding in findings if not finding.ok]


def judge(facts: ReportFacts, run_state: str, **override: object) -> list[str]:
    expected = {"ends_as": ChangeStatus.ROLLED_BACK, "by_policy": False} | override
    return wrong(judge_records(facts, run_state, **expected))  # type: ignore[arg-type]


def test_a_change_that_was_rolled_back_as_it_should_be_is_right() -> None:
    assert judge(rolled_back(), "failed") == []


def test_a_change_that_helped_as_it_should_is_right() -> None:
    facts = resolved_standard()
    assert judge(facts, "success", ends_as=ChangeStatus.SUCCEEDED, by_policy=True) == []


def test_another_end_is_wrong_in_every_place_where_it_shows() -> None:
    found = judge(rolled_back(), "success", ends_as=ChangeStatus.SUCCEEDED)
    assert found == ["change", "incident"]
    assert judge(rolled_back(), "success") == ["Airflow's run"]


def test_a_no_that_changed_nothing_is_right() -> None:
    facts = rolled_back()
    assert facts.change
    assert facts.decision
    facts = replace(
        facts,
        change=facts.change.model_copy(update={"status": ChangeStatus.REJECTED}),
        decision=facts.decision.model_copy(update={"verdict": Verdict.REJECTED}),
    )
    assert judge(facts, "failed", ends_as=ChangeStatus.SUCCEEDED) == []
    assert judge(rolled_back(), "failed", ends_as=ChangeStatus.REJECTED) == ["change"]


@pytest.mark.parametrize("by", ["policy", "source:alertmanager"])
def test_a_normal_change_needs_a_person_who_did_not_ask_for_it(by: str) -> None:
    facts = rolled_back()
    assert facts.change
    assert facts.decision
    facts = replace(
        facts,
        change=facts.change.model_copy(update={"requested_by": "source:alertmanager"}),
        decision=facts.decision.model_copy(update={"decided_by": by}),
    )
    assert judge(facts, "failed") == ["decision"]
    assert judge(replace(facts, decision=None), "failed") == ["decision"]


def test_a_standard_change_that_a_person_approved_is_not_what_was_to_be_shown() -> None:
    assert judge(rolled_back(), "failed", by_policy=True) == ["decision"]


def test_a_report_counts_when_all_three_forms_are_whole(tmp_path: Path) -> None:
    facts = rolled_back()
    name = facts.incident.id
    save_report(build_report(facts, made_at=later(60), base_url=BASE_URL), tmp_path)
    assert judge_report(tmp_path, name).ok
    (tmp_path / f"{name}.md").unlink()
    assert judge_report(tmp_path, name).seen == "JSON, HTML"
    page = tmp_path / f"{name}.html"
    page.write_text(page.read_text().replace("</html>", ""))
    assert judge_report(tmp_path, name).seen == "JSON"
    document = json.loads((tmp_path / f"{name}.json").read_text()) | {"outcome": "splendid"}
    (tmp_path / f"{name}.json").write_text(json.dumps(document))
    assert judge_report(tmp_path, name).seen == "none"


def test_the_table_shows_expected_beside_seen() -> None:
    findings = {"service-down": [expect("change", "succeeded", "failed")]}
    text = render(draw_findings(findings, columns=120))
    line = next(line for line in text.splitlines() if "change" in line)
    assert line.index("✘") < line.index("succeeded") < line.index("failed")
    assert not came_out_right(findings)
    assert "did not come out" in render(draw_verdict(findings, 60))


def test_the_table_fits_eighty_columns_with_one_line_a_finding() -> None:
    longest = expect("its open files", "web-1, web-2, web-3", "web-1, web-2, web-3")
    findings = {"file-descriptor-limit": [longest] * 9}
    lines = render(draw_findings(findings, columns=80), 80).splitlines()
    assert sum("open files" in line for line in lines) == 9
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 12


def test_only_everything_right_is_right() -> None:
    good, bad = expect("a", "1", "1"), expect("b", "1", "2")
    assert came_out_right({"x": [good], "y": [good]})
    assert not came_out_right({"x": [good], "y": [good, bad]})
    assert not came_out_right({"x": [good], "y": []})
    assert not came_out_right({})
