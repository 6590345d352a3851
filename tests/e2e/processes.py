"""Ansible's processes: on this machine, and on the machines behind SSH."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from tests.ssh_hosts import SshHosts


def find_playbooks(versions: Path) -> dict[psutil.Process, str]:
    """Running playbooks of the runbook versions below a folder, each with its command line."""
    return {
        process: words
        for process, words in _commands(psutil.process_iter())
        if "ansible-playbook" in words and str(versions) in words
    }


def find_modules(hosts: SshHosts, machine: str) -> dict[psutil.Process, str]:
    """What Ansible runs on a machine behind SSH, below its sshd, each with its command line."""
    configuration = str(hosts.folder / machine / "sshd_config")
    return {
        process: words
        for server, title in _commands(psutil.process_iter())
        if configuration in title
        for process, words in _commands(_children(server))
        if "AnsiballZ" in words
    }


def runs(process: psutil.Process) -> bool:
    """Whether a process has not ended; a zombie has."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _commands(processes: Iterable[psutil.Process]) -> Iterator[tuple[psutil.Process, str]]:
    for process in processes:
        try:
            if runs(process):
                yield process, " ".join(process.cmdline())
        except psutil.Error:
            continue  # it has just ended


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []
