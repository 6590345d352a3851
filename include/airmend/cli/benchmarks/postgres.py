"""A PostgreSQL for the measurement: the one that is named, or a private one of this machine's.

A private one is started from the packages of the system, keeps its files in a folder of its
own and its defaults (among them that a commit is on disk), and is gone afterwards.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import URL, make_url

from airmend.cli.ports import find_free_port
from airmend.errors import ConfigurationError

URL_VARIABLE = "AIRMEND_BENCH_POSTGRESQL_URL"
USER = "airmend"
AIRFLOW_DATABASE, RECORDS_DATABASE = "airmend_bench_airflow", "airmend_bench_records"
MISSING = (
    f"there is no PostgreSQL to measure with: {URL_VARIABLE} is not set, and initdb is neither on "
    "PATH nor in /usr/lib/postgresql. Set it to the URL of a server, or install PostgreSQL"
)
_TIMEOUT_SECONDS = 120


@contextmanager
def bench_databases(environ: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Two empty databases; gives the variables that name them to Airflow and to Airmend.

    Raises:
        ConfigurationError: No server is named and this machine has none to start, or the one
            that is named cannot be used.
    """
    if named := environ.get(URL_VARIABLE):
        yield _create(make_url(named))
        return
    with _private_server() as url:
        yield _create(url)


def floor_address(databases: Mapping[str, str]) -> str:
    """Where the floors store, as the driver takes it: the database that Airflow would have."""
    address = make_url(databases["AIRMEND_AIRFLOW_DATABASE_URL"])
    return _text(address.set(drivername="postgresql"))


def is_available(environ: Mapping[str, str]) -> bool:
    """Whether a server is named, or one can be started here."""
    return bool(environ.get(URL_VARIABLE)) or find_server_programs() is not None


def find_server_programs() -> Path | None:
    """The folder with PostgreSQL's own programs, newest version first; None without one."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else []
    return next((place for place in [*places, *debian] if (place / "initdb").exists()), None)


def _version(place: Path) -> int:
    return int(place.parent.name) if place.parent.name.isdigit() else 0


@contextmanager
def _private_server() -> Iterator[URL]:
    programs = find_server_programs()
    if programs is None:
        raise ConfigurationError(f"{MISSING}, or measure with --database sqlite")
    home = Path(tempfile.mkdtemp(prefix="airmend-bench-"))
    as_user: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL does not run as root
        account = pwd.getpwnam("postgres")
        os.chown(home, account.pw_uid, account.pw_gid)
        as_user = ["runuser", "-u", "postgres", "--"]
    data, port = home / "data", find_free_port()

    def run(program: str, *arguments: str) -> None:
        command = [*as_user, str(programs / program), "-D", str(data), *arguments]
        done = subprocess.run(
            command,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise ConfigurationError(
                f"{program} of {programs} failed: {done.stderr.strip()[-500:]}. Set "
                f"{URL_VARIABLE} to the URL of a server that runs"
            )

    try:
        run("initdb", "-U", USER, "-A", "trust")
        options = f"-c listen_addresses=127.0.0.1 -p {port} -k {home}"
        run("pg_ctl", "-w", "-l", str(home / "log"), "-o", options, "start")
        try:
            yield URL.create("postgresql", USER, host="127.0.0.1", port=port, database="postgres")
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _create(server: URL) -> dict[str, str]:
    """Make both databases anew, and name them."""
    address = server.set(drivername="postgresql")
    try:
        with psycopg.connect(_text(address), autocommit=True) as connection:
            for name in (AIRFLOW_DATABASE, RECORDS_DATABASE):
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
                connection.execute(f'CREATE DATABASE "{name}"'.encode())
    except psycopg.Error as error:
        raise ConfigurationError(
            f"{address.host}: the databases cannot be made: {error}. Name a user in "
            f"{URL_VARIABLE} who may create databases"
        ) from error
    return {
        "AIRMEND_AIRFLOW_DATABASE_URL": _text(
            address.set(drivername="postgresql+psycopg2", database=AIRFLOW_DATABASE)
        ),
        "AIRMEND_DATABASE_URL": _text(
            address.set(drivername="postgresql+psycopg", database=RECORDS_DATABASE)
        ),
    }


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
