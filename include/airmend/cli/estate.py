"""The demo estate: three web servers as local processes that really break.

Needs no root, no systemd and no containers: a host is a folder with a configuration, logs, a
control program and a process (`estate_service.py`) that outlives the one which started it.
Everything an Ansible inventory says of a real host is said of these, so the shipped runbooks
work on them unchanged. Called by the demo and by tests.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from airmend.cli.estate_control import find_process
from airmend.errors import ConfigurationError

SERVICE = "shop"
HOSTS = ("web-1", "web-2", "web-3")
STUBBORN_HOST = "web-3"
"""Its process may not have more open files than now: raising the limit fails there."""

OPEN_FILES = 128
HARD_OPEN_FILES = 4096
STUBBORN_HARD_OPEN_FILES = 512
NEARLY_EXHAUSTED = 0.85

OLD_LOG_FILES = 4
OLD_LOG_MEGABYTES = 8
OLDEST_LOG_DAYS = 30

_CONFIGURATION = f"""\
# The shop's own settings; `service_control reload shop` lets it read them again.
currency = EUR
language = en

# How many files and sockets the shop may have open at a time.
open_files = {OPEN_FILES}

greeting = Welcome
"""

_TOPOLOGY = {
    "services": {
        SERVICE: {
            "tier": 3,
            "owner": "web-team",
            "environment": "test",
            "configuration_items": list(HOSTS),
        },
        "checkout": {
            "tier": 3,
            "owner": "payments-team",
            "environment": "test",
            "depends_on": [SERVICE],
        },
        "newsletter": {
            "tier": 4,
            "owner": "marketing-team",
            "environment": "test",
            "depends_on": [SERVICE],
        },
    }
}


class Estate:
    """Three hosts below a folder; a second object on the same folder is the same estate.

    Args:
        folder: Everything that belongs to the estate is kept here.
        addresses: Address that each host's service listens on; the loopback address without.
    """

    def __init__(self, folder: Path, addresses: Mapping[str, str] | None = None) -> None:
        self.folder = folder.resolve()
        self.addresses = dict.fromkeys(HOSTS, "127.0.0.1") | dict(addresses or {})

    @property
    def inventory(self) -> Path:
        """The Ansible inventory, with the hosts in the group `web`; made by `start`."""
        return self.folder / "inventory.yaml"

    @property
    def topology(self) -> Path:
        """The topology file; made by `start`."""
        return self.folder / "topology.yaml"

    def host_folder(self, host: str) -> Path:
        """Where a host keeps its files."""
        return self.folder / host

    def log_folder(self, host: str) -> Path:
        """Where a host's service writes its logs."""
        return self.host_folder(host) / "log"

    def configuration(self, host: str) -> Path:
        """The configuration file of a host's service."""
        return self.host_folder(host) / "shop.conf"

    def url(self, host: str, path: str = "/healthz") -> str:
        """Where a host's service answers."""
        unit = self._unit(host)
        return f"http://{unit['address']}:{unit['port']}{path}"

    def host_variables(self, host: str) -> dict[str, str | int]:
        """What an inventory says of a host, but for how Ansible connects to it."""
        unit = self._unit(host)
        return {
            "ansible_host": unit["address"],
            "http_port": unit["port"],
            "service_root": str(self.host_folder(host)),
            "service_config": str(self.configuration(host)),
            "service_control": str(self.host_folder(host) / "service-control"),
            "log_dir": str(self.log_folder(host)),
            # The logs share the disk of whoever runs the demo, which may well be full.
            "minimum_free_percent": 0,
        }

    def start(self) -> None:
        """Make what is missing and start every service; safe to repeat.

        Raises:
            ConfigurationError: A service does not start.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._choose_ports()
        for host in HOSTS:
            self._furnish(host)
        hosts = {host: self.host_variables(host) for host in HOSTS}
        connection = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
        }
        inventory = {"all": {"children": {"web": {"hosts": hosts, "vars": connection}}}}
        self.inventory.write_text(yaml.safe_dump(inventory), encoding="utf-8")
        self.topology.write_text(yaml.safe_dump(_TOPOLOGY, sort_keys=False), encoding="utf-8")
        for host in HOSTS:
            self.control(host, "start")

    def stop(self) -> None:
        """Stop every service; safe to repeat, also when nothing was started."""
        for host in HOSTS:
            if (self.host_folder(host) / "service-control").exists():
                self.control(host, "stop")

    def control(self, host: str, action: str) -> None:
        """Have a host's control program do something.

        Raises:
            ConfigurationError: It did not work.
        """
        program = str(self.host_folder(host) / "service-control")
        done = subprocess.run(
            [program, action, SERVICE], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise ConfigurationError(
                f"{host}: '{action}' of the demo's service failed: {done.stderr.strip()}. "
                f"Remove the folder {self.folder} and start again"
            )

    def health(self, host: str) -> dict[str, Any] | None:
        """What a host's service says of itself; None when it does not answer."""
        try:
            answer = self._get(host, "/healthz")
        except urllib.error.HTTPError as error:
            answer = error.read()
        except OSError:
            return None
        health: dict[str, Any] = json.loads(answer)
        return health

    def break_service(self, host: str) -> None:
        """Kill a host's service as a crash would, and wait until it is gone."""
        pid = find_process(self.host_folder(host))
        if pid is None:
            return
        os.kill(pid, signal.SIGKILL)
        while find_process(self.host_folder(host)) is not None:
            time.sleep(0.01)  # the kernel is taking it down, nothing can stop that

    def fill_disk(
        self, hosts: Iterable[str], now: datetime, *, file_megabytes: int = OLD_LOG_MEGABYTES
    ) -> None:
        """Leave the rotated logs of four weeks on hosts.

        Args:
            hosts: Where.
            now: The files are between 9 and 30 days older than this.
            file_megabytes: Size of each of the four files.
        """
        for host in hosts:
            for number in range(1, OLD_LOG_FILES + 1):
                age = timedelta(days=OLDEST_LOG_DAYS - 7 * (OLD_LOG_FILES - number))
                day = now - age
                path = self.log_folder(host) / f"shop.log-{day:%Y%m%d}"
                path.write_bytes(_old_log(host, day) * file_megabytes)
                written = int(day.timestamp())  # whole seconds, as tar keeps them
                os.utime(path, (written, written))

    def exhaust_descriptors(self, host: str) -> None:
        """Open sessions on a host's service until it is close to its limit."""
        health = self.health(host)
        while health is not None and health["sessions"] < NEARLY_EXHAUSTED * health["open_files"]:
            self._get(host, "/session")
            health["sessions"] += 1

    def _get(self, host: str, path: str) -> bytes:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.url(host, path), timeout=5) as answer:
            content: bytes = answer.read()
        return content

    def _unit(self, host: str) -> dict[str, Any]:
        unit: dict[str, Any] = json.loads((self.host_folder(host) / "unit.json").read_bytes())
        return unit

    def _choose_ports(self) -> None:
        """Give every new host a port of its own; all are held until the last is chosen."""
        with ExitStack() as held:
            for host in HOSTS:
                path = self.host_folder(host) / "unit.json"
                if path.exists():
                    continue
                probe = held.enter_context(socket.socket())
                probe.bind((self.addresses[host], 0))
                path.parent.mkdir(exist_ok=True)
                unit = {
                    "service": SERVICE,
                    "host": host,
                    "address": self.addresses[host],
                    "port": probe.getsockname()[1],
                    "log_dir": str(self.log_folder(host)),
                    "hard_open_files": (
                        STUBBORN_HARD_OPEN_FILES if host == STUBBORN_HOST else HARD_OPEN_FILES
                    ),
                }
                path.write_text(json.dumps(unit, indent=2), encoding="utf-8")

    def _furnish(self, host: str) -> None:
        self.log_folder(host).mkdir(exist_ok=True)
        if not self.configuration(host).exists():
            self.configuration(host).write_text(_CONFIGURATION, encoding="utf-8")
        command = [
            sys.executable,
            "-I",
            "-S",
            str(Path(__file__).with_name("estate_control.py")),
        ]
        program = self.host_folder(host) / "service-control"
        program.write_text(
            f'#!/bin/sh\nexec {shlex.join([*command, str(self.host_folder(host))])} "$@"\n',
            encoding="utf-8",
        )
        program.chmod(0o755)


def _old_log(host: str, day: datetime) -> bytes:
    """About a megabyte of requests as the shop logs them."""
    lines = [
        f"{day + timedelta(milliseconds=37 * number):%Y-%m-%dT%H:%M:%S.%f} {host} "
        f'"GET /item/{number * 7919 % 5003} HTTP/1.1" 200 {number % 977}\n'
        for number in range(15_000)
    ]
    return "".join(lines).encode()
