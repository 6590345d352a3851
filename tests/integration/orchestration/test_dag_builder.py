"""The DAG of a runbook tells the story of a change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airmend.errors import ConfigurationError
from airmend.orchestration import dag_builder
from airmend.orchestration.publication import publish_runbooks, write_catalog
from airmend.records.database import Database
from airmend.runbook.catalog import load_catalog
from tests.builders import AT, make_runbook_version
from tests.runbook_folders import write_runbook

TWO_STEPS = [
    {"id": "drain", "name": "Drain", "playbook": "playbooks/restart.yml"},
    {"id": "restart", "name": "Restart", "playbook": "playbooks/restart.yml"},
]


def test_the_tasks_are_one_line_from_guard_to_report() -> None:
    dag = dag_builder.build_dag(make_runbook_version(steps=TWO_STEPS))
    order = ["guard"]
    while following := dag.get_task(order[-1]).downstream_task_ids:
        order.extend(following)
    assert order == [
        "guard",
        "preflight",
        "assess_risk",
        "approval",
        "drain",
        "restart",
        "verify",
        "rollback",
        "report",
    ]


def test_rollback_runs_only_after_a_failure_and_the_report_always() -> None:
    dag = dag_builder.build_dag(make_runbook_version())
    rules = {task.task_id: task.trigger_rule.value for task in dag.tasks}
    assert rules.pop("rollback") == "one_failed"
    assert rules.pop("report") == "all_done"
    assert set(rules.values()) == {"all_success"}


def test_a_runbook_may_run_as_soon_as_it_is_there() -> None:
    dag = dag_builder.build_dag(make_runbook_version())
    assert not dag.is_paused_upon_creation
    assert not dag.catchup
    assert dag.schedule is None


def test_the_dag_explains_its_runbook() -> None:
    version = make_runbook_version()
    dag = dag_builder.build_dag(version)
    assert dag.doc_md is not None
    assert version.runbook.known_error.cause in dag.doc_md
    assert version.digest[:12] in dag.doc_md
    assert dag.dag_display_name == version.runbook.title
    assert dag.owner == version.runbook.owner
    assert "standard change" in dag.tags


@pytest.fixture
def version_folder(tmp_path: Path) -> Path:
    database = Database(f"sqlite:///{tmp_path / 'records.db'}")
    database.migrate()
    for name in ("disk-full", "service-down"):
        write_runbook(tmp_path / "runbooks", id=name)
    loaded = load_catalog(tmp_path / "runbooks")
    folder = tmp_path / "version"
    with database.session() as session:
        write_catalog(session, publish_runbooks(session, loaded, {}, at=AT), folder)
    database.close()
    return folder


def test_every_published_runbook_has_a_dag(version_folder: Path) -> None:
    assert sorted(dag_builder.build_dags(version_folder)) == ["disk-full", "service-down"]


def test_a_task_reads_only_the_runbook_that_it_runs(
    version_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (version_folder / "documents" / "disk-full.json").write_text("not read")

    class Wanted:
        dag_id = "service-down"

    monkeypatch.setattr(dag_builder, "get_parsing_context", Wanted)
    assert list(dag_builder.build_dags(version_folder)) == ["service-down"]


def test_a_name_from_elsewhere_reads_no_file(
    version_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wanted:
        dag_id: Any = "airmend-upkeep"

    monkeypatch.setattr(dag_builder, "get_parsing_context", Wanted)
    assert dag_builder.build_dags(version_folder) == {}


def test_a_plain_dags_folder_is_told_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="RunbookBundle"):
        dag_builder.build_dags(tmp_path)
