"""Which alerts of an incident were in earlier ones, and what that does to its causes."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from airmend.change.topology import Topology
from airmend.errors import ConfigurationError
from airmend.incident.model import IncidentStatus
from airmend.orchestration.correlating import CauseRanking
from airmend.records.database import Database
from airmend.records.earlier_incidents import earlier_fingerprints
from airmend.records.incidents import create_incident
from airmend.records.tables import IncidentMemberRow
from tests.builders import AT, make_incident, make_member
from tests.unit.incident.graphs import signal_at

WANTED = {"noise", "disk", "latency"}


def store(database: Database, number: int, opened_at: datetime, *fingerprints: str) -> None:
    """An incident that has ended, with these alerts."""
    incident = make_incident(
        id=f"INC-{number:04d}",
        fingerprint=fingerprints[0],
        opened_at=opened_at,
        status=IncidentStatus.CLOSED,
    )
    with database.session() as session:
        create_incident(session, incident)
        for fingerprint in fingerprints[1:]:
            member = make_member(incident, fingerprint=fingerprint, is_primary=False, is_open=False)
            session.add(IncidentMemberRow(**member.model_dump(mode="python")))


def found(database: Database, *, before: datetime = AT, limit: int = 40) -> list[set[str]]:
    with database.session() as session:
        past = earlier_fingerprints(session, WANTED, before=before, limit=limit)
    return [set(each) for each in past]


def test_the_alerts_that_were_there_before_are_found_the_oldest_incident_first(
    database: Database,
) -> None:
    store(database, 1, AT - timedelta(hours=1), "noise", "other")
    store(database, 2, AT - timedelta(hours=3), "disk", "noise", "latency")
    assert found(database) == [{"disk", "noise", "latency"}, {"noise"}]


def test_incidents_without_these_alerts_and_later_ones_are_left_out(database: Database) -> None:
    store(database, 1, AT - timedelta(hours=1), "other")
    store(database, 2, AT, "noise")
    store(database, 3, AT + timedelta(hours=1), "noise")
    assert found(database) == []


def test_only_the_latest_incidents_are_looked_at(database: Database) -> None:
    for number in range(6):
        store(database, number, AT - timedelta(hours=number + 1), "noise", f"own-{number}")
    store(database, 9, AT - timedelta(minutes=5), "disk")
    assert found(database, limit=3) == [{"noise"}, {"noise"}, {"disk"}]


def test_without_alerts_there_is_no_past(database: Database) -> None:
    with database.session() as session:
        assert earlier_fingerprints(session, [], before=AT) == []


def test_what_alerted_in_earlier_incidents_is_not_named_as_the_cause_again(
    database: Database,
) -> None:
    signals = [
        signal_at(0, "batch", name="QueueGrows", fingerprint="noise"),
        signal_at(5, "shop", name="DiskFull", fingerprint="disk"),
        signal_at(9, "mail", name="HighLatency", fingerprint="latency"),
    ]
    topology = Topology([])
    ranking = CauseRanking(database, lambda: topology)
    assert ranking(signals, AT)[0].item == "batch"
    for number in range(12):
        store(database, number, AT - timedelta(hours=number + 1), "noise", "latency")
    best = ranking(signals, AT)[0]
    assert best.item == "shop"
    assert best.evidence[0].endswith("seen in 0 of 12 comparable incidents before")
    assert ranking(signals, AT - timedelta(days=1))[0].item == "batch"
    assert ranking([], AT) == []


def test_causes_are_ranked_by_what_the_alerts_say_where_the_topology_cannot_be_used(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def read() -> Topology:
        raise ConfigurationError("topology.yaml:3: no tier")

    signals = [signal_at(0, "shop", name="DiskFull", fingerprint="disk")]
    assert [cause.item for cause in CauseRanking(database, read)(signals, AT)] == ["shop"]
    assert "topology.yaml:3: no tier" in caplog.text
