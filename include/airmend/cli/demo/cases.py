"""The incidents of a demo run: broken, sent, followed to their end, and judged.

Knows nothing of terminals: whoever shows them asks for `cases` as often as it likes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from airmend.cli.demo.approvals import Approvals, Question
from airmend.cli.demo.findings import (
    Finding,
    expect,
    judge_records,
    judge_report,
    was_rejected,
)
from airmend.cli.demo.following import Progress, Stage, StageProgress, StageStatus
from airmend.cli.demo.records_reader import RecordsReader
from airmend.cli.demo.scenarios import Scenario
from airmend.cli.estate import Estate
from airmend.errors import StackError

STAGE_SECONDS = 360.0
"""A stage that takes longer is given up, so that the demo ends everywhere; people may take as
long as they like."""

ENDED_RUNS = frozenset({"success", "failed"})


@dataclass
class Case:
    """One incident of the demo as it stands."""

    scenario: Scenario
    sent_at: datetime | None = None
    answered_seconds: float = 0.0  # from the POST to its answer
    incident_id: str = ""
    change_id: str = ""
    progress: Progress | None = None
    question: Question | None = None  # what waits for a person now
    run_state: str = ""  # Airflow's word; "" until the report is written
    given_up: str = ""  # why it is no longer followed; "" while it is

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be expected."""
        return bool(self.given_up) or self.run_state in ENDED_RUNS

    @property
    def is_decided(self) -> bool:
        """Whether its change was approved or not, or cannot be any more."""
        return self.is_over or (
            self.progress is not None
            and (self.progress.facts.decision is not None or self.progress.is_written_up)
        )

    @property
    def stage(self) -> StageProgress | None:
        """The stage that it is in; None before the first and after the last."""
        stages = self.progress.stages if self.progress else ()
        return next((each for each in stages if each.status is StageStatus.RUNNING), None)


class Cases:
    """Drives all incidents of a demo run, a small step a call.

    Args:
        scenarios: What is to happen.
        estate: What breaks.
        records: Where progress is read.
        client: Logged in to Airflow; asks for questions and runs.
        approvals: Looks for questions.
        hook: Sends one delivery to Airmend and gives its answer.
        clock: The time, aware.
    """

    def __init__(
        self,
        scenarios: Sequence[Scenario],
        estate: Estate,
        records: RecordsReader,
        client: httpx.Client,
        approvals: Approvals,
        hook: Callable[[Mapping[str, Any]], httpx.Response],
        clock: Callable[[], datetime],
    ) -> None:
        self.cases = [Case(scenario) for scenario in scenarios]
        self._estate, self._records, self._client = estate, records, client
        self._approvals, self._hook, self._clock = approvals, hook, clock

    @property
    def are_over(self) -> bool:
        """Whether every incident has come to its end."""
        return all(case.is_over for case in self.cases)

    def advance(self) -> None:
        """Break what is due, and look how everything stands.

        Raises:
            StackError: An alert was not taken in, or by no runbook.
            httpx.HTTPError: Airflow does not answer.
            StoreUnavailableError: The records cannot be read.
        """
        for case in self.cases:
            if case.sent_at is None:
                if self._is_due(case):
                    self._send(case)
            elif not case.is_over:
                self._look(case)

    def _is_due(self, case: Case) -> bool:
        decided = {each.scenario.runbook_id for each in self.cases if each.is_decided}
        return not case.scenario.after or case.scenario.after in decided

    def _send(self, case: Case) -> None:
        scenario, now = case.scenario, self._clock()
        scenario.damage(self._estate, now)
        case.sent_at = self._clock()
        response = self._hook(scenario.alert(scenario.host, now))
        case.answered_seconds = (self._clock() - case.sent_at).total_seconds()
        if response.status_code != httpx.codes.ACCEPTED:
            raise StackError(
                f"the alert for {scenario.runbook_id} was answered with "
                f"{response.status_code}: {response.text[:500]}"
            )
        entry = response.json()["incidents"][0]
        if entry["runbook"] != scenario.runbook_id or not entry["change"]:
            raise StackError(
                f"the alert for {scenario.runbook_id} was taken by the runbook "
                f"{entry['runbook']} ({entry['outcome']}). Are the shipped runbooks unchanged?"
            )
        case.incident_id, case.change_id = entry["incident"], entry["change"]

    def _look(self, case: Case) -> None:
        progress = case.progress = self._records.read(case.change_id)
        case.question = None
        if progress.is_written_up:
            case.run_state = self._read_run_state(progress)
        stage, change = case.stage, progress.facts.change
        if change is None or stage is None:
            return
        if stage.stage is Stage.APPROVAL:
            case.question = self._approvals.find_question(change)
        elif (stage.seconds(self._clock()) or 0) > STAGE_SECONDS:
            case.given_up = f"'{stage.stage}' took longer than {STAGE_SECONDS:.0f} s"

    def _read_run_state(self, progress: Progress) -> str:
        change = progress.facts.change
        if change is None:
            return ""
        dag_id, run_id = quote(change.dag_id, safe=""), quote(change.run_id, safe="")
        answer = self._client.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}").raise_for_status()
        return str(answer.json()["state"])


def judge_case(case: Case, estate: Estate, reports: Path) -> list[Finding]:
    """Everything that should be true of an incident that is over.

    Args:
        case: As it stands.
        estate: What was broken.
        reports: Folder of the reports.
    """
    if case.progress is None or case.given_up:
        return [Finding("its end", "reached", case.given_up or "never begun", ok=False)]
    scenario, facts = case.scenario, case.progress.facts
    approved = not was_rejected(facts)
    findings = judge_records(
        facts, case.run_state, ends_as=scenario.ends_as, by_policy=scenario.by_policy
    )
    targets = facts.change.targets if facts.change else []
    hosts = ", ".join(sorted(target.name for target in targets))
    return [
        *findings,
        expect("hosts", ", ".join(scenario.hosts), hosts),
        *scenario.inspect(estate, facts, approved),
        judge_report(reports, case.incident_id),
    ]
