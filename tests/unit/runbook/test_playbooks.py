"""What a playbook of a runbook must not do."""

from __future__ import annotations

import pytest

from airmend.errors import RunbookError
from airmend.runbook.playbooks import find_playbook_mistakes, is_ansible_content

_GOOD = """\
- name: Restart
  hosts: all
  tasks:
    - name: Restart it
      ansible.builtin.service: {name: "{{ service }}", state: restarted}
"""


def _find(text: str, *, playbook: bool = True, privileged: bool = False) -> list[RunbookError]:
    return list(
        find_playbook_mistakes(
            text.encode(), "p.yml", is_playbook=playbook, is_privileged=privileged
        )
    )


def test_a_good_playbook_has_no_mistakes() -> None:
    assert _find(_GOOD) == []


@pytest.mark.parametrize(
    ("text", "line", "fact"),
    [
        ("", 1, "it is not a list of plays"),
        ("hosts: all", 1, "it is not a list of plays"),
        ("[]", 1, "it is not a list of plays"),
        ("- hosts: all\n- text", 2, "it is not a play"),
        ("- name: a\n  hosts: web", 2, "the play works on the hosts 'web'"),
        ("- name: a\n  hosts: [all]", 2, "the play works on the hosts"),
        ("- name: a\n  hosts: localhost", 2, "'localhost'"),
        ("- name: a\n  tasks: []", 1, "the play names no hosts"),
        ("- import_playbook: other.yml", 1, "the play names no hosts"),
        ("- hosts: all\n  tasks: [", 2, "it is not YAML"),
        ("- hosts: all\n  hosts: web", 2, "there twice"),
    ],
)
def test_plays_work_on_all_hosts_of_the_change(text: str, line: int, fact: str) -> None:
    (mistake,) = _find(text)
    assert fact in mistake.fact
    assert mistake.line in (line, line + 1)


@pytest.mark.parametrize("value", ["false", "no", "off", "'false'", "0", '"{{ not x }}"', "~"])
def test_no_task_may_opt_out_of_check_mode(value: str) -> None:
    text = _GOOD + f"      check_mode: {value}\n"
    (mistake,) = _find(text)
    assert mistake.line == 6
    assert "could change something in the preflight" in mistake.fact


def test_a_block_deep_in_an_included_file_may_not_opt_out_either() -> None:
    text = "- block:\n    - rescue:\n        - name: x\n          check_mode: false\n"
    (mistake,) = _find(text, playbook=False)
    assert mistake.line == 4


@pytest.mark.parametrize("value", ["true", "yes", "on"])
def test_a_task_may_always_be_in_check_mode(value: str) -> None:
    assert _find(_GOOD + f"      check_mode: {value}\n") == []


def test_privilege_escalation_must_be_declared() -> None:
    text = _GOOD + "      become: true\n"
    (mistake,) = _find(text)
    assert mistake.line == 6
    assert "privileged: true" in mistake.remedy
    assert _find(text, privileged=True) == []
    assert _find(_GOOD + "      become: no\n") == []


def test_vault_and_unsafe_values_are_read_as_text() -> None:
    text = "- hosts: all\n  vars:\n    a: !vault |\n      $ANSIBLE_VAULT;1.1\n    b: !unsafe '{{'\n"
    assert _find(text) == []


@pytest.mark.parametrize(
    ("name", "is_content"),
    [
        ("playbooks/restart.yml", True),
        ("roles/x/tasks/main.yaml", True),
        ("runbook.yaml", False),
        ("cases/a.yaml", False),
        ("roles/x/files/a.yml", False),
        ("templates/a.yml", False),
        ("playbooks/readme.md", False),
    ],
)
def test_data_files_are_not_ansible_content(name: str, is_content: bool) -> None:
    assert is_ansible_content(name) is is_content
