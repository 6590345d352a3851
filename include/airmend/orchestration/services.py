"""What the tasks and routes of one process share: settings, records, policy, topology.

Made once a process; a task's process is short, a server's is long.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from airmend.change.policy import Policy, load_policy
from airmend.change.topology import Topology, load_topology
from airmend.orchestration.watching import WatchedFile
from airmend.records.database import Database
from airmend.settings import Settings, get_settings


def utc_now() -> datetime:
    """The clock of the tasks."""
    return datetime.now(UTC)


def passed_second() -> datetime:
    """The end of the last second.

    The scheduler lets a run begin when `run_after` has passed by the clock of the database, and
    SQLite's counts whole seconds: a run for "now" would wait half a second on average.
    """
    return utc_now().replace(microsecond=0) - timedelta(microseconds=1)


@lru_cache(maxsize=1)
def open_records() -> Database:
    """The records, migrated by whoever started the installation.

    A process that is forked from this one begins without its connections.
    """
    database = Database(get_settings().records_url)
    os.register_at_fork(after_in_child=database.forget_connections)
    return database


def read_policy(settings: Settings) -> Policy:
    """The change policy as it stands now.

    Raises:
        ConfigurationError: The file is named and cannot be used: no policy, no change.
    """
    return load_policy(settings.policy_file)


def read_topology(settings: Settings) -> Topology | None:
    """The topology as it stands now; None where none is configured.

    Raises:
        ConfigurationError: The file is named and cannot be used.
    """
    return load_topology(settings.topology_file) if settings.topology_file else None


def watch_topology(settings: Settings) -> Callable[[], Topology | None]:
    """Gives the topology as it stands now, for a server: read again when the file has changed."""
    path = settings.topology_file
    return WatchedFile(path, load_topology) if path else lambda: None
