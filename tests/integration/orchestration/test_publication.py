"""Runbook folders become catalogs that any worker can rebuild."""

from __future__ import annotations

import itertools
import json
import runpy
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from airmend.errors import AirmendError
from airmend.orchestration.publication import (
    BROKEN_FOLDER,
    CATALOG_FILE,
    DOCUMENTS_FOLDER,
    publish_runbooks,
    write_catalog,
)
from airmend.records.changes import create_change
from airmend.records.database import Database
from airmend.records.incidents import create_incident
from airmend.records.model import Catalog
from airmend.records.runbooks import current_catalog_version, get_catalog
from airmend.runbook.catalog import load_catalog
from airmend.runbook.model import RunbookVersion
from tests.builders import AT, make_change, make_incident
from tests.runbook_folders import write_runbook

DAG_FILES = {"remediation.py": "# airflow dag\n"}


_minutes = itertools.count()


def _publish(database: Database, runbooks: Path) -> Catalog:
    at = AT + timedelta(minutes=next(_minutes))
    with database.session() as session:
        return publish_runbooks(session, load_catalog(runbooks), DAG_FILES, at=at)


@pytest.fixture
def runbooks(tmp_path: Path) -> Path:
    folder = tmp_path / "runbooks"
    write_runbook(folder)
    write_runbook(folder, id="disk-full")
    return folder


def test_the_same_folders_are_the_same_catalog(database: Database, runbooks: Path) -> None:
    first = _publish(database, runbooks)
    assert _publish(database, runbooks) == first
    assert [entry.runbook_id for entry in first.entries] == ["disk-full", "service-down"]


def test_an_edit_makes_another_catalog_and_going_back_makes_the_first_one_current(
    database: Database, runbooks: Path
) -> None:
    first = _publish(database, runbooks)
    write_runbook(runbooks, version="1.0.1")
    second = _publish(database, runbooks)
    assert second.version != first.version
    write_runbook(runbooks)
    assert _publish(database, runbooks).version == first.version
    with database.session() as session:
        assert current_catalog_version(session) == first.version


def test_a_mistake_refuses_one_runbook_and_hides_no_other(
    database: Database, runbooks: Path
) -> None:
    good = _publish(database, runbooks)
    (runbooks / "service-down" / "runbook.yaml").write_text("schema: airmend/v1\nsteps: [\n")
    catalog = _publish(database, runbooks)
    refused = {entry.runbook_id: entry.refused for entry in catalog.entries}
    assert refused["disk-full"] == ""
    assert "service-down/runbook.yaml" in refused["service-down"]
    kept = {entry.runbook_id: entry.digest for entry in catalog.entries}
    assert kept == {entry.runbook_id: entry.digest for entry in good.entries}


def test_a_removed_runbook_is_gone_unless_a_change_still_uses_it(
    database: Database, runbooks: Path
) -> None:
    _publish(database, runbooks)
    with database.session() as session:
        create_incident(session, make_incident())
        create_change(session, make_change())
    shutil.rmtree(runbooks / "service-down")
    shutil.rmtree(runbooks / "disk-full")
    entries = _publish(database, runbooks).entries
    assert [entry.runbook_id for entry in entries] == ["service-down"]
    assert entries[0].refused


def test_a_worker_without_the_runbooks_folder_rebuilds_any_version(
    database: Database, runbooks: Path, tmp_path: Path
) -> None:
    version = _publish(database, runbooks).version
    shutil.rmtree(runbooks)
    folder = tmp_path / "versions" / version
    with database.session() as session:
        write_catalog(session, get_catalog(session, version), folder)
    assert (folder / "remediation.py").read_text() == DAG_FILES["remediation.py"]
    assert sorted(json.loads((folder / CATALOG_FILE).read_text())) == ["disk-full", "service-down"]
    document = (folder / DOCUMENTS_FOLDER / "service-down.json").read_bytes()
    assert RunbookVersion.model_validate_json(document).runbook.id == "service-down"
    assert [path.name for path in folder.parent.iterdir()] == [version]


def test_a_broken_runbook_becomes_a_stub_that_tells_place_fact_and_remedy(
    database: Database, runbooks: Path, tmp_path: Path
) -> None:
    write_runbook(runbooks, id="no-steps", steps=[])
    catalog = _publish(database, runbooks)
    with database.session() as session:
        write_catalog(session, catalog, tmp_path / "version")
    stub = tmp_path / "version" / BROKEN_FOLDER / "no-steps.py"
    text = stub.read_text()
    assert "airflow" in text
    assert "dag" in text  # without both words Airflow would skip the file in silence
    with pytest.raises(AirmendError, match=r"no-steps/runbook\.yaml:\d+: "):
        runpy.run_path(str(stub))


def test_odd_folder_names_cannot_leave_the_bundle(
    database: Database, runbooks: Path, tmp_path: Path
) -> None:
    odd = runbooks / "evil'); import os"
    odd.mkdir()
    (odd / "runbook.yaml").write_text("1\n")
    catalog = _publish(database, runbooks)
    with database.session() as session:
        write_catalog(session, catalog, tmp_path / "version")
    names = [path.name for path in (tmp_path / "version" / BROKEN_FOLDER).iterdir()]
    assert len(names) == 1
    assert names[0].startswith("folder-")
