"""A lab beside the estate: small hosts, and runbooks that do what a test needs to see.

Every execution of a step leaves a line in a file of its host, so that a test counts what was
really done. A lab host is an inventory host of its own on one of the machines behind SSH, so
that tests need not wait for each other's targets.
"""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airmend.cli.standing_in import WORD_ALONE
from tests.runbook_folders import write_runbook
from tests.ssh_hosts import ADDRESSES, SshHosts

LAB_HOSTS = tuple(f"lab-{number}" for number in range(1, 13))

STEP_PLAYBOOK = """\
---
- name: Do one step
  hosts: all
  gather_facts: false
  tasks:
    - name: Wait for the gate
      ansible.builtin.wait_for:
        path: "{{ lab_folder }}/gate"
        timeout: 500
        sleep: 1
      when: gated | default(false)

    - name: Write the state
      ansible.builtin.copy:
        content: "{{ state }}\\n"
        dest: "{{ lab_folder }}/state"
        mode: "0644"

    - name: Leave a line
      ansible.builtin.shell: echo "{{ state }}" >> "{{ lab_folder }}/done"
      changed_when: true
"""
"""Check mode shows the state that would be written, and waits for nothing."""

CHECK_PLAYBOOK = """\
---
- name: Look at the state
  hosts: all
  gather_facts: false
  tasks:
    - name: Read the state
      ansible.builtin.slurp:
        src: "{{ lab_folder }}/state"
      register: found

    - name: Compare it
      ansible.builtin.assert:
        that: (found.content | b64decode | trim) == wanted
"""

UNDO_PLAYBOOK = """\
---
- name: Undo
  hosts: all
  gather_facts: false
  tasks:
    - name: Bring the state before back
      ansible.builtin.copy:
        content: "before\\n"
        dest: "{{ lab_folder }}/state"
        mode: "0644"
"""

FAILING_UNDO_PLAYBOOK = """\
---
- name: Undo
  hosts: all
  gather_facts: false
  tasks:
    - name: Give up
      ansible.builtin.fail:
        msg: the state before is lost
"""

PLAYBOOKS = {
    "playbooks/step.yml": STEP_PLAYBOOK,
    "playbooks/check.yml": CHECK_PLAYBOOK,
    "playbooks/undo.yml": UNDO_PLAYBOOK,
}

EXPIRES_SECONDS = 3


@dataclass(frozen=True)
class Lab:
    """The lab's hosts, each with a folder behind SSH."""

    hosts: SshHosts

    def machine(self, host: str) -> str:
        """The machine behind SSH on which a lab host lives."""
        return self.hosts.names[LAB_HOSTS.index(host) % len(ADDRESSES)]

    def folder(self, host: str) -> Path:
        """The disk of a lab host."""
        return self.hosts.home(self.machine(host)) / host

    def state(self, host: str) -> str:
        """What the last step or rollback wrote."""
        return (self.folder(host) / "state").read_text().strip()

    def done(self, host: str) -> list[str]:
        """A line for every execution of a step that came to its end."""
        path = self.folder(host) / "done"
        return path.read_text().split() if path.exists() else []

    def open_gate(self, host: str) -> None:
        """Let a gated step go on."""
        (self.folder(host) / "gate").touch()

    def reset(self, host: str) -> None:
        """The host as it was at first."""
        shutil.rmtree(self.folder(host), ignore_errors=True)
        self.folder(host).mkdir(parents=True)
        (self.folder(host) / "state").write_text("before\n")

    def inventory(self) -> dict[str, Any]:
        """The lab's part of the inventory: the group `lab`."""
        return {
            host: {
                "ansible_host": ADDRESSES[self.machine(host)],
                "lab_folder": str(self.folder(host)),
            }
            for host in LAB_HOSTS
        }

    def alert(self, name: str, host: str) -> dict[str, Any]:
        """A generic alert that the runbook with this id takes: of now, and like no other."""
        return {
            "fingerprint": secrets.token_hex(8),
            "name": alert_name(name),
            "status": "firing",
            "severity": "warning",
            "service": f"service-of-{host}",  # so that hosts have nothing to do with each other
            "host": host,
            "summary": f"{host} needs {name}.",
            "starts_at": datetime.now(UTC).isoformat(),
        }


def alert_name(runbook_id: str) -> str:
    """The name of the alert that a lab runbook takes: lab-slow takes LabSlow."""
    return "".join(word.capitalize() for word in runbook_id.split("-"))


def step(name: str, state: str, **override: Any) -> dict[str, Any]:
    """A step that writes a state and leaves a line."""
    variables = {"state": state} | override.pop("vars", {})
    return {
        "id": name,
        "name": f"Write {state}",
        "playbook": "playbooks/step.yml",
        "vars": variables,
    } | override


POLICY = {
    "standard": WORD_ALONE,
    "approval": {
        "groups": {"leads": ["admin", "olivia", "priya"]},
        "rules": [
            {"name": "two leads", "runbooks": ["lab-needs-two"], "count": 2, "from": ["leads"]}
        ],
    },
    "emergency": {"who": ["role:admin"], "reviewers": ["role:op"]},
    "guard_rails": {
        "runbook_starts_an_hour": 1000,
        "service_starts_an_hour": 1000,
        "fleet_starts_an_hour": 1000,
        "failures_in_a_row": 1000,
        "tier_share": 1,
        "unlisted_hosts_at_once": 1000,
    },
}
"""Two of three have to approve the changes of one runbook; one person those of all others.

The lab breaks the same hosts again and again, and fails on purpose, within one hour.
"""


def write_lab_runbook(
    folder: Path,
    runbook_id: str,
    *,
    playbooks: dict[str, str] | None = None,
    change: dict[str, Any] | None = None,
    **override: Any,
) -> Path:
    """Write a runbook for one lab host that needs a person; gives its folder."""
    check = {
        "kind": "ansible",
        "name": "The state is there",
        "playbook": "playbooks/check.yml",
    }
    document: dict[str, Any] = {
        "id": runbook_id,
        "title": f"Lab: {runbook_id}",
        "authors": ["robin"],
        "tags": ["lab"],
        "match": [f'incident.name == "{alert_name(runbook_id)}"'],
        "inputs": {"host": {"type": "host", "from": "incident.host"}},
        "targets": {"pattern": "lab", "host_input": "host", "max_hosts": 1},
        "change": {"type": "normal", "service": "lab", "timeout_seconds": 900} | (change or {}),
        "steps": [step("write_state", "repaired")],
        "verify": [check | {"vars": {"wanted": "repaired"}}],
        "rollback": {
            "playbook": "playbooks/undo.yml",
            "verify": [check | {"vars": {"wanted": "before"}}],
        },
    }
    return write_runbook(folder, playbooks=PLAYBOOKS | (playbooks or {}), **(document | override))


def write_lab(folder: Path) -> None:
    """Write every runbook of the lab."""
    write_lab_runbook(folder, "lab-repair")
    write_lab_runbook(folder, "lab-expires", change={"approval_timeout_seconds": EXPIRES_SECONDS})
    write_lab_runbook(folder, "lab-by-olivia", authors=["olivia"])
    write_lab_runbook(
        folder,
        "lab-slow",
        steps=[
            step("write_begin", "begun"),
            step("wait_and_write", "repaired", vars={"gated": True}, timeout_seconds=560),
        ],
    )
    write_lab_runbook(
        folder,
        "lab-hopeless",
        steps=[step("write_state", "worse")],
        playbooks={"playbooks/undo.yml": FAILING_UNDO_PLAYBOOK},
    )
    write_lab_runbook(folder, "lab-edited")
    write_lab_runbook(folder, "lab-needs-two")
    write_lab_runbook(folder, "lab-at-night", change={"service": "night-shop"})
