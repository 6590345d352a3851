"""Intake with the grouping of the topology, over the records."""

from __future__ import annotations

import pytest

from airmend.change.topology import Topology
from airmend.orchestration.correlating import build_grouping
from airmend.records.members import list_members
from tests.integration.incident.desk import Desk
from tests.unit.change.builders import make_service

TOPOLOGY = Topology(
    [
        make_service("shop", depends_on=("catalogue",), configuration_items=("web1",)),
        make_service("catalogue", configuration_items=("db1",)),
        make_service("mail", configuration_items=("mx1",)),
    ]
)


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """A desk that groups by a topology of two systems."""
    grouping = build_grouping(TOPOLOGY)
    desk.intake = desk.with_ports(grouping=lambda: grouping)
    return desk


def test_an_alert_joins_the_incident_of_what_it_depends_on_with_the_reason(desk: Desk) -> None:
    first = desk.alert(name="DiskSlow", service="catalogue", host="db1")
    second = desk.alert(name="PagesSlow", service="shop", host="web1")
    assert (second.outcome, second.incident) == ("joined", first.incident)
    with desk.database.session() as session:
        (members,) = list_members(session, [first.incident or ""]).values()
    assert members[1].evidence[0].startswith("web1 is 3 hops from db1, where DiskSlow fired")


def test_an_alert_of_another_system_at_the_same_time_is_an_incident_of_its_own(desk: Desk) -> None:
    first = desk.alert(name="DiskSlow", service="catalogue", host="db1")
    other = desk.alert(name="QueueGrows", service="mail", host="mx1")
    assert other.outcome == "unmatched"
    assert other.incident != first.incident


def test_what_a_runbook_takes_by_itself_is_not_joined(desk: Desk) -> None:
    desk.alert(name="PagesSlow", service="shop", host="web1")
    assert desk.alert().outcome == "started"


def test_a_topology_that_is_edited_counts_from_the_next_alert_on(desk: Desk) -> None:
    edited = Topology([make_service("shop"), make_service("catalogue"), make_service("mail")])
    current = [build_grouping(edited)]
    desk.intake = desk.with_ports(grouping=lambda: current[-1])
    first = desk.alert(name="DiskSlow", service="catalogue", host="db1")
    apart = desk.alert(name="PagesSlow", service="shop", host="web1")
    assert apart.outcome == "unmatched"
    current.append(build_grouping(TOPOLOGY))
    near = desk.alert(name="PagesGone", service="shop", host="web1")
    assert (near.outcome, near.incident) == ("joined", apart.incident)
    assert desk.alert(name="DiskGone", service="catalogue", host="db1").incident == first.incident
