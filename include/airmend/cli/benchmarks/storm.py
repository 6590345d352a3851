"""A storm: 10,000 alerts of one estate at once, until every incident stands.

`airmend intake` takes them with the topology of the estate, groups them, and answers when they
are stored: with the last answer every incident stands. The floor takes the same bodies and
stores them in groups (`floors.py`).
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import yaml
from sqlalchemy import func, select

from airmend.cli.benchmarks.figures import Figure, Floor, Unit
from airmend.cli.benchmarks.floors import KEY
from airmend.cli.benchmarks.throughput import (
    GROUPS,
    ROUTE,
    intake_environment,
    send,
    serving,
    to_bytes,
)
from airmend.cli.estate_alerts import fingerprint_like_alertmanager, service_down
from airmend.cli.ports import find_free_port
from airmend.errors import StackError
from airmend.incident.proofs import sign_delivery
from airmend.records.database import Database
from airmend.records.tables import IncidentMemberRow, IncidentRow
from airmend.settings import Settings

NAME = "storm"
ALERTS, QUICK_ALERTS = 10_000, 1_000
ALERTS_EACH = 100
"""Of one delivery: Alertmanager groups what it sends."""
SERVICES, HOSTS, NAMES = 200, 40, ("LatencyHigh", "ErrorsHigh", "QueueGrows")
_BYTES = 1024 * 1024


def measure_storm(
    project: Path,
    home: Path,
    databases: Mapping[str, str],
    floor_database: str,
    *,
    alerts: int,
    say: Callable[[str], None],
    where: dict[str, str | int],
) -> list[Figure]:
    """Seconds until every incident of a storm stands, and the memory that it took.

    Args:
        project: The checkout.
        home: Folder for everything; made here.
        databases: Names the records where they are not a SQLite file below the home.
        floor_database: Where the floor stores: a file or an address of PostgreSQL.
        alerts: How many.
        say: Takes a line about what goes on.
        where: Conditions that the figures tell.

    Raises:
        StackError: An alert of the storm is not in the records.
    """
    say(f"a storm of {alerts:,} alerts")
    ours, floors = find_free_port(), find_free_port()
    environment = intake_environment(project, home, databases, ours)
    topology = home / "topology.yaml"
    topology.write_text(yaml.safe_dump(make_topology()), encoding="utf-8")
    environment["AIRMEND_TOPOLOGY_FILE"] = str(topology)
    log, requests = home / "servers.log", home / "requests"
    with (
        serving("airmend.intake_process", [], environment, ours, log) as intake,
        serving(
            "airmend.cli.benchmarks.floors", [str(floors), floor_database], os.environ, floors, log
        ),
    ):
        send(ours, make_storm(ROUTE, 10, "warm-up"), requests)
        before = peak_memory(intake)
        took = send(ours, make_storm(ROUTE, alerts, "storm"), requests)["seconds"]
        peak = peak_memory(intake)
        floor = send(floors, make_storm("/group", alerts, "storm"), requests)["seconds"]
    incidents = _count_incidents(environment, alerts)
    place = where | {"alerts": alerts}
    return [
        Figure(
            NAME,
            f"Until every incident stands ({incidents:,} of them)",
            [took],
            Floor(f"FastAPI, {GROUPS}", [floor]),
            None,
            place,
        ),
        Figure(
            NAME,
            "Most memory of the process",
            [peak],
            Floor("before the storm", [before]),
            None,
            place,
            Unit.MEBIBYTES,
        ),
    ]


def make_topology() -> dict[str, Any]:
    """Services that each depend on two of the next ones, with instances on shared hosts."""
    chance = random.Random(1)  # noqa: S311 - the same topology every time
    services: dict[str, dict[str, Any]] = {}
    items: dict[str, dict[str, Any]] = {f"host-{number}": {} for number in range(HOSTS)}
    for number in range(SERVICES):
        later = range(number + 1, min(number + 30, SERVICES))
        instances = [f"service-{number}-{each}" for each in range(3)]
        items |= {each: {"depends_on": [f"host-{chance.randrange(HOSTS)}"]} for each in instances}
        services[f"service-{number}"] = {
            "tier": 3,
            "owner": "nobody",
            "depends_on": [f"service-{each}" for each in chance.sample(later, min(2, len(later)))],
            "configuration_items": instances,
        }
    return {"services": services, "configuration_items": items}


def make_storm(path: str, count: int, name: str) -> list[bytes]:
    """Signed deliveries of Alertmanager, no two alerts of which have the same fingerprint."""
    chance, now = random.Random(2), datetime.now(UTC)  # noqa: S311 - the same storm every time
    deliveries = []
    for first in range(0, count, ALERTS_EACH):
        group = service_down("any", now)
        (shape,) = group["alerts"]
        group["alerts"] = [
            _make_alert(shape, f"{name}-{number}", chance)
            for number in range(first, min(count, first + ALERTS_EACH))
        ]
        body = json.dumps(group).encode()
        headers = sign_delivery(f"whsec_{KEY}", f"{name}-{first}", now, body)
        deliveries.append(to_bytes(path, headers, body))
    return deliveries


def _make_alert(shape: dict[str, Any], number: str, chance: random.Random) -> dict[str, Any]:
    service = f"service-{chance.randrange(SERVICES)}"
    labels = {
        "alertname": chance.choice(NAMES),
        "service": service,
        "pod": f"{service}-{chance.randrange(3)}",
        "severity": "warning",
        "operation": number,
    }
    return shape | {"labels": labels, "fingerprint": fingerprint_like_alertmanager(labels)}


def peak_memory(process: psutil.Process) -> float:
    """The most memory that a process has had, in MiB; what it has now where nobody counts that."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    except (OSError, StopIteration):
        return float(process.memory_info().rss) / _BYTES


def _count_incidents(environment: Mapping[str, str], alerts: int) -> int:
    """How many incidents the storm became, once it is sure that each alert belongs to one."""
    settings = Settings(
        home=Path(environment["AIRMEND_HOME"]),
        database_url=environment.get("AIRMEND_DATABASE_URL", ""),
    )
    database = Database(settings.records_url)
    try:
        with database.session() as session:
            members = session.scalar(select(func.count()).select_from(IncidentMemberRow)) or 0
            incidents = session.scalar(select(func.count()).select_from(IncidentRow)) or 0
    finally:
        database.close()
    if members < alerts:
        raise StackError(f"{members:,} of {alerts:,} alerts of the storm are in the records")
    return incidents
