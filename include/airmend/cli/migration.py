"""Databases ready before the local Airflow starts: Airflow's own, and Airmend's records.

Called by `stack`. Making Airflow's tables takes ten seconds, most of it imports, so a made
SQLite file is kept as a template by Airflow's version, and one that is up to date is left alone.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import make_url

from airmend.cli.processes import last_lines
from airmend.errors import StackError
from airmend.records.database import Database
from airmend.settings import Settings

TIMEOUT_SECONDS = 300


def migrate_records(environment: Mapping[str, str]) -> None:
    """Bring Airmend's records to this release.

    Raises:
        StoreUnavailableError: The database cannot be used.
    """
    settings = Settings(
        home=Path(environment["AIRMEND_HOME"]),
        database_url=environment.get("AIRMEND_DATABASE_URL", ""),
    )
    database = Database(settings.records_url)
    try:
        database.migrate()
    finally:
        database.close()


def migrate_airflow(environment: Mapping[str, str], *, cache: Path, log_file: Path) -> None:
    """Bring Airflow's metadata database to the installed version.

    Args:
        environment: Names the database, as `airflow_environment` makes it.
        cache: Folder for the template.
        log_file: Where Airflow's output goes.

    Raises:
        StackError: Airflow could not migrate; the message ends with what it said.
    """
    url = make_url(environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
    if not url.drivername.startswith("sqlite"):
        _run_migration(environment, log_file)
        return
    installed = version("apache-airflow-core")
    database = Path(str(url.database))
    migrated_to = database.with_name(f"{database.name}.version")
    template = cache / f"airflow-{installed}.db"
    if not database.exists():
        migrated_to.unlink(missing_ok=True)
        if template.exists():
            _copy(template, database)
            migrated_to.write_text(installed)
    if migrated_to.exists() and migrated_to.read_text() == installed:
        return
    is_new = not database.exists()
    database.parent.mkdir(parents=True, exist_ok=True)
    _run_migration(environment, log_file)
    migrated_to.write_text(installed)
    if is_new:
        _copy(database, template)


def _run_migration(environment: Mapping[str, str], log_file: Path) -> None:
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("wb") as log:
        try:
            code = subprocess.run(
                [sys.executable, "-m", "airflow", "db", "migrate"],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=TIMEOUT_SECONDS,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            code = None
    if code != 0:
        fact = f"gave up after {TIMEOUT_SECONDS} s" if code is None else f"ended with {code}"
        raise StackError(
            f"'airflow db migrate' {fact}; see {log_file}. Its last lines:\n"
            f"{last_lines(log_file, 15)}"
        )


def _copy(source: Path, target: Path) -> None:
    """Copy a SQLite database with its write-ahead log, in one step as others see it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(draft)) as write:
        read.backup(write)
    os.replace(draft, target)
