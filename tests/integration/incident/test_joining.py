"""Alerts that join an incident, over the records: what is kept, what a restart knows."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from airmend.incident.model import IncidentStatus
from airmend.records.incidents import close_incident, set_incident_status
from airmend.records.members import list_members
from tests.integration.incident.desk import Desk
from tests.unit.incident.documents import generic_alert
from tests.unit.incident.world import by_service


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """A desk that groups by service."""
    desk.intake = desk.with_ports(grouping=by_service())
    return desk


def test_a_member_is_kept_with_its_evidence_and_ends_by_itself(desk: Desk) -> None:
    first = desk.alert()
    second = desk.alert(name="SlowPages")
    assert (second.outcome, second.incident) == ("joined", first.incident)
    desk.alert(name="SlowPages", status="resolved")
    with desk.database.session() as session:
        (members,) = list_members(session, [first.incident or ""]).values()
    assert [(member.name, member.is_firing) for member in members] == [
        ("ServiceDown", True),
        ("SlowPages", False),
    ]
    assert members[1].evidence == ["near shop", "no runbook takes it by itself"]
    assert members[1].resolved_at is not None
    assert desk.incident(first.incident).recovered_at is None
    desk.alert(status="resolved")
    assert desk.incident(first.incident).recovered_at is not None


def test_alerts_of_one_delivery_join_each_other(desk: Desk) -> None:
    answer = desk.send({"alerts": [generic_alert(name=f"Odd{n}") for n in range(20)]})
    assert [entry.outcome for entry in answer.incidents] == ["unmatched"] + ["joined"] * 19
    assert desk.incidents()[0].alert_count == 20


def test_another_process_and_a_restart_know_what_is_open(desk: Desk) -> None:
    first = desk.alert()
    other = Desk(desk.database)
    other.intake = other.with_ports(grouping=by_service())
    assert other.alert(name="SlowPages").incident == first.incident
    assert desk.alert(name="SlowerPages").incident == first.incident


def test_an_incident_that_was_closed_elsewhere_takes_nobody_in(desk: Desk) -> None:
    first = desk.alert(name="Odd")
    with desk.database.session() as session:
        close_incident(session, first.incident or "", by="olivia", reason="done", at=desk.clock())
    assert desk.alert(name="Odder").outcome == "unmatched"


def test_a_batch_that_was_undone_is_not_remembered(desk: Desk) -> None:
    attempts = []

    def match(facts: dict[str, Any], runbooks: Any) -> Any:
        attempts.append(facts["name"])
        if attempts == ["Odd", "Odder"]:
            raise IntegrityError("INSERT", {}, Exception("taken"))
        return good_match(facts, runbooks)

    good_match = desk.intake.match
    desk.intake = desk.with_ports(match=match)
    answer = desk.send({"alerts": [generic_alert(name="Odd"), generic_alert(name="Odder")]})
    assert [entry.outcome for entry in answer.incidents] == ["unmatched", "joined"]
    assert len(desk.incidents()) == 1
    assert desk.incidents()[0].status is IncidentStatus.UNMATCHED


def test_an_alert_that_goes_on_after_the_incident_it_had_joined_gets_one_of_its_own(
    desk: Desk,
) -> None:
    start = "2026-03-02T08:59:00Z"
    first = desk.alert(starts_at=start)
    desk.alert(name="SlowPages", starts_at=start)
    with desk.database.session() as session:
        remediated = IncidentStatus.REMEDIATED
        set_incident_status(session, first.incident or "", remediated, at=desk.clock())
    desk.clock.move(minutes=5)
    soon = desk.alert(name="SlowPages", starts_at=start, summary="not looked at yet")
    assert (soon.outcome, soon.incident) == ("repeated", first.incident)
    desk.clock.move(minutes=5)
    later = desk.alert(name="SlowPages", starts_at=start, summary="still slow")
    assert later.outcome == "unmatched"
    assert later.incident != first.incident
