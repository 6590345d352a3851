"""A standard change passes by policy, unless its host was read out of a ticket's sentences."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import update

from airmend.change.granting import approve_template
from airmend.change.policy import load_policy
from airmend.orchestration.asking import open_question
from airmend.orchestration.assessment import assess_risk
from airmend.orchestration.preflight import run_preflight
from airmend.records.tables import IncidentRow
from tests.integration.orchestration.conftest import Office, as_task

NEVER = Event()


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough: nothing here differs between the two."""
    return f"sqlite:///{tmp_path / 'records.db'}"


@pytest.mark.parametrize("inferred", [False, True])
def test_a_person_is_asked_where_the_host_was_read_out_of_sentences(
    office: Office, inferred: bool
) -> None:
    policy = office.folder / "policy.yaml"
    policy.write_text(
        "{automatic_bands_for_standard: [low, moderate], standard: {success_bound: 0}}"
    )
    office = replace(office, settings=office.settings.model_copy(update={"policy_file": policy}))
    mark = {"mark": str(office.folder / "mark")}
    step = {"id": "repair", "name": "Repair", "playbook": "playbooks/restart.yml", "vars": mark}
    version = office.publish(steps=[step])
    with office.database.session() as session:
        approve_template(
            session,
            version.runbook.id,
            load_policy(policy),
            by="olivia",
            reason="as the test says",
            now=office.clock(),
        )
    change, guard = office.guarded(version)
    with office.database.session() as session:
        words = {"inferred_host": "Web1"} if inferred else {}
        session.execute(update(IncidentRow).values(annotations=words))
    run_preflight(as_task(guard, "preflight"), NEVER)
    assess_risk(as_task(guard, "assess_risk"))
    question = open_question(as_task(guard, "approval"), {})
    assert question.approved is not inferred
    assert ("read out of the text `Web1`" in question.body) is inferred
    assert office.read(change).risk is not None
