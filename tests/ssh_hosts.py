"""Three real hosts over SSH, on this machine: an sshd each, with keys of their own.

For every test that wants Ansible to travel as it does in real life: host keys are checked, a
host can refuse to answer, and each host has a folder that its playbooks may change.
"""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.programs import require_program

ADDRESSES = {"web-1": "127.0.0.11", "web-2": "127.0.0.12", "web-3": "127.0.0.13"}
_START_SECONDS = 10.0


@dataclass
class SshHosts:
    """The running hosts; every path is below one temporary folder.

    `inventory` holds them as the group `web`, each with the variable `home`: a folder that
    stands for the host's own disk.
    """

    folder: Path
    port: int
    sshd: str
    _servers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The inventory names, in order."""
        return list(ADDRESSES)

    @property
    def inventory(self) -> Path:
        """An Ansible inventory in INI form."""
        return self.folder / "hosts.ini"

    @property
    def known_hosts(self) -> Path:
        """The host keys that are believed."""
        return self.folder / "known_hosts"

    @property
    def user_key(self) -> Path:
        """The private key that all hosts let in."""
        return self.folder / "user_key"

    def home(self, name: str) -> Path:
        """The folder that stands for the disk of a host."""
        return self.folder / name / "home"

    def refuse(self, name: str) -> None:
        """Let a host refuse connections from now on; those that are open end as well."""
        server = self._servers.pop(name)
        sessions = psutil.Process(server.pid).children(recursive=True)
        server.terminate()
        server.wait(timeout=10)
        for session in sessions:
            with suppress(psutil.NoSuchProcess):
                session.kill()

    def accept(self, name: str) -> None:
        """Let a host answer (again)."""
        if name in self._servers:
            return
        with (self.folder / name / "log").open("ab") as log:
            self._servers[name] = subprocess.Popen(
                [self.sshd, "-D", "-e", "-f", str(self.folder / name / "sshd_config")],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self._await(name)

    def forget_host_key(self, name: str) -> None:
        """Take a host's key out of those that are believed, as for a host that was exchanged."""
        marker = f"[{ADDRESSES[name]}]:"
        lines = self.known_hosts.read_text().splitlines(keepends=True)
        self.known_hosts.write_text("".join(x for x in lines if not x.startswith(marker)))

    def stop(self) -> None:
        """End all servers with their connections."""
        for name in list(self._servers):
            self.refuse(name)

    def _await(self, name: str) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                with socket.create_connection((ADDRESSES[name], self.port), timeout=1):
                    return
            except OSError:
                if time.monotonic() > deadline or self._servers[name].poll() is not None:
                    log = (self.folder / name / "log").read_text()
                    raise RuntimeError(f"sshd of {name} did not start: {log}") from None
                time.sleep(0.02)  # until it listens


@contextmanager
def running_ssh_hosts(folder: Path) -> Iterator[SshHosts]:
    """Start three hosts with files below `folder`, and stop them afterwards.

    Skips the test (in CI: fails it) where there is no OpenSSH server.
    """
    sshd, keygen = require_program("sshd"), require_program("ssh-keygen")
    require_program("ssh")
    if os.geteuid() == 0:  # a root sshd needs its empty folder
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    hosts = SshHosts(folder=folder, port=_free_port(), sshd=sshd)
    folder.mkdir(parents=True, exist_ok=True)
    _make_key(keygen, hosts.user_key)
    believed = []
    for name, address in ADDRESSES.items():
        hosts.home(name).mkdir(parents=True)
        (folder / name / "tmp").mkdir()
        key = folder / name / "host_key"
        _make_key(keygen, key)
        (folder / name / "sshd_config").write_text(_sshd_config(hosts, name, key))
        believed.append(f"[{address}]:{hosts.port} {key.with_suffix('.pub').read_text().strip()}")
    hosts.known_hosts.write_text("\n".join(believed) + "\n")
    hosts.inventory.write_text(_inventory(hosts))
    try:
        for name in ADDRESSES:
            hosts.accept(name)
        yield hosts
    finally:
        hosts.stop()


def _free_port() -> int:
    """A port that nothing listens on at any of the addresses."""
    for _ in range(100):
        with socket.socket() as probe:
            probe.bind((next(iter(ADDRESSES.values())), 0))
            port = int(probe.getsockname()[1])
            try:
                for address in list(ADDRESSES.values())[1:]:
                    with socket.socket() as other:
                        other.bind((address, port))
            except OSError:
                continue
            return port
    raise RuntimeError("no port is free on the addresses of the SSH hosts")


def _make_key(keygen: str, path: Path) -> None:
    subprocess.run(
        [keygen, "-q", "-t", "ed25519", "-N", "", "-C", path.parent.name, "-f", str(path)],
        check=True,
        timeout=30,
    )


def _sshd_config(hosts: SshHosts, name: str, key: Path) -> str:
    lines = [
        f"ListenAddress {ADDRESSES[name]}:{hosts.port}",
        f"HostKey {key}",
        f"AuthorizedKeysFile {hosts.user_key.with_suffix('.pub')}",
        f"PidFile {hosts.folder / name / 'pid'}",
        "StrictModes no",  # the folders of a test are nobody's home
        "UsePAM no",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PermitRootLogin prohibit-password",
        "MaxStartups 100",
        "Subsystem sftp internal-sftp",
        # folders of its own: no start-up files of whoever runs the tests, nothing left in /tmp
        f"SetEnv HOME={hosts.home(name)} TMPDIR={hosts.folder / name / 'tmp'}",
    ]
    return "\n".join(lines) + "\n"


def _inventory(hosts: SshHosts) -> str:
    common = (
        f"-o UserKnownHostsFile={hosts.known_hosts} -o GlobalKnownHostsFile=/dev/null "
        "-o IdentitiesOnly=yes"
    )
    lines = ["[web]"]
    lines += [f"{name} ansible_host={a} home={hosts.home(name)}" for name, a in ADDRESSES.items()]
    lines += [
        "",
        "[web:vars]",
        f"ansible_port={hosts.port}",
        f"ansible_user={getpass.getuser()}",
        f"ansible_ssh_private_key_file={hosts.user_key}",
        f"ansible_ssh_common_args={common}",
        f"ansible_python_interpreter={sys.executable}",
    ]
    return "\n".join(lines) + "\n"
