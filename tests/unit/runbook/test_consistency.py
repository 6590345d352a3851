"""What the parts of a runbook owe each other."""

from __future__ import annotations

from typing import Any

import pytest

from airmend.runbook.consistency import Inconsistency, find_inconsistencies, named_playbooks
from tests.builders import runbook_document


def _find(folder_name: str = "service-down", **override: Any) -> list[Inconsistency]:
    return list(find_inconsistencies(runbook_document(**override), folder_name))


def _step(**variables: Any) -> list[dict[str, Any]]:
    return [{"id": "a", "name": "A", "playbook": "a.yml", "vars": variables}]


def _check(url: str) -> list[dict[str, Any]]:
    return [{"kind": "http", "name": "It answers", "url": url}]


def test_a_good_runbook_has_no_mistakes() -> None:
    assert _find() == []


@pytest.mark.parametrize(
    ("override", "place", "fact", "remedy"),
    [
        ({"id": "other"}, ("id",), "the id is 'other', the folder is 'service-down'", "same name"),
        ({"match": ["true", "1 +"]}, ("match", 1), "not a CEL expression", "cel.dev"),
        ({"match": ["host == 'x'"]}, ("match", 0), "'host' is not defined", "incident.host"),
        (
            {"inputs": {"host": {"type": "host", "from": "incident.hots"}}, "verify": []},
            ("inputs", "host", "from"),
            "no field 'hots'",
            "Did you mean 'host'?",
        ),
        (
            {"steps": _step(service="x")},
            ("steps", 0, "vars", "service"),
            "the variable 'service' hides the input 'service'",
            "rename",
        ),
        (
            {"steps": _step(ansible_user="root")},
            ("steps", 0, "vars", "ansible_user"),
            "Ansible's or Airmend's own",
            "inventory",
        ),
        (
            {"rollback": {"playbook": "a.yml", "vars": {"hostvars": 1}}},
            ("rollback", "vars", "hostvars"),
            "Ansible's or Airmend's own",
            "Choose another name",
        ),
        (
            {"verify": _check("http://{host.ip}/")},
            ("verify", 0, "url"),
            "the placeholder {host.ip}",
            "{host.address}",
        ),
        (
            {"verify": _check("http://{inputs.servce}/")},
            ("verify", 0, "url"),
            "names the input 'servce'",
            "Did you mean 'service'?",
        ),
        (
            {"verify": _check("http://{host.name/")},
            ("verify", 0, "url"),
            "a brace that is not part of a placeholder",
            "Use {host.name}",
        ),
        (
            {"verify": _check("http://{vars.a.b}/")},
            ("verify", 0, "url"),
            "the placeholder {vars.a.b}",
            "Use {host.name}",
        ),
        (
            {"rollback": {"playbook": "a.yml", "verify": _check("http://{}/")}},
            ("rollback", "verify", 0, "url"),
            "the placeholder {}",
            "Use {host.name}",
        ),
    ],
)
def test_a_mistake_is_said_at_its_place(
    override: dict[str, Any], place: tuple[str | int, ...], fact: str, remedy: str
) -> None:
    (found,) = _find(**override)
    assert found.place == place
    assert fact in found.fact
    assert remedy in found.remedy


@pytest.mark.parametrize(
    ("spec", "place", "fact"),
    [
        ({"type": "name", "minimum": 1}, (), "is a name and has a minimum"),
        ({"type": "integer", "minimum": 2, "maximum": 1}, (), "a minimum above its maximum"),
        ({"type": "host", "default": "all"}, ("default",), "names a group of hosts"),
        ({"type": "integer", "maximum": 5, "default": 9}, ("default",), "at most 5"),
        ({"type": "name", "choices": ["ab", "a b"]}, ("choices", 1), "a name has letters"),
        ({"type": "host", "choices": ["WEB1"]}, ("choices", 0), "no value can ever be"),
        ({"type": "path", "choices": ["/var/"]}, ("choices", 0), "no value can ever be"),
        ({"type": "integer", "choices": [1, "2"]}, ("choices", 1), "no value can ever be"),
    ],
)
def test_an_input_that_contradicts_itself_is_a_mistake(
    spec: dict[str, Any], place: tuple[str, ...], fact: str
) -> None:
    inputs = runbook_document()["inputs"] | {"extra": spec | {"from": "incident.name"}}
    found = _find(inputs=inputs)
    assert ("inputs", "extra", *place) in [one.place for one in found]
    assert any(fact in one.fact for one in found)


def test_an_input_cannot_redirect_a_connection() -> None:
    spec = {"type": "host", "from": "incident.host"}
    (found,) = _find(inputs=runbook_document()["inputs"] | {"ansible_host": spec})
    assert found.place == ("inputs", "ansible_host")


@pytest.mark.parametrize(
    "override",
    [
        {"match": "true"},
        {"match": [1, None, {}]},
        {"inputs": ["host"]},
        {"inputs": {"host": "x"}, "verify": []},
        {"steps": {"a": 1}},
        {"steps": ["a", None, {"vars": []}]},
        {"rollback": "no"},
        {"verify": _check("x")},
        {"id": 5},
    ],
)
def test_a_part_of_the_wrong_form_is_left_to_others(override: dict[str, Any]) -> None:
    for found in _find(**override):
        assert found.place[:2] != ("steps", 0)
        assert "url" in str(found.place) or found.place[0] == "inputs"


def test_every_playbook_is_named_with_its_place() -> None:
    check = {"kind": "ansible", "name": "x", "playbook": "check.yml"}
    document = runbook_document(
        verify=[check], rollback={"playbook": "back.yml", "verify": [check]}
    )
    assert list(named_playbooks(document)) == [
        (("steps", 0, "playbook"), "playbooks/restart.yml"),
        (("verify", 0, "playbook"), "check.yml"),
        (("rollback", "playbook"), "back.yml"),
        (("rollback", "verify", 0, "playbook"), "check.yml"),
    ]
