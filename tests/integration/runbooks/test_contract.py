"""Every shipped runbook keeps the contract, and its cases come out as they say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from airmend.cli import estate_alerts
from airmend.incident.model import Alert
from airmend.incident.sources import find_source
from airmend.runbook.cases import Case, load_cases, run_case
from airmend.runbook.catalog import load_catalog, load_runbook
from airmend.runbook.matching import match_runbooks
from tests.integration.runbooks.conftest import RUNBOOKS
from tests.programs import require_program

IDS = ["disk-filling-up", "file-descriptor-limit", "service-down"]
CASES = [(name, case) for name in IDS for case in load_cases(RUNBOOKS / name)]
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_no_shipped_runbook_has_a_mistake() -> None:
    catalog = load_catalog(RUNBOOKS)

    assert [broken.messages for broken in catalog.broken] == []
    assert sorted(loaded.version.runbook.id for loaded in catalog.runbooks) == IDS


@pytest.mark.parametrize(
    ("runbook_id", "case"), CASES, ids=[f"{name}: {case.name}" for name, case in CASES]
)
def test_a_case_comes_out_as_it_says(runbook_id: str, case: Case) -> None:
    runbooks = {name: load_runbook(RUNBOOKS / name).version for name in IDS}

    assert run_case(case, runbooks[runbook_id], list(runbooks.values())) == []


@pytest.mark.parametrize("runbook_id", IDS)
def test_a_runbook_shows_what_it_takes_and_what_it_does_not(runbook_id: str) -> None:
    count = Counter(case.expect.match for name, case in CASES if name == runbook_id)

    assert count[True] >= 2
    assert count[False] >= 2


@pytest.mark.parametrize(
    ("webhook", "runbook_id", "inputs"),
    [
        (
            estate_alerts.service_down("web-2", AT),
            "service-down",
            {"host": "web-2", "unit": "shop.service"},
        ),
        (estate_alerts.disk_filling_up("web-1", AT), "disk-filling-up", {"mountpoint": "/"}),
        (
            estate_alerts.descriptors_exhausted("web-3", AT),
            "file-descriptor-limit",
            {"host": "web-3", "service": "shop"},
        ),
    ],
    ids=["service down", "disk filling up", "descriptors exhausted"],
)
def test_the_demos_alert_finds_its_runbook(
    webhook: dict[str, Any], runbook_id: str, inputs: dict[str, Any]
) -> None:
    [alert] = find_source("alertmanager").parse(webhook, {})

    match = match_runbooks(facts_of(alert), [load_runbook(RUNBOOKS / name).version for name in IDS])

    assert match.runbook is not None
    assert (match.runbook.runbook.id, match.inputs) == (runbook_id, inputs)
    assert alert.starts_at == AT
    assert alert.fingerprint.endswith(webhook["alerts"][0]["fingerprint"])


def test_a_resolved_webhook_speaks_of_the_same_alert() -> None:
    firing = estate_alerts.service_down("web-2", AT)
    source = find_source("alertmanager")

    [before] = source.parse(firing, {})
    [after] = source.parse(estate_alerts.resolved(firing, AT.replace(hour=10)), {})

    assert before.is_firing
    assert not after.is_firing
    assert after.fingerprint == before.fingerprint
    assert after.ends_at == AT.replace(hour=10)


def test_fingerprints_are_those_of_prometheus() -> None:
    labels = {"name": "garland, briggs", "fear": "love is not enough"}

    # the example in the tests of prometheus/common
    assert int(estate_alerts.fingerprint_like_alertmanager(labels), 16) == 5799056148416392346


def test_ansible_lint_has_nothing_to_say(tmp_path: Path) -> None:
    beside_python = str(Path(sys.executable).parent)
    lint = require_program("ansible-lint", beside_python)
    places = os.pathsep.join([beside_python, os.environ["PATH"]])

    done = subprocess.run(
        [lint, "--offline", "--profile", "production", "--nocolor", "."],
        cwd=RUNBOOKS,
        env={**os.environ, "PATH": places, "ANSIBLE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def facts_of(alert: Alert) -> dict[str, Any]:
    """What a runbook sees of the incident that this alert opens."""
    return {
        "source": alert.source,
        "name": alert.name,
        "severity": alert.severity.value,
        "service": alert.service or "",
        "host": alert.host or "",
        "summary": alert.summary,
        "description": alert.description,
        "labels": alert.labels,
        "annotations": alert.annotations,
    }
