"""Playbooks over real SSH: three hosts, host keys checked, one that stops answering."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airmend.errors import ExecutionCancelledError
from airmend.execution.ansible import PlaybookRequest, run_playbook
from airmend.execution.inventory import resolve_targets
from airmend.execution.model import ExecutionStatus
from tests.integration.execution.test_ansible import (
    GONE_WITHIN_SECONDS,
    processes_with,
    wait_until,
)
from tests.ssh_hosts import SshHosts

ROTATE = """
- hosts: web
  gather_facts: false
  tasks:
    - name: Write the service's settings
      ansible.builtin.copy:
        dest: "{{ home }}/service.conf"
        content: "port=8080\\npassword={{ secret }}\\n"
        mode: "0600"
"""


@pytest.fixture(autouse=True)
def _own_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No connection that an earlier test left open is used again."""
    # a socket's path may have some hundred characters; pytest's folders are longer
    sockets = Path(f"/tmp/airmend-cp-{os.getpid()}-{abs(hash(tmp_path)) % 10**6}")
    monkeypatch.setenv("ANSIBLE_SSH_CONTROL_PATH_DIR", str(sockets))
    yield
    if sockets.exists():
        for socket in sockets.iterdir():
            socket.unlink()
        sockets.rmdir()


@pytest.fixture
def request_for(ssh_hosts: SshHosts, project: Path) -> Any:
    """Makes a request for a playbook that runs on the SSH hosts."""

    def make(playbook: str, **fields: Any) -> PlaybookRequest:
        (project / "play.yml").write_text(playbook)
        values = {"hosts": ssh_hosts.names, "inventory": ssh_hosts.inventory, **fields}
        return PlaybookRequest(project_dir=project, playbook="play.yml", **values)

    return make


def test_a_change_over_ssh_from_check_mode_to_idempotence(
    request_for: Any, ssh_hosts: SshHosts
) -> None:
    variables = {"secret": "hunter2"}

    preview = run_playbook(request_for(ROTATE, variables=variables, check_mode=True))
    untouched = [(ssh_hosts.home(name) / "service.conf").exists() for name in ssh_hosts.names]
    first = run_playbook(request_for(ROTATE, variables=variables))
    second = run_playbook(request_for(ROTATE, variables=variables))

    assert untouched == [False, False, False]
    assert preview.changed_hosts == first.changed_hosts == ssh_hosts.names
    assert second.changed_hosts == []
    assert preview.diff.count("+port=8080") == first.diff.count("+port=8080") == 3
    assert "hunter2" not in preview.model_dump_json() + first.model_dump_json()
    for name in ssh_hosts.names:
        assert "hunter2" in (ssh_hosts.home(name) / "service.conf").read_text()


def test_a_host_that_refuses_fails_alone_and_is_named(
    request_for: Any, ssh_hosts: SshHosts
) -> None:
    ssh_hosts.refuse("web-2")
    try:
        evidence = run_playbook(request_for(ROTATE, variables={"secret": "x"}))
    finally:
        ssh_hosts.accept("web-2")

    assert evidence.status is ExecutionStatus.FAILED
    assert {totals.host: totals.unreachable for totals in evidence.hosts} == {
        "web-1": 0,
        "web-2": 1,
        "web-3": 0,
    }
    assert evidence.message.startswith("web-2: ")
    assert "refused" in evidence.message


def test_a_host_whose_key_is_not_known_is_not_believed(
    request_for: Any, ssh_hosts: SshHosts
) -> None:
    before = ssh_hosts.known_hosts.read_text()
    ssh_hosts.forget_host_key("web-3")
    try:
        evidence = run_playbook(
            request_for(ROTATE, hosts=["web-3"], variables={"secret": "x"}, timeout_seconds=60)
        )
    finally:
        ssh_hosts.known_hosts.write_text(before)

    assert evidence.status is ExecutionStatus.FAILED
    assert "Host key verification failed" in evidence.message


def test_cancelling_ends_the_command_on_the_target_too(
    request_for: Any, ssh_hosts: SshHosts
) -> None:
    marker = f"300.{os.getpid()}"
    playbook = (
        "- hosts: web\n  gather_facts: false\n  tasks:\n"
        f"    - ansible.builtin.command: sleep {marker}\n"
    )
    request, cancelled = request_for(playbook), threading.Event()
    errors: list[ExecutionCancelledError] = []

    def run() -> None:
        try:
            run_playbook(request, cancelled=cancelled)
        except ExecutionCancelledError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: len(processes_with(f"sleep {marker}")) == 3)
    cancelled.set()
    cancelled_at = time.monotonic()
    wait_until(lambda: not processes_with(marker) and not processes_with(str(request.project_dir)))

    assert time.monotonic() - cancelled_at < GONE_WITHIN_SECONDS
    thread.join()
    assert errors[0].evidence is not None
    assert errors[0].evidence.status is ExecutionStatus.CANCELLED


def test_the_hosts_are_targets_of_the_inventory(ssh_hosts: SshHosts, tmp_path: Path) -> None:
    targets = resolve_targets(ssh_hosts.inventory, "web", None, 3, cache_dir=tmp_path / "cache")

    assert [(target.name, target.address) for target in targets] == [
        ("web-1", "127.0.0.11"),
        ("web-2", "127.0.0.12"),
        ("web-3", "127.0.0.13"),
    ]
    assert targets[0].variables == {"home": str(ssh_hosts.home("web-1"))}
