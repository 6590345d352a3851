"""The measurement of matching measures what it says."""

from __future__ import annotations

from pathlib import Path

from airmend.cli.benchmarks import matching
from airmend.cli.benchmarks.matching import many_runbooks, measure_matching, unmatched_incident
from airmend.runbook.matching import match_runbooks

ROOT = Path(__file__).parents[4]


def test_its_runbooks_differ_and_none_takes_its_incident() -> None:
    runbooks = many_runbooks(ROOT / "runbooks", 7)
    assert len({version.runbook.id for version in runbooks}) == 7
    assert len({version.digest for version in runbooks}) == 7
    assert len({version.runbook.match[0] for version in runbooks}) == 7
    match = match_runbooks(unmatched_incident().facts(), runbooks)
    assert match.runbook is None
    assert len(match.rejections) == 7


def test_it_gives_each_figure_for_each_number_of_runbooks() -> None:
    said: list[str] = []
    figures = measure_matching(ROOT, (2, 4), 3, said.append)
    assert [figure.conditions["runbooks"] for figure in figures] == [2, 2, 2, 4, 4, 4]
    assert all(len(figure.samples) == 3 and figure.p50 > 0 for figure in figures)
    assert {figure.measurement for figure in figures} == {matching.NAME}
    assert len(said) == 2
