"""kill -9 at every step of intake, under load: nothing is lost and nothing is done twice."""

from __future__ import annotations

import hashlib
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from airmend.change.model import ChangeRequest
from airmend.incident.model import IncidentStatus
from airmend.records.database import Database
from airmend.records.model import FactKind
from airmend.records.tables import (
    AlertRow,
    ChangeRow,
    DeliveryRow,
    IncidentMemberRow,
    IncidentRow,
    LedgerRow,
)
from tests.integration.incident.crashing_server import KILLS, POINTS, Server, send_all
from tests.integration.incident.desk import Desk
from tests.unit.incident.documents import generic_alert

SENDERS = 8
GOING_ON, OVER = 100, 100
DELIVERIES = 2_000


def make_deliveries(seed: str) -> list[tuple[str, dict[str, Any]]]:
    """Five deliveries of each of 200 alerts, each sent twice, in any order.

    Half of the alerts go on. Of the others, one delivery says that it is over; it may come
    first, last or in between.
    """
    start = "2026-03-02T08:59:00Z"
    deliveries = []
    for number in range(GOING_ON + OVER):
        for turn in range(5):
            alert = generic_alert(host=f"web{number}", summary=f"{turn}", starts_at=start)
            if number >= GOING_ON and turn == 4:
                alert |= {"status": "resolved", "ends_at": "2026-03-02T08:59:30Z"}
            deliveries += [(f"msg-{number}-{turn}", alert)] * 2
    order = [hashlib.sha256(f"{seed} {number}".encode()).digest() for number in range(DELIVERIES)]
    return [
        delivery for _, delivery in sorted(zip(order, deliveries, strict=True), key=itemgetter(0))
    ]


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_loses_nothing_and_doubles_nothing(
    database: Database, database_url: str, tmp_path: Path, point: str
) -> None:
    deliveries = make_deliveries(point)
    with Server(database_url, tmp_path, point) as server:
        answers = send_all(server.port, deliveries, SENDERS)
    assert server.deaths >= KILLS

    def start_run(change: ChangeRequest) -> str:
        (tmp_path / "runs" / change.run_id).touch()
        return change.run_id

    desk = Desk(database)
    intake = desk.with_ports(start_run=start_run)
    intake.resume_starts()
    assert intake.resume_starts() == 0
    with database.session() as session:
        keys = {row.key: row.id for row in session.scalars(select(DeliveryRow))}
        alerts = session.scalar(select(func.count()).select_from(AlertRow))
        incidents = session.scalars(select(IncidentRow)).all()
        members = session.scalars(select(IncidentMemberRow)).all()
        changes = session.scalars(select(ChangeRow)).all()
        noted = session.scalar(
            select(func.count())
            .select_from(LedgerRow)
            .where(LedgerRow.kind == FactKind.RUN_CREATED.value)
        )
    # every delivery that was answered is stored, under the number that was answered
    assert keys == {
        f"id:{name}": answer["delivery"]
        for (name, _), answer in zip(deliveries, answers, strict=True)
    }
    assert alerts == len(keys) == DELIVERIES / 2
    # one incident an alert; none where the end came before every beginning
    hosts = [incident.host for incident in incidents]
    assert len(hosts) == len(set(hosts))
    assert {f"web{number}" for number in range(GOING_ON)} <= set(hosts)
    assert {incident.status for incident in incidents} == {IncidentStatus.REMEDIATING.value}
    firing = {member.host for member in members if member.is_firing}
    assert firing == {f"web{number}" for number in range(GOING_ON)}
    # one change an incident, and one run a change
    assert sorted(change.incident_id for change in changes) == sorted(i.id for i in incidents)
    runs = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert runs == sorted(f"airmend__{incident.id}" for incident in incidents)
    assert all(change.run_created_at is not None for change in changes)
    assert noted == len(changes)
