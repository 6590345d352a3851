"""The documents tell the truth: examples are valid, names exist, tables are complete."""

from __future__ import annotations

import importlib
import json
import re
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from pydantic import BaseModel

from airmend.change.model import ChangeStatus
from airmend.cli.cases import run_cases
from airmend.cli.environment import USERS
from airmend.cli.lint import lint
from airmend.cli.main import COMMANDS
from airmend.cli.openapi import render_openapi
from airmend.expressions import FACT_FIELDS
from airmend.incident.answers import Answer, Outcome
from airmend.incident.model import Alert, IncidentStatus
from airmend.incident.openapi import REFUSALS
from airmend.incident.proofs import SCHEMES
from airmend.incident.proofs.secrets_of_source import EXTRA_KEYS
from airmend.incident.sources import find_source, source_names
from airmend.runbook import cases, model
from airmend.runbook.catalog import LoadedRunbook, check_runbook, load_catalog
from airmend.runbook.matching import match_runbooks
from airmend.runbook.model import SCHEMA, InputType
from airmend.settings import Settings
from airmend.web import problems
from tests.documents import (
    DOCUMENTS,
    ROOT,
    Block,
    all_blocks,
    blocks_of,
    commands_of,
    name_of,
    plain,
    prose_of,
    table_of,
    tables_of,
)

README, RUNBOOKS = ROOT / "README.md", ROOT / "docs/runbooks.md"
SETTINGS, OPERATIONS = ROOT / "docs/settings.md", ROOT / "docs/operations.md"
ADRS = sorted((ROOT / "docs/adr").glob("*.md"))

PART, MISTAKE, CASE = "part of runbook.yaml", "a mistake", "case"
OTHER_YAML = {
    *("alertmanager.yml", "inventory.yaml"),  # tried by tests/integration/test_docs.py
    "config/senders/checkmk.yaml",  # tried by test_own_sender_doc.py
    "topology.yaml",  # tried by test_correlation_doc.py
    # tried by test_slots.py, test_emergency.py, test_signing.py and test_reminding.py in change/
    "policy.yaml",
    "notifiers.yaml",  # tried by tests/integration/orchestration/test_notifiers.py
    "columns.yaml",  # tried by change/learning/test_columns.py
}
EXAMPLE = "mailer-hangs"
PLAYBOOK = "playbooks/restart_mailer.yml"


def write_example(runbooks: Path) -> Path:
    """The README's runbook as a folder, exactly as it stands there."""
    for block in all_blocks("yaml"):
        if block.label.startswith(f"runbooks/{EXAMPLE}/"):
            path = runbooks / block.label.removeprefix("runbooks/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
    return runbooks / EXAMPLE


def change_example(runbooks: Path, part: str) -> Path:
    """The README's runbook with some of its keys replaced."""
    folder = write_example(runbooks)
    path = folder / "runbook.yaml"
    document = yaml.safe_load(path.read_text()) | yaml.safe_load(part)
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return folder


def labelled(*labels: str) -> list[Any]:
    """The YAML blocks with these labels as parameters of a test."""
    found = [block for block in all_blocks("yaml") if block.label in labels]
    return [
        pytest.param(block, id=f"{name_of(block.path)}-{number}")
        for number, block in enumerate(found)
    ]


def headings(path: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a document."""
    titles = re.findall(r"^#+ (.+)$", prose_of(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def relative_links() -> list[Any]:
    """Every link of every document that leads into this repository."""
    found = []
    for path in DOCUMENTS:
        for link in dict.fromkeys(re.findall(r"\]\(([^)\s]+)\)", prose_of(path))):
            if re.match(r"[a-z]+:", link):
                continue
            found.append(pytest.param(path, link, id=f"{name_of(path)}: {link}"))
    return found


@pytest.mark.parametrize(("path", "link"), relative_links())
def test_every_link_leads_somewhere(path: Path, link: str) -> None:
    file, _, anchor = link.partition("#")
    target = path.parent / file if file else path
    assert target.exists()
    assert not anchor or anchor in headings(target)


def test_every_yaml_example_is_one_that_a_test_tries() -> None:
    for block in all_blocks("yaml"):
        known = {PART, MISTAKE, CASE, *OTHER_YAML}
        assert block.label in known or block.label.startswith(f"runbooks/{EXAMPLE}/"), (
            f"{name_of(block.path)}: begin the example with one of {sorted(known)} as a comment, "
            "or add its name to OTHER_YAML and a test that tries it"
        )


def test_the_runbook_of_the_readme_passes_the_lint_and_its_case_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_example(tmp_path / "runbooks")
    monkeypatch.chdir(tmp_path)
    assert lint([folder]) == 0
    linted = capsys.readouterr().out
    assert run_cases([folder]) == 0
    tested = capsys.readouterr().out
    (shown,) = [block.text for block in blocks_of(README) if block.language == "console"]
    assert shown == (
        f"$ .venv/bin/airmend lint runbooks/{EXAMPLE}\n{linted}"
        f"$ .venv/bin/airmend test runbooks/{EXAMPLE}\n{tested}"
    )


def test_the_runbook_of_the_readme_has_six_lines_of_identity_and_ten_of_content() -> None:
    (block,) = [each for each in all_blocks("yaml") if each.label.endswith("/runbook.yaml")]
    identity, content = block.text.split("\n\n")
    assert len(identity.splitlines()) == 1 + 6  # the first one names the file
    assert len(content.splitlines()) == 10


@pytest.mark.parametrize("block", labelled(PART))
def test_every_part_of_a_runbook_is_valid(block: Block, tmp_path: Path) -> None:
    folder = change_example(tmp_path, block.text)
    for name in re.findall(r"playbooks/\w+\.yml", block.text):
        (folder / name).write_text((folder / PLAYBOOK).read_text())
    document = yaml.safe_load(block.text)
    if "rollback" in document:  # the example says why it has none
        assert "irreversible" not in document["change"]
    result = check_runbook(folder)
    assert isinstance(result, LoadedRunbook), result


def mistakes() -> list[Any]:
    """Each mistake of the documents with the message that is shown below it."""
    found, blocks = [], blocks_of(RUNBOOKS)
    for number, block in enumerate(blocks):
        if block.label == MISTAKE:
            message = blocks[number + 1].text.strip()
            found.append(pytest.param(block.text, message, id=message.partition(". ")[0]))
    return found


@pytest.mark.parametrize(("part", "message"), mistakes())
def test_every_mistake_is_told_as_shown(part: str, message: str, tmp_path: Path) -> None:
    result = check_runbook(change_example(tmp_path, part))
    assert isinstance(result, list)
    assert [f"{mistake.fact}. {mistake.remedy}" for mistake in result] == [message]


@pytest.mark.parametrize("block", labelled(CASE))
def test_every_case_comes_out_as_shown(block: Block, tmp_path: Path) -> None:
    folder = write_example(tmp_path)
    path = folder / "cases/a_case_of_the_documents.yaml"
    path.write_text(block.text)
    assert run_cases([folder]) == 0


@pytest.mark.parametrize(
    "table", re.findall(r"<!-- model: (\w+) -->", RUNBOOKS.read_text(encoding="utf-8"))
)
def test_every_key_of_a_runbook_is_explained_with_its_default(table: str) -> None:
    kind: type[BaseModel] = getattr(model, table, None) or getattr(cases, table)
    expected = {}
    for name, field in kind.model_fields.items():
        default = field.get_default(call_default_factory=True, validated_data={})
        required = field.is_required() or name == "kind"  # the list of checks needs it
        value = json.dumps(default) if isinstance(default, bool) else str(default)
        empty = default is None or default in ("", [], {})
        expected[field.alias or name] = "required" if required else "none" if empty else value
    rows = table_of(RUNBOOKS, f"model: {table}")
    assert {plain(key): plain(default) for key, default, _ in rows} == expected
    assert all(meaning for _, _, meaning in rows)


def test_every_model_of_a_runbook_has_its_table() -> None:
    named = set(re.findall(r"<!-- model: (\w+) -->", RUNBOOKS.read_text()))
    parts = {
        name
        for name, kind in vars(model).items()
        if isinstance(kind, type) and issubclass(kind, model.Strict)
    }
    assert named >= parts - {"Strict", "RunbookVersion"}


@pytest.mark.parametrize(
    ("path", "marker", "words"),
    [
        (OPERATIONS, "change statuses", ChangeStatus),
        (OPERATIONS, "incident statuses", IncidentStatus),
        (SETTINGS, "outcomes", Outcome),
        (RUNBOOKS, "types", InputType),
    ],
)
def test_every_word_of_an_enumeration_is_explained(
    path: Path, marker: str, words: type[StrEnum]
) -> None:
    rows = table_of(path, marker)
    assert [plain(row[0]) for row in rows] == [word.value for word in words]
    assert all(all(row) for row in rows)


def test_every_fact_of_an_incident_is_explained() -> None:
    rows = table_of(RUNBOOKS, "facts")
    assert [plain(row[0]) for row in rows] == [f"incident.{name}" for name in FACT_FIELDS]


def test_every_refusal_of_the_webhooks_is_explained() -> None:
    told = {int(code) for code, _ in table_of(SETTINGS, "refusals")}
    assert told == {int(status) for status in problems._STATUS_OF.values()}


def test_every_refusal_of_a_source_that_exists_is_in_the_openapi_document() -> None:
    answered = set(problems._STATUS_OF.values())
    assert set(REFUSALS) == answered - {HTTPStatus.NOT_FOUND}


def test_the_openapi_document_is_the_one_that_is_made() -> None:
    assert (ROOT / "docs/openapi.json").read_text(encoding="utf-8") == render_openapi()


def test_every_proof_is_explained_with_where_its_secret_goes() -> None:
    rows = table_of(SETTINGS, "proofs")
    assert [plain(row[0]) for row in rows] == list(SCHEMES)
    keys = {key for row in rows for key in re.findall(r"`([a-z_]+)`", row[2])}
    assert keys == set(EXTRA_KEYS) - {"timestamp_header"}


def test_the_settings_table_names_exactly_the_settings() -> None:
    rows = table_of(README, "settings")
    expected = [
        (f"AIRMEND_{name.upper()}", str(field.default or "none"), field.description)
        for name, field in Settings.model_fields.items()
    ]
    assert [(plain(name), plain(default), meaning) for name, default, meaning in rows] == expected


def test_the_variables_of_the_command_line_are_those_that_it_reads() -> None:
    code = "".join(path.read_text() for path in (ROOT / "include/airmend/cli").rglob("*.py"))
    told = {plain(row[0]) for row in table_of(README, "local settings")}
    assert [name for name in told if f'"{name}"' not in code] == []
    read = set(re.findall(r'environ\.get\("(AIRMEND_[A-Z_]+)"', code))
    assert read - {f"AIRMEND_{name.upper()}" for name in Settings.model_fields} <= told


def test_the_users_of_the_local_airflow_are_those_that_it_has() -> None:
    assert {plain(user): role for user, role, _ in table_of(SETTINGS, "users")} == USERS


def test_the_sources_are_those_that_there_are() -> None:
    text = SETTINGS.read_text()
    assert [name for name in source_names() if f"| `{name}` |" not in text] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_make_target_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for command in commands_of(path):
        if found := re.match(r"(?:\$ )?make ([a-z]+)", command):
            assert found[1] in targets, command


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_airmend_command_exists(path: Path) -> None:
    for command in commands_of(path):
        if found := re.match(r"(?:\$ )?(?:\.venv/bin/)?airmend ([a-z]+)", command):
            assert found[1] in COMMANDS, command


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_airmend_variable_exists(path: Path) -> None:
    known = {f"AIRMEND_{name.upper()}" for name in Settings.model_fields}
    known |= {plain(row[0]) for row in table_of(README, "local settings")}
    for file in (ROOT / "tests").glob("**/*.py"):  # where tests find what is not in the checkout
        known |= set(re.findall(r'environ\.get\("(AIRMEND_[A-Z_]+)"', file.read_text()))
    for file in ROOT.glob("docker-compose*.yml"):  # names of its own, such as passwords
        known |= set(re.findall(r"\bAIRMEND_[A-Z_]+\b", file.read_text()))
    assert set(re.findall(r"\bAIRMEND_[A-Z_]+\b", path.read_text())) <= known


def test_every_alert_and_answer_of_the_documents_is_read() -> None:
    alerts, answers = 0, 0
    for block in [*blocks_of(README), *blocks_of(SETTINGS)]:
        if block.language != "json":
            continue
        document = json.loads(block.text)
        if "delivery" in document:
            assert Answer.model_validate(document).model_dump(mode="json") == document
            answers += 1
        else:
            assert find_source("generic").parse(document, {})
            alerts += 1
    assert (alerts, answers) == (1, 1)


def test_the_alert_of_the_readme_is_taken_by_a_shipped_runbook() -> None:
    (document,) = re.findall(r"<<'JSON'\n(.*?)\nJSON\n", README.read_text(), re.DOTALL)
    (alert,) = find_source("generic").parse(json.loads(document), {})
    versions = [loaded.version for loaded in load_catalog(ROOT / "runbooks").runbooks]
    match = match_runbooks(facts_of(alert), versions)
    assert match.runbook is not None
    assert match.runbook.runbook.id == "service-down"


def facts_of(alert: Alert) -> dict[str, Any]:
    """What a runbook sees of the incident that an alert opens."""
    document = alert.model_dump(mode="json") | {"inferred": []}
    return {name: "" if document[name] is None else document[name] for name in FACT_FIELDS}


def glossary() -> list[Any]:
    """Every row of the glossary."""
    path = ROOT / "docs/glossary.md"
    return [pytest.param(row, id=row[0]) for table in tables_of(path, "glossary") for row in table]


@pytest.mark.parametrize("row", glossary())
def test_every_word_of_the_glossary_is_in_the_code(row: list[str]) -> None:
    _word, meaning, place, avoided = row
    assert meaning
    assert avoided
    name = f"airmend.{plain(place)}"
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute)


def test_a_word_stands_in_the_glossary_once() -> None:
    words = [word for param in glossary() for word in param.values[0][0].split(", ")]
    assert len(words) == len(set(words))


def test_the_changelog_has_the_runbook_schema_under_its_own_heading() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert "\n## [Unreleased]\n" in text
    schema = text.split("\n## Runbook schema\n")[1]
    assert f"\n### {SCHEMA}\n" in schema


@pytest.mark.parametrize("path", ADRS, ids=name_of)
def test_every_decision_is_told_in_the_same_form(path: Path) -> None:
    text = path.read_text()
    assert text.startswith(f"# {int(path.name[:4])}. ")
    assert "\nStatus: " in text
    for heading in ("Context", "Decision", "Consequences", "Rejected"):
        assert f"\n## {heading}\n" in text


def test_the_picture_of_the_flow_stands_alone_and_tells_what_it_shows() -> None:
    path = ROOT / "docs/images/flow.svg"
    drawing = ET.parse(path)  # noqa: S314 - a file of ours
    tags = {element.tag.rpartition("}")[2] for element in drawing.iter()}
    assert {"title", "desc"} <= tags
    assert not tags & {"script", "image", "foreignObject"}
    text = path.read_text()
    assert "prefers-color-scheme: dark" in text
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]
    for task in model.TASK_IDS:
        assert f">{task}<" in text
