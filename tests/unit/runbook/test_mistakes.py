"""What an author reads when a runbook has a mistake of form."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from airmend.errors import RunbookError
from airmend.located_yaml import load_located
from airmend.runbook.mistakes import translate_errors
from airmend.runbook.model import Runbook
from tests.builders import runbook_document


def _find(text: str) -> list[RunbookError]:
    document, locate = load_located(text.encode(), "runbook.yaml")
    with pytest.raises(ValidationError) as caught:
        Runbook.model_validate(document)
    return translate_errors(caught.value, Runbook, document, "runbook.yaml", locate)


def _find_one(place: str, value: Any) -> tuple[RunbookError, str]:
    """The one mistake after a value was put at a place, and the text of its line."""
    document = runbook_document()
    *parents, last = place.split(".")
    node: Any = document
    for part in parents:
        node = node[int(part) if part.isdigit() else part]
    if value is ...:
        del node[last]
    else:
        node[int(last) if last.isdigit() else last] = value
    text = yaml.safe_dump(document, sort_keys=False)
    (mistake,) = _find(text)
    return mistake, text.split("\n")[(mistake.line or 0) - 1].strip()


@pytest.mark.parametrize(
    ("place", "value", "line", "fact", "remedy"),
    [
        (
            "titel",
            "x",
            "titel: x",
            "the key 'titel' is not known",
            "Did you mean 'title'?",
        ),
        (
            "steps.0.playbok",
            "x.yml",
            "playbok: x.yml",
            "the key 'playbok' is not known in 'steps[0]'",
            "Did you mean 'playbook'?",
        ),
        (
            "inputs.host.patern",
            "x",
            "patern: x",
            "the key 'patern' is not known in 'inputs.host'",
            "Did you mean 'pattern'?",
        ),
        (
            "verify.0.stat",
            200,
            "stat: 200",
            "the key 'stat' is not known in 'verify[0]'",
            "Did you mean 'status'?",
        ),
        (
            "report.zzz",
            1,
            "zzz: 1",
            "the key 'zzz' is not known in 'report'",
            "Remove it; there are: follow_ups, impact.",
        ),
        (
            "owner",
            ...,
            "schema: airmend/v1",
            "'owner' is missing",
            "Add 'owner:' (The team that answers for it).",
        ),
        (
            "steps.0.playbook",
            ...,
            "- id: restart",
            "'playbook' is missing in 'steps[0]'",
            "Add 'playbook:'.",
        ),
        ("title", 5, "title: 5", "'title' must be text, it is the number 5", "Put it in quotes."),
        ("version", 1.0, "version: 1.0", "'version' must be text", "Put it in quotes."),
        ("version", "1.0", "version: '1.0'", "'version' is '1.0'", "such as '1.0.0'"),
        ("id", "Shop_Down", "id: Shop_Down", "'id' is 'Shop_Down'", "joined by hyphens"),
        ("match", "true", "match: 'true'", "'match' must be a list", "Write a list here."),
        ("match", [], "match: []", "'match' is empty", "Fill it in."),
        ("title", "", "title: ''", "'title' is empty", "Fill it in."),
        ("title", "x" * 121, "title: x", "'title' is longer than 120 characters", "shorter"),
        ("steps.0", "restart", "- restart", "'steps[0]' must be a mapping", "mapping"),
        (
            "steps.0.playbook",
            "../other/x.yml",
            "playbook: ../other/x.yml",
            "'steps[0].playbook' is '../other/x.yml'",
            "inside the runbook's folder",
        ),
        (
            "steps.0.id",
            "verify",
            "- id: verify",
            "id 'verify' is a task of every remediation",
            "Choose another.",
        ),
        (
            "steps.0.retries",
            9,
            "retries: 9",
            "'steps[0].retries' is 9, it must be at most 5",
            "Change the number.",
        ),
        ("targets.max_hosts", "x", "max_hosts: x", "must be a whole number", "whole number"),
        (
            "targets.host_input",
            "server",
            "host_input: server",
            "targets.host_input 'server' is not an input of type 'host'",
            "Add it to 'inputs:'.",
        ),
        (
            "change.type",
            "emergency",
            "type: emergency",
            "type 'emergency' cannot be declared",
            "Use 'standard' or 'normal'.",
        ),
        ("change.type", "weekly", "type: weekly", "'change.type' is 'weekly'", "'standard'"),
        (
            "change.irreversible",
            "because",
            "irreversible: because",
            "it has a rollback and is 'irreversible'",
            "Remove one of the two.",
        ),
        ("schema", "airmend/v2", "schema: airmend/v2", "'schema' is 'airmend/v2'", "'airmend/v1'"),
        ("verify.0.kind", ..., "- name:", "'kind' is missing in 'verify[0]'", "kind: http"),
        ("verify.0.kind", "tcp", "- kind: tcp", "'verify[0]' has the kind 'tcp'", "'ansible'"),
        ("verify.0.status", "ok", "status: ok", "'verify[0].status' must be a whole", "number"),
        ("verify.0.url", "ftp://x", "url: ftp://x", "is 'ftp://x'", "Begin with 'http://'"),
        (
            "inputs.host.default",
            [1],
            "default:",
            "'inputs.host.default' must be text or a whole number or true or false",
            "Write text",
        ),
        ("inputs.host.pattern", "(", "pattern: (", "pattern is not a regular expression", ""),
        ("inputs.Host", {"type": "host", "from": "x"}, "Host:", "'inputs.Host' is 'Host'", "lower"),
        ("inputs.host.type", "text", "type: text", "'inputs.host.type' is 'text'", "'path'"),
    ],
)
def test_a_mistake_has_its_line_the_fact_and_a_remedy(
    place: str, value: Any, line: str, fact: str, remedy: str
) -> None:
    mistake, text = _find_one(place, value)
    assert text.startswith(line)
    assert fact in mistake.fact
    assert remedy in mistake.remedy
    assert mistake.remedy.endswith((".", "?"))
    assert not mistake.fact.endswith(".")


def test_two_steps_of_one_name_are_said_at_the_second() -> None:
    steps = [runbook_document()["steps"][0] | {"id": name} for name in ("restart", "b", "restart")]
    text = yaml.safe_dump(runbook_document(steps=steps), sort_keys=False)
    (mistake,) = _find(text)
    assert mistake.fact == "two steps have the id 'restart'"
    assert mistake.remedy == "Rename one."
    numbers = [n for n, line in enumerate(text.split("\n"), 1) if "id: restart" in line]
    assert mistake.line == numbers[1]


def test_a_rollback_that_is_missing_is_said() -> None:
    mistake, _ = _find_one("rollback", ...)
    assert mistake.fact == "there is no rollback"
    assert mistake.remedy == "Add 'rollback:' or say why in 'change.irreversible:'."


def test_all_mistakes_are_said_in_the_order_of_their_lines() -> None:
    document = runbook_document(owner=None, title=5, authors=[])
    document["steps"][0]["retries"] = "often"
    mistakes = _find(yaml.safe_dump(document, sort_keys=False))
    assert [mistake.fact.split(" ")[0] for mistake in mistakes] == [
        "'owner'",
        "'title'",
        "'authors'",
        "'steps[0].retries'",
    ]
