"""What was stored before a crash is started after it, once."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from airmend.records.database import Database
from airmend.records.model import FactKind
from tests.integration.incident.desk import PROOF, Desk, trust
from tests.unit.incident.documents import generic_alert


def write_run(file: Path, change: Any) -> str:
    """Start a run as Airflow does: once for a run id, and kept for good."""
    known = file.read_text().splitlines() if file.exists() else []
    if change.run_id not in known:
        with file.open("a") as runs:
            runs.write(f"{change.run_id}\n")
    return str(change.run_id)


def receive_and_die(url: str, runs: Path, moment: str) -> None:
    """Take a delivery in, and be killed before or after Airflow has the run."""
    desk = Desk(Database(url))

    def start_run(change: Any) -> str:
        if moment == "after":
            write_run(runs, change)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("a killed process goes on")

    intake = desk.with_ports(start_run=start_run)
    intake.receive("generic", PROOF, json.dumps(generic_alert()).encode(), trust)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_between_storing_and_starting_loses_and_doubles_nothing(
    desk: Desk, database_url: str, tmp_path: Path, moment: str
) -> None:
    runs = tmp_path / "runs.txt"
    process = multiprocessing.get_context("spawn").Process(
        target=receive_and_die, args=(database_url, runs, moment)
    )
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL

    (incident,) = desk.incidents()
    assert incident.status == "remediating"
    assert desk.alert().outcome == "pending"  # the sender got no answer and asks again

    intake = desk.with_ports(start_run=lambda change: write_run(runs, change))
    assert intake.resume_starts() == 1
    assert intake.resume_starts() == 0
    assert runs.read_text().splitlines() == [f"airmend__{incident.id}"]
    assert [fact.kind for fact in desk.story(incident.id)].count(FactKind.RUN_CREATED) == 1
    assert desk.alert().outcome == "started"
