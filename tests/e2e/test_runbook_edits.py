"""Runbooks change while incidents are under way: each run keeps the version that it began with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from airmend.execution.model import Phase
from tests.e2e.house import House
from tests.e2e.lab import step, write_lab_runbook

RUNBOOK = "lab-edited"


@pytest.fixture
def _first_version(house: House) -> Iterator[None]:
    yield
    write_lab_runbook(house.runbooks, RUNBOOK)
    house.wait_for(lambda: not import_errors(house), None, "the runbook is whole again")


def import_errors(house: House) -> list[dict[str, Any]]:
    """What Airflow shows below its DAG list."""
    return list(house.get("/api/v2/importErrors")["import_errors"])


@pytest.mark.usefixtures("_first_version")
def test_a_run_ends_with_the_version_that_it_began_with_though_the_file_is_broken_meanwhile(
    house: House,
) -> None:
    house.lab.reset("lab-11")
    story = house.start_in_lab(RUNBOOK, "lab-11")
    house.question(story)
    digest = house.change(story).runbook_digest
    dags = house.get("/api/v2/dags", limit=100)["total_entries"]

    # a mistake: shown at its line, and hides nobody
    file = house.runbooks / RUNBOOK / "runbook.yaml"
    lines = file.read_text().splitlines()
    number = lines.index("owner: platform-team") + 1
    lines[number - 1] = "ownr: platform-team"
    file.write_text("\n".join(lines) + "\n")
    house.wait_for(lambda: import_errors(house), story, "the mistake is an import error")
    (error,) = import_errors(house)
    assert f"{RUNBOOK}/runbook.yaml:{number}: " in error["stack_trace"]
    assert "ownr" in error["stack_trace"]
    assert house.get("/api/v2/dags", limit=100)["total_entries"] == dags

    # no new run starts from it
    house.lab.reset("lab-10")
    house.settle("lab-10")
    refused = house.send(house.lab.alert(RUNBOOK, "lab-10"), source="generic", signed=True)
    assert refused["outcome"] == "unmatched"

    # another version, with another playbook and another check
    write_lab_runbook(
        house.runbooks,
        RUNBOOK,
        version="2.0.0",
        steps=[step("write_other_state", "edited")],
        verify=[
            {
                "kind": "ansible",
                "name": "The other state is there",
                "playbook": "playbooks/check.yml",
                "vars": {"wanted": "edited"},
            }
        ],
        playbooks={"playbooks/undo.yml": "- hosts: all\n"},
    )
    house.wait_for(lambda: not import_errors(house), story, "the mistake is gone")

    def is_published() -> bool:
        tasks = house.get(f"/api/v2/dags/{RUNBOOK}/tasks")["tasks"]
        return "write_other_state" in {task["task_id"] for task in tasks}

    house.wait_for(is_published, story, "the new version is the DAG's")

    # the run goes on as it was approved
    house.approve(story)
    assert house.wait_until_ended(story) == "success", house.tell(story)
    assert house.lab.done("lab-11") == ["repaired"]
    assert house.lab.state("lab-11") == "repaired"
    assert house.change(story).runbook_digest == digest
    assert house.report(story)["runbook"]["version"] == "1.0.0"

    # and the next one takes the new version
    house.lab.reset("lab-11")
    second = house.start_in_lab(RUNBOOK, "lab-11")
    house.approve(second)
    assert house.wait_until_ended(second) == "success", house.tell(second)
    assert house.lab.done("lab-11") == ["edited"]
    assert [each.name for each in house.executions(second, Phase.STEP)] == ["write_other_state"]
    assert house.report(second)["runbook"]["version"] == "2.0.0"
