"""Signed runbooks from check mode to report, on real Ansible: a key that goes stops the change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from airmend.change.model import ChangeStatus
from airmend.errors import ExecutionError, UnsignedRunbookError
from airmend.execution.ansible import run_playbook
from airmend.execution.model import ExecutionStatus, Phase
from airmend.incident.model import IncidentStatus
from airmend.orchestration import batching
from airmend.orchestration.asking import open_question
from airmend.orchestration.assessment import assess_risk
from airmend.orchestration.closing import close_change
from airmend.orchestration.preflight import run_preflight
from airmend.orchestration.rolling_back import roll_back
from airmend.orchestration.verifying import verify_change
from tests.integration.orchestration.conftest import NEVER, Office
from tests.integration.orchestration.test_remediation import Job
from tests.integration.orchestration.test_signatures import with_policy, write_policy
from tests.ssh_keys import OLGA, PETER

NO_MORE = "a key that the policy does not trust"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here: what differs between the two is tested with the guard."""
    return f"sqlite:///{tmp_path / 'records.db'}"


@pytest.fixture
def signed(office: Office) -> Office:
    """Olga and Peter are trusted and have to sign; Olga signs."""
    return replace(with_policy(office, OLGA, PETER), signers=(OLGA,))


def take_olgas_key_out(office: Office) -> None:
    write_policy(office, PETER)


def ended_without_a_touch(job: Job) -> None:
    assert not job.mark.exists()
    assert job.executions(Phase.STEP) == []
    assert job.read().status is ChangeStatus.REFUSED
    assert NO_MORE in job.read().reason
    assert job.incident_status() is IncidentStatus.ESCALATED


def test_the_approver_and_the_report_are_told_who_signed(signed: Office) -> None:
    job = Job(signed)
    run_preflight(job.task("preflight"), NEVER)
    assess_risk(job.task("assess_risk"))
    asked = open_question(job.task("approval"), {})
    assert f"- Signature: `signed by olga ({OLGA.fingerprint})`" in asked.body
    job.settle()
    job.answer("olivia")
    job.step()
    verify_change(job.task("verify"), NEVER)
    pages = [Path(file).read_text() for file in close_change(job.task("report")).files]
    assert len([page for page in pages if "is signed by olga" in page]) == len(pages)
    (markdown,) = [page for page in pages if page.startswith("# ")]
    assert "- Signature: Runbook service-down 1.0.0" in markdown


def test_check_mode_runs_nothing_that_is_not_signed_whatever_became_of_the_guard(
    signed: Office,
) -> None:
    job = Job(signed)
    take_olgas_key_out(signed)
    with pytest.raises(UnsignedRunbookError, match=NO_MORE):
        run_preflight(job.task("preflight"), NEVER)
    assert job.executions(Phase.PREFLIGHT) == []
    ended_without_a_touch(job)


def test_a_key_that_is_taken_out_while_people_are_asked_ends_the_change(signed: Office) -> None:
    job = Job(signed)
    run_preflight(job.task("preflight"), NEVER)
    assess_risk(job.task("assess_risk"))
    job.settle()
    assert job.read().status is ChangeStatus.AWAITING_APPROVAL
    take_olgas_key_out(signed)
    with pytest.raises(UnsignedRunbookError, match=NO_MORE):
        job.answer("olivia")
    ended_without_a_touch(job)


def test_a_key_that_is_taken_out_after_the_approval_stops_the_step(signed: Office) -> None:
    job = Job(signed)
    job.decide()
    assert job.read().status is ChangeStatus.APPROVED
    take_olgas_key_out(signed)
    with pytest.raises(UnsignedRunbookError, match=NO_MORE):
        job.step()
    ended_without_a_touch(job)


def test_a_second_signature_carries_on_where_the_first_key_goes(signed: Office) -> None:
    job = Job(replace(signed, signers=(OLGA, PETER)))
    job.decide()
    take_olgas_key_out(signed)
    assert job.step()["changed"] == ["web1"]


def test_a_key_that_goes_between_two_batches_spares_the_other_hosts_and_the_rollback_runs(
    signed: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(
        signed,
        targets={"pattern": "web", "max_hosts": 3},
        change={"type": "normal", "service": "shop", "canary": 1, "serial": 1},
    )
    job.decide()
    monkeypatch.setattr(batching, "run_playbook", _then(lambda: take_olgas_key_out(signed)))
    with pytest.raises(ExecutionError, match=rf"repair is not begun on web2: .*{NO_MORE}"):
        job.step()
    assert job.executions(Phase.STEP) == [ExecutionStatus.CANCELLED]
    assert job.mark.exists()
    assert roll_back(job.task("rollback"), NEVER) is not None
    assert job.read().status is ChangeStatus.ROLLED_BACK
    assert not job.mark.exists()


def _then(do: Callable[[], None]) -> Callable[..., Any]:
    """Runs playbooks as ever, and something after the first."""
    left = [do]

    def run(*args: Any, **kwargs: Any) -> Any:
        evidence = run_playbook(*args, **kwargs)
        if left:
            left.pop()()
        return evidence

    return run
