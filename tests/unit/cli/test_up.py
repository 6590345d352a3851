"""What `airmend up` says: where to look, and no secret."""

from __future__ import annotations

import json
from pathlib import Path

from airmend.cli.environment import airflow_environment, hook_secret, passwords_file
from airmend.cli.up import describe, runbook_ids

PROJECT = Path(__file__).parents[3]


def test_it_says_where_to_look_and_tells_no_secret(tmp_path: Path) -> None:
    environment = airflow_environment(PROJECT, home=tmp_path, port=8123, environ={})
    text = describe(environment, [])
    assert "http://localhost:8123" in text
    assert "http://localhost:8123/airmend/hooks/<source>" in text
    assert str(passwords_file(tmp_path)) in text
    assert "admin, olivia, priya, victor" in text
    assert "mistakes" not in text
    passwords = json.loads(passwords_file(tmp_path).read_text()).values()
    for secret in (*passwords, *hook_secret(tmp_path, "alertmanager").split()):
        assert secret not in text


def test_runbooks_with_mistakes_are_named(tmp_path: Path) -> None:
    environment = airflow_environment(PROJECT, home=tmp_path, port=8123, environ={})
    assert "mistakes in disk-full" in describe(environment, ["disk-full"])


def test_a_folder_with_a_runbook_file_is_a_dag(tmp_path: Path) -> None:
    for name in ("b", "a", "notes"):
        (tmp_path / name).mkdir()
    (tmp_path / "a/runbook.yaml").touch()
    (tmp_path / "b/runbook.yaml").touch()
    assert runbook_ids(tmp_path) == ["a", "b"]
    assert runbook_ids(tmp_path / "none") == []
