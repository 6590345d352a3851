"""Runbook folders on disk, for tests that need the files and not only the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.builders import runbook_document

MARKER_PLAYBOOK = """\
---
- name: Leave a mark
  hosts: all
  gather_facts: false
  tasks:
    - name: Write the mark
      ansible.builtin.copy:
        content: "repaired\\n"
        dest: "{{ mark }}"
        mode: "0644"
"""
"""Writes a file at the variable `mark`; idempotent, and honest in check mode."""

UNDO_PLAYBOOK = """\
---
- name: Take the mark away
  hosts: all
  gather_facts: false
  tasks:
    - name: Remove the mark
      ansible.builtin.file:
        path: "{{ mark }}"
        state: absent
"""


def write_runbook(
    runbooks_dir: Path, *, playbooks: dict[str, str] | None = None, **override: Any
) -> Path:
    """Write a runbook that has no mistakes, unless an override makes one; gives its folder."""
    document = runbook_document(**override)
    folder = runbooks_dir / str(document["id"])
    files = {
        "playbooks/restart.yml": MARKER_PLAYBOOK,
        "playbooks/rollback.yml": UNDO_PLAYBOOK,
    } | (playbooks or {})
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    plain = json.loads(json.dumps(document))  # no value twice, or YAML would write an alias
    (folder / "runbook.yaml").write_text(yaml.safe_dump(plain, sort_keys=False))
    return folder
