"""Real hosts and playbooks for the tests of execution."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ssh_hosts import SshHosts, running_ssh_hosts

WritePlaybook = Callable[[str], Path]


@pytest.fixture(scope="module")
def ssh_hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshHosts]:
    """Three hosts over SSH, shared by the tests of a module."""
    with running_ssh_hosts(tmp_path_factory.mktemp("ssh") / "hosts") as hosts:
        yield hosts


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The unpacked folder of a runbook."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def local_inventory(tmp_path: Path) -> Path:
    """Two hosts that are this machine."""
    path = tmp_path / "hosts.ini"
    path.write_text(
        "[web]\nweb-1\nweb-2\n[web:vars]\nansible_connection=local\n"
        f"ansible_python_interpreter={sys.executable}\n"
    )
    return path
