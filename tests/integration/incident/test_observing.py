"""A runbook that only observes is named to the people whose the incident is, and starts nothing."""

from __future__ import annotations

from pathlib import Path

from airmend.change.trust import find_evidence
from airmend.incident.answers import Outcome
from airmend.incident.model import IncidentStatus
from airmend.orchestration.composition import PolicyLimits
from airmend.records.model import FactKind
from airmend.records.standard import add_step
from airmend.records.standard_model import Autonomy, AutonomyStep
from tests.builders import AT
from tests.integration.incident.desk import Desk


def test_its_matches_are_recorded_and_people_take_the_incident(desk: Desk, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("autonomy: {default: observe}")
    desk.intake = desk.with_ports(observers=PolicyLimits(policy).observers)
    answer = desk.alert(name="ServiceDown", fingerprint="a")
    assert (answer.outcome, answer.change) == (Outcome.ESCALATED, None)
    incident = desk.incident(answer.incident)
    assert incident.status is IncidentStatus.ESCALATED
    assert desk.airflow.runs == []
    told = {fact.kind: fact for fact in desk.story(answer.incident)}
    assert told[FactKind.RUNBOOK_MATCHED].text == (
        "the runbook service-down 1.0.0 would take it, and only observes"
    )
    assert "service-down 1.0.0 only observes" in told[FactKind.INCIDENT_ESCALATED].text
    # sent again it is the same incident, which is one match
    again = desk.alert(name="ServiceDown", fingerprint="a", summary="it is still down")
    assert again.outcome is Outcome.REPEATED
    assert desk.alert(name="ServiceDown", fingerprint="b", host="web2").incident != incident.id
    with desk.database.session() as session:
        assert find_evidence(session, desk.version.digest).matches == 2
        assert find_evidence(session, "0" * 64).matches == 0


def test_a_runbook_that_a_person_moved_up_starts_again(desk: Desk, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("autonomy: {default: observe}")
    desk.intake = desk.with_ports(observers=PolicyLimits(policy).observers)
    step = AutonomyStep(
        runbook_id="service-down",
        before=Autonomy.OBSERVE,
        level=Autonomy.PROPOSE,
        by="olivia",
        reason="seen enough",
        at=AT,
    )
    with desk.database.session() as session:
        add_step(session, step)
    assert desk.alert(name="ServiceDown").outcome is Outcome.STARTED
    policy.write_text("autonomy: {default: auto}")  # a mistake: alerts are taken in as before
    assert desk.alert(name="ServiceDown", fingerprint="b").outcome is Outcome.STARTED
