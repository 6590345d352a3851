"""Known errors are read in the forms that teams keep them in."""

from __future__ import annotations

from pathlib import Path

import pytest

from airmend.errors import ConfigurationError, RunbookError
from airmend.runbook.corpus import MAX_FILE_BYTES, read_corpus
from tests.runbook_folders import write_runbook

RULES = """\
groups:
  - name: hosts
    rules:
      - alert: HostDown
        expr: up == 0
        annotations:
          summary: A host is down.
          description: Nobody reaches {{ $labels.instance }}.
      - alert: HostDown
        expr: up == 0
        annotations: {summary: A host is down for long.}
      - record: job:up:sum
        expr: sum(up)
"""
PRODUCTS = """\
groups:
  - name: Databases
    services:
      - name: PostgreSQL
        exporters:
          - slug: postgres
            rules:
              - {name: Too many connections, description: All are in use., comments: See pg.}
          - slug: empty
      - name: MySQL
        exporters:
          - rules: [{name: Too many connections, description: None is free.}]
"""


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_markdown_is_a_file_an_error_and_what_stands_beside_is_passed_over(tmp_path: Path) -> None:
    for name in ("runbooks/node/DiskFull", "runbooks/node/_index", "runbooks/README", "docs/how"):
        _write(tmp_path / f"{name}.md", "# Title\n\n## Meaning\n\nIt is full.\n")
    _write(tmp_path / ".github/x.md", "# X")
    _write(tmp_path / "values.yaml", "a: [")
    _write(tmp_path / "picture.svg", "<svg/>")
    (entry,) = read_corpus(tmp_path)
    assert (entry.id, entry.name, entry.symptom) == ("DiskFull", "Title\nDiskFull", "It is full.")


def test_files_of_one_name_are_told_apart_by_their_folder(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        _write(tmp_path / folder / "Down.md", f"# Down\n\nIt is down in {folder}.\n")
    assert [entry.id for entry in read_corpus(tmp_path)] == ["a/Down", "b/Down"]
    assert {entry.name for entry in read_corpus(tmp_path)} == {"Down"}


def test_rules_of_prometheus_are_read_and_levels_of_one_alert_are_joined(tmp_path: Path) -> None:
    (entry,) = read_corpus(_write(tmp_path / "rules.yml", RULES))
    assert entry.id == "HostDown"
    assert entry.symptom == (
        "A host is down.\nNobody reaches {{ $labels.instance }}.\nA host is down for long."
    )


def test_rules_under_their_products_are_read(tmp_path: Path) -> None:
    _write(tmp_path / "rules.yml", PRODUCTS)
    first, second = read_corpus(tmp_path)
    assert [first.id, second.id] == [
        "MySQL/Too many connections",
        "PostgreSQL/Too many connections",
    ]
    assert (second.symptom, second.text) == ("All are in use.", "See pg.")


def test_runbooks_of_our_own_are_read_by_their_id(tmp_path: Path) -> None:
    folder = write_runbook(tmp_path / "runbooks")
    _write(folder / "notes.md", "# Notes")
    (entry,) = read_corpus(tmp_path)
    assert entry.id == "service-down"


def test_a_runbook_with_a_mistake_is_named(tmp_path: Path) -> None:
    _write(tmp_path / "broken/runbook.yaml", "schema: airmend/v1\n")
    with pytest.raises(RunbookError, match=r"broken/runbook.yaml"):
        read_corpus(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("gone", None, "there is no such file or folder"),
        ("rules.yml", "groups: [", r"rules.yml:\d: it is not YAML"),
        ("rules.yml", "a: 1", "it has no list 'groups'"),
        ("rules.yml", "groups: [{rules: [{alert: 1}, 2, {record: x}]}]", "no known error in it"),
        ("rules.txt", "x", "it is neither Markdown nor YAML"),
        ("x.md", "x" * (MAX_FILE_BYTES + 1), "more than 8,388,608 bytes"),
    ],
)
def test_what_cannot_be_read_is_said_with_place_and_remedy(
    tmp_path: Path, name: str, text: str | None, message: str
) -> None:
    path = tmp_path / name
    if text is not None:
        _write(path, text)
    with pytest.raises(ConfigurationError, match=message):
        read_corpus(path)


def test_a_folder_without_known_errors_is_said_to_be_empty(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no known error in it"):
        read_corpus(tmp_path)


def test_bytes_that_are_no_text_are_read_as_well_as_they_can_be(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"# A\n\n\xff\xfe full\n")
    (entry,) = read_corpus(tmp_path)
    assert "full" in entry.symptom
