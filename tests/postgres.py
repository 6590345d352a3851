"""A private PostgreSQL server for tests, from the machine's own packages."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.programs import postgres_places, require_program


@dataclass(frozen=True)
class PostgresServer:
    """A running server on the loopback address."""

    port: int

    def url(self, name: str) -> str:
        """The SQLAlchemy URL of one database."""
        return f"postgresql+psycopg://airmend@127.0.0.1:{self.port}/{name}"

    def create_database(self, name: str, template: str = "template1") -> str:
        """Make a database like another one, an empty one without; gives its URL."""
        address = f"postgresql://airmend@127.0.0.1:{self.port}/postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)


def free_port() -> int:
    """A TCP port that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_postgres(folder: Path) -> Iterator[PostgresServer]:
    """Start a server that keeps its files below a folder of its own, and stop it afterwards.

    PostgreSQL does not run as root: there it is started as the user `postgres`, in a folder
    which that user can reach.
    """
    initdb = require_program("initdb", postgres_places())
    control = require_program("pg_ctl", postgres_places())
    as_user: list[str] = []
    home = folder
    if os.geteuid() == 0:
        as_user = [require_program("runuser"), "-u", "postgres", "--"]
        home = Path(tempfile.mkdtemp(prefix="airmend-postgres-"))
        account = pwd.getpwnam("postgres")
        os.chown(home, account.pw_uid, account.pw_gid)
    data, port = home / "data", free_port()
    options = (
        f"-c listen_addresses=127.0.0.1 -p {port} -k {home} -c fsync=off -c max_connections=200"
    )

    def run(*command: str) -> None:
        subprocess.run(
            [*as_user, *command], check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=120
        )

    run(initdb, "-D", str(data), "-U", "airmend", "-A", "trust", "--no-sync")
    run(control, "-D", str(data), "-w", "-l", str(home / "log"), "-o", options, "start")
    try:
        yield PostgresServer(port)
    finally:
        run(control, "-D", str(data), "-m", "immediate", "stop")
        if home != folder:
            shutil.rmtree(home, ignore_errors=True)
