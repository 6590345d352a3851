"""An estate that breaks, and the shipped playbooks run on it as a change runs them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from airmend.change.model import Target
from airmend.cli.estate import Estate
from airmend.execution.ansible import PlaybookRequest, run_playbook
from airmend.execution.model import ExecutionStatus, PlaybookEvidence
from airmend.execution.url_template import fill_url
from airmend.runbook.catalog import load_runbook
from airmend.runbook.model import HttpCheck, Runbook

RUNBOOKS = Path(__file__).parents[3] / "runbooks"
NOW = datetime.now(UTC)  # log files are old or not by the clock of the hosts


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Estate]:
    """Three hosts whose services run; gone after the test."""
    estate = Estate(tmp_path / "the estate")  # a space, since folders of users have some
    try:
        estate.start()
        yield estate
    finally:
        estate.stop()


@dataclass(frozen=True)
class Repair:
    """A runbook in the hands of a test: its playbooks with the variables of a change."""

    estate: Estate
    runbook: Runbook
    inputs: dict[str, Any]
    hosts: tuple[str, ...]
    change_id: str = "CHG-7"

    def check(self) -> list[PlaybookEvidence]:
        """Run every step in check mode."""
        return [self._run(s.playbook, s.vars, check_mode=True) for s in self.runbook.steps]

    def run(self) -> list[PlaybookEvidence]:
        """Run every step."""
        return [self._run(s.playbook, s.vars) for s in self.runbook.steps]

    def roll_back(self) -> PlaybookEvidence:
        """Run the rollback."""
        assert self.runbook.rollback is not None
        return self._run(self.runbook.rollback.playbook, self.runbook.rollback.vars)

    def run_checks(self) -> list[PlaybookEvidence]:
        """Run the verification's playbooks, whatever they say."""
        return [
            self._run(check.playbook, check.vars, must_succeed=False)
            for check in self.runbook.verify
            if check.kind == "ansible"
        ]

    def is_verified(self, host: str, *, after_rollback: bool = False) -> bool:
        """Whether the HTTP checks pass on a host at the first look."""
        rollback = self.runbook.rollback
        checks = rollback.verify if after_rollback and rollback else self.runbook.verify
        outcomes = [self._passes(check, host) for check in checks if check.kind == "http"]
        assert outcomes
        return all(outcomes)

    def _passes(self, check: HttpCheck, host: str) -> bool:
        variables = self.estate.host_variables(host)
        target = Target(name=host, address=str(variables["ansible_host"]), variables=variables)
        try:
            answer = httpx.get(fill_url(check.url, target, self.inputs), trust_env=False)
        except httpx.TransportError:
            return False
        return answer.status_code == check.status and (check.contains or "") in answer.text

    def _run(
        self,
        playbook: str,
        variables: dict[str, Any],
        *,
        check_mode: bool = False,
        must_succeed: bool = True,
    ) -> PlaybookEvidence:
        evidence = run_playbook(
            PlaybookRequest(
                project_dir=RUNBOOKS / self.runbook.id,
                playbook=playbook,
                inventory=self.estate.inventory,
                hosts=self.hosts,
                variables={**self.inputs, **variables, "airmend_change_id": self.change_id},
                check_mode=check_mode,
                timeout_seconds=120,
            )
        )
        if must_succeed:
            assert evidence.status is ExecutionStatus.SUCCEEDED, evidence.message
        return evidence


def load(runbook_id: str) -> Runbook:
    """A shipped runbook."""
    return load_runbook(RUNBOOKS / runbook_id).version.runbook


def changed(evidence: list[PlaybookEvidence]) -> set[str]:
    """The hosts that were changed, or would be."""
    return {host for playbook in evidence for host in playbook.changed_hosts}


def content(folder: Path, *left_out: str) -> dict[str, tuple[str, float, int]]:
    """Digest, time and mode of every file below a folder, by path; without some names."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            round(path.stat().st_mtime),
            path.stat().st_mode,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in left_out
    }
