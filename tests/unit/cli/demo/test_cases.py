"""The demo breaks things in their order, follows each to its end, and believes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from airmend.change.model import ChangeStatus
from airmend.cli.demo.approvals import Approvals
from airmend.cli.demo.cases import STAGE_SECONDS, Cases, judge_case
from airmend.cli.demo.following import Progress, follow
from airmend.cli.demo.records_reader import RecordsReader
from airmend.cli.demo.scenarios import SCENARIOS
from airmend.cli.estate import Estate
from airmend.errors import StackError
from airmend.review.model import ReportFacts
from tests.unit.cli.demo.stories import cut, make_case, rolled_back
from tests.unit.review.scenarios import later

DOWN, LIMIT, DISK = (
    "NodeSystemdServiceFailed",
    "ProcessNearFDLimits",
    "NodeFilesystemSpaceFillingUp",
)


class Records(RecordsReader):
    """Gives what a test put in, by the name of the scenario."""

    def __init__(self) -> None:
        self.stories: dict[str, ReportFacts] = {}

    def read(self, change_id: str) -> Progress:
        return follow(self.stories[change_id])


class Stage:
    """An estate, an Airmend and an Airflow that only do as they are told."""

    def __init__(self, tmp_path: Path) -> None:
        self.now = later(0)
        self.broken: list[str] = []
        self.sent: list[str] = []
        self.records = Records()
        self.run_state = "running"
        self.reply: Mapping[str, Any] = {}
        self.status_code = 202
        client = httpx.Client(transport=httpx.MockTransport(self._airflow), base_url="http://af")
        scenarios = [replace(each, damage=self._breaking(each.runbook_id)) for each in SCENARIOS]
        self.cases = Cases(
            scenarios,
            Estate(tmp_path),
            self.records,
            client,
            Approvals(client, "http://localhost"),
            self._hook,
            lambda: self.now,
        )

    def _breaking(self, name: str) -> Any:
        def damage(_estate: Estate, _now: datetime) -> None:
            self.broken.append(name)

        return damage

    def _hook(self, document: Mapping[str, Any]) -> httpx.Response:
        name = document["alerts"][0]["labels"]["alertname"]
        self.sent.append(name)
        runbook = self.broken[-1]
        self.records.stories[runbook] = cut(rolled_back(), 0.5, ChangeStatus.REQUESTED)
        entry = {"outcome": "started", "runbook": runbook, "incident": "INC", "change": runbook}
        return httpx.Response(self.status_code, json={"incidents": [{**entry, **self.reply}]})

    def _airflow(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("hitlDetails"):
            return httpx.Response(404)
        return httpx.Response(200, json={"state": self.run_state})


def test_each_incident_breaks_when_the_one_before_was_decided(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.cases.advance()
    stage.cases.advance()
    assert stage.sent == [DOWN]
    stage.records.stories["service-down"] = cut(rolled_back(), 10.1, ChangeStatus.APPROVED)
    stage.cases.advance()
    assert stage.sent == [DOWN, LIMIT]
    stage.cases.advance()
    stage.records.stories["file-descriptor-limit"] = cut(rolled_back(), 10.1, ChangeStatus.APPROVED)
    stage.cases.advance()
    assert stage.sent == [DOWN, LIMIT, DISK]
    assert stage.broken == [each.runbook_id for each in SCENARIOS]
    stage.cases.advance()
    assert len(stage.sent) == 3


def test_an_incident_is_over_when_airflow_has_ended_its_run(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.cases.advance()
    stage.records.stories["service-down"] = rolled_back()
    stage.cases.advance()
    assert [case.is_over for case in stage.cases.cases] == [False, False, False]
    stage.run_state = "failed"
    stage.cases.advance()
    assert [case.is_over for case in stage.cases.cases] == [True, False, False]
    assert stage.cases.cases[0].run_state == "failed"
    assert not stage.cases.are_over


@pytest.mark.parametrize(
    ("status_code", "reply", "message"),
    [
        (503, {}, "answered with 503"),
        (202, {"runbook": "disk-filling-up"}, "taken by the runbook disk-filling-up"),
        (202, {"runbook": None, "change": None, "outcome": "unmatched"}, "unmatched"),
    ],
)
def test_an_alert_that_starts_nothing_ends_the_demo(
    tmp_path: Path, status_code: int, reply: dict[str, Any], message: str
) -> None:
    stage = Stage(tmp_path)
    stage.status_code, stage.reply = status_code, reply
    with pytest.raises(StackError, match=message):
        stage.cases.advance()


def test_a_stage_that_hangs_is_given_up_and_judged_as_wrong(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.cases.advance()
    stage.now += timedelta(seconds=STAGE_SECONDS + 1)
    stage.cases.advance()
    case = stage.cases.cases[0]
    assert case.is_over
    (finding,) = judge_case(case, Estate(tmp_path), tmp_path)
    assert not finding.ok
    assert finding.seen == "'guard' took longer than 360 s"


def test_a_person_may_take_as_long_as_they_like(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.cases.advance()
    waiting = cut(rolled_back(), 7, ChangeStatus.AWAITING_APPROVAL)
    stage.records.stories["service-down"] = waiting
    stage.now += timedelta(hours=3)
    stage.cases.advance()
    assert not stage.cases.cases[0].is_over


def test_what_never_began_is_wrong(tmp_path: Path) -> None:
    (finding,) = judge_case(make_case(None), Estate(tmp_path), tmp_path)
    assert (finding.ok, finding.seen) == (False, "never begun")
