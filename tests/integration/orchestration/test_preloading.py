"""What tasks execute was compiled before their processes were forked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine, event

from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.orchestration.asking import open_question
from airmend.orchestration.change_run import ChangeRun, find_change_of_run
from airmend.orchestration.closing import close_change
from airmend.orchestration.dag_rehearsal import rehearse_dag
from airmend.orchestration.repairing import run_step
from airmend.orchestration.verifying import verify_change
from airmend.records.clock import read_database_clock
from airmend.records.database import Database
from airmend.records.rehearsal import rehearse
from airmend.runbook.model import RunbookVersion
from tests.builders import AT
from tests.integration.orchestration.conftest import NEVER, Office
from tests.integration.orchestration.test_remediation import Job
from tests.integration.orchestration.test_standard_changes import POLICY, STANDARD, assess, grant


@dataclass(frozen=True)
class Preloaded(Office):
    """An office whose tasks have an engine of their own, as after a fork."""

    tasks: Database = field(kw_only=True)

    def run(self, change: ChangeRequest, version: RunbookVersion, task: str) -> ChangeRun:
        run = super().run(change, version, task)
        # the database's own clock is far from the test's; only its statement is wanted
        return replace(run, database=self.tasks, database_clock=self.look_at_clock)

    def look_at_clock(self, session: Any) -> Any:
        read_database_clock(session)
        return self.clock()


@pytest.fixture
def office(office: Office, database_url: str) -> Iterator[Preloaded]:
    policy = office.folder / "policy.yaml"
    policy.write_text(yaml.safe_dump(POLICY))
    settings = office.settings.model_copy(update={"policy_file": policy})
    tasks = Database(database_url)
    with tasks.session() as session:
        rehearse(session, name="rehearsal", at=AT)
    yield Preloaded(office.database, settings, office.clock, office.folder, tasks=tasks)
    tasks.close()


@contextmanager
def compiled(engine: Engine) -> Iterator[set[str]]:
    """The statements that had to be compiled meanwhile, and by whom of ours."""
    found: set[str] = set()

    def look(
        _connection: Any, _cursor: Any, statement: str, _p: Any, context: Any, _m: Any
    ) -> None:
        if context.compiled is not None and context.cache_hit.name != "CACHE_HIT":
            found.add(statement)

    event.listen(engine, "before_cursor_execute", look)
    yield found
    event.remove(engine, "before_cursor_execute", look)


def test_a_standard_change_executes_nothing_that_was_not_rehearsed(
    office: Preloaded, tmp_path: Path
) -> None:
    with compiled(office.tasks.engine) as found:
        job = Job(office, change=STANDARD)
        with office.tasks.session() as session:
            find_change_of_run(session, job.change.dag_id, job.change.run_id, job.version.digest)
        grant(job)
        assess(job)
        assert open_question(job.task("approval"), {}).decision is not None
        run_step(job.task("repair"), "repair", NEVER)
        verify_change(job.task("verify"), NEVER)
        assert close_change(job.task("report")).resolved
    assert job.read().status is ChangeStatus.SUCCEEDED
    assert "\n".join(sorted(found)) == ""


def test_the_dag_that_nobody_runs_is_made_as_those_of_runbooks() -> None:
    assert rehearse_dag().task_ids[0] == "guard"
