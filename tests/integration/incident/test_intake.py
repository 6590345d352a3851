"""From a delivery to an incident, a change and a run; and what starts nothing."""

from __future__ import annotations

from typing import Any

import pytest

from airmend.change.model import ChangeStatus, ChangeType
from airmend.errors import (
    IntakeError,
    MalformedBodyError,
    PayloadError,
    PayloadTooLargeError,
    SignatureError,
    UnknownSourceError,
)
from airmend.incident.batches import SAME_BODY_WINDOW
from airmend.incident.fields import MAX_ALERTS
from airmend.incident.intake import MAX_BODY_BYTES
from airmend.incident.model import IncidentStatus
from airmend.incident.proofs import SourceSecrets
from airmend.records.changes import change_of_incident, changes_without_run
from airmend.records.deliveries import list_alerts, rejection_counts
from airmend.records.incidents import set_incident_status
from airmend.records.model import FactKind
from tests.builders import AT
from tests.integration.incident.desk import PROOF, Desk, trust
from tests.unit.incident.documents import alertmanager_alert, alertmanager_group, generic_alert

START = "2026-03-02T08:59:00Z"
LATER = "2026-03-02T09:30:00Z"


def end(desk: Desk, incident_id: str | None, status: IncidentStatus) -> None:
    """Move an incident as the change does that was made for it."""
    assert incident_id is not None
    with desk.database.session() as session:
        set_incident_status(session, incident_id, status, at=desk.clock())


def kinds(desk: Desk, incident_id: str | None) -> list[FactKind]:
    """The story of an incident in short."""
    return [fact.kind for fact in desk.story(incident_id)]


def test_a_firing_alert_becomes_an_incident_a_change_and_a_run(desk: Desk) -> None:
    answer = desk.send(alertmanager_group(), source="alertmanager")
    assert answer.model_dump(mode="json") == {
        "delivery": 1,
        "repeated": False,
        "incidents": [
            {
                "incident": "INC-20260302-00000001",
                "status": "remediating",
                "outcome": "started",
                "runbook": "service-down",
                "change": "CHG-20260302-00000001",
                "run_url": "https://airflow.example/dags/service-down/runs/"
                "airmend__INC-20260302-00000001",
            }
        ],
    }
    assert desk.airflow.runs == ["airmend__INC-20260302-00000001"]


def test_the_change_is_bound_to_the_version_that_matched(desk: Desk) -> None:
    entry = desk.alert()
    with desk.database.session() as session:
        change = change_of_incident(session, entry.incident or "")
    assert change is not None
    assert change.runbook_digest == desk.version.digest
    assert (change.runbook_id, change.runbook_version) == ("service-down", "1.0.0")
    assert (change.change_type, change.status) == (ChangeType.STANDARD, ChangeStatus.REQUESTED)
    assert (change.dag_id, change.run_id) == ("service-down", f"airmend__{entry.incident}")
    assert (change.requested_by, change.requested_at) == ("source:generic", AT)
    assert change.inputs == {"host": "web1"}
    assert change.targets == []
    assert change.risk is None


def test_the_story_tells_what_happened_with_its_evidence(desk: Desk) -> None:
    entry = desk.alert()
    opened, matched, run = desk.story(entry.incident)
    assert (opened.kind, opened.evidence) == (FactKind.INCIDENT_OPENED, {"delivery": 1})
    assert "generic reports ServiceDown on web1" in opened.text
    assert matched.kind is FactKind.RUNBOOK_MATCHED
    assert matched.evidence == {"delivery": 1, "digest": desk.version.digest}
    assert run.kind is FactKind.RUN_CREATED
    assert run.evidence == {"dag_run": f"airmend__{entry.incident}", "url": entry.run_url}
    assert run.change_id == matched.change_id == entry.change


def test_a_delivery_sent_again_gets_the_same_answer_and_changes_nothing(desk: Desk) -> None:
    headers = {"webhook-id": "msg_1"}
    first = desk.send(generic_alert(), headers=headers)
    before = desk.counts()
    again = desk.send(generic_alert(), headers=headers)
    assert again == first.with_started({"CHG-20260302-00000001"}).model_copy(
        update={"repeated": True}
    )
    assert desk.counts() == before
    assert len(desk.airflow.runs) == 1


def test_the_same_id_from_another_source_is_another_delivery(desk: Desk) -> None:
    headers = {"webhook-id": "msg_1"}
    assert not desk.send(generic_alert(), headers=headers).repeated
    assert not desk.send(alertmanager_group(), source="alertmanager", headers=headers).repeated


def test_a_long_delivery_id_counts_in_its_whole_length(desk: Desk) -> None:
    for end_of_id in ("a", "b"):
        headers = {"webhook-id": "x" * 500 + end_of_id}
        assert not desk.send(generic_alert(), headers=headers).repeated
        assert desk.send(generic_alert(), headers=headers).repeated


def test_without_an_id_the_same_body_is_the_same_delivery_for_an_hour(desk: Desk) -> None:
    first = desk.send(generic_alert())
    end(desk, first.incidents[0].incident, IncidentStatus.REMEDIATED)
    desk.clock.move(seconds=SAME_BODY_WINDOW.total_seconds() - 1)
    assert desk.send(generic_alert()).repeated
    desk.clock.move(seconds=1)
    later = desk.send(generic_alert())
    assert not later.repeated
    assert later.incidents[0].outcome == "started"
    assert desk.send(generic_alert()).delivery == later.delivery
    assert len(desk.incidents()) == 2


def test_an_alert_sent_again_counts_and_starts_nothing(desk: Desk) -> None:
    first = desk.alert(starts_at=START)
    again = desk.alert(starts_at=START, summary="still down")
    assert (again.outcome, again.incident) == ("repeated", first.incident)
    assert (again.change, again.run_url) == (first.change, first.run_url)
    assert desk.incident(first.incident).alert_count == 2
    assert kinds(desk, first.incident)[-1] is FactKind.ALERT_REPEATED
    assert len(desk.airflow.runs) == 1


@pytest.mark.parametrize(
    "status", [IncidentStatus.REMEDIATED, IncidentStatus.RECOVERED, IncidentStatus.CLOSED]
)
def test_after_the_end_the_same_start_is_a_repeat_and_a_later_one_is_new(
    desk: Desk, status: IncidentStatus
) -> None:
    first = desk.alert(starts_at=START)
    end(desk, first.incident, status)
    again = desk.alert(starts_at=START, summary="Prometheus has not looked yet")
    assert (again.outcome, again.incident) == ("repeated", first.incident)
    assert desk.incident(first.incident).status is status
    desk.clock.move(hours=1)
    new = desk.alert(starts_at=LATER)
    assert new.outcome == "started"
    assert new.incident != first.incident
    assert len(desk.airflow.runs) == 2


def test_an_escalated_incident_takes_its_alerts_and_starts_nothing(desk: Desk) -> None:
    first = desk.alert(starts_at=START)
    end(desk, first.incident, IncidentStatus.ESCALATED)
    again = desk.alert(starts_at=LATER)
    assert (again.outcome, again.status) == ("repeated", IncidentStatus.ESCALATED)
    assert len(desk.airflow.runs) == 1


def test_a_resolved_alert_never_starts_a_change(desk: Desk) -> None:
    entry = desk.alert(status="resolved")
    assert entry.model_dump(exclude={"outcome"}, exclude_none=True) == {}
    assert entry.outcome == "ignored"
    assert desk.airflow.runs == []
    counts = desk.counts()
    assert (counts["alerts"], counts["incidents"], counts["changes"]) == (1, 0, 0)


def test_a_resolved_alert_leaves_the_end_to_the_change_under_way(desk: Desk) -> None:
    first = desk.alert()
    desk.clock.move(minutes=1)
    entry = desk.alert(status="resolved")
    assert (entry.outcome, entry.incident) == ("resolved", first.incident)
    incident = desk.incident(first.incident)
    assert incident.status is IncidentStatus.REMEDIATING
    assert incident.recovered_at == desk.clock()
    assert incident.closed_at is None
    assert kinds(desk, first.incident)[-1] is FactKind.ALERT_RESOLVED


def test_firing_again_takes_the_recovery_back(desk: Desk) -> None:
    first = desk.alert()
    desk.alert(status="resolved")
    desk.alert(summary="down again")
    assert desk.incident(first.incident).recovered_at is None


@pytest.mark.parametrize("status", [IncidentStatus.UNMATCHED, IncidentStatus.ESCALATED])
def test_a_resolved_alert_ends_an_incident_that_nobody_works_on(
    desk: Desk, status: IncidentStatus
) -> None:
    first = desk.alert(name="Unknown" if status is IncidentStatus.UNMATCHED else "ServiceDown")
    end(desk, first.incident, status)
    desk.clock.move(minutes=1)
    entry = desk.alert(
        name="Unknown" if status is IncidentStatus.UNMATCHED else "ServiceDown", status="resolved"
    )
    incident = desk.incident(first.incident)
    assert (entry.outcome, entry.status) == ("resolved", IncidentStatus.RECOVERED)
    assert incident.status is IncidentStatus.RECOVERED
    assert incident.recovered_at == incident.closed_at == desk.clock()
    assert kinds(desk, first.incident)[-2:] == [FactKind.ALERT_RESOLVED, FactKind.INCIDENT_ENDED]


def test_the_end_is_noted_once_also_after_the_repair(desk: Desk) -> None:
    first = desk.alert()
    end(desk, first.incident, IncidentStatus.REMEDIATED)
    assert desk.alert(status="resolved").outcome == "resolved"
    assert desk.alert(status="resolved", summary="once more").outcome == "repeated"
    assert desk.incident(first.incident).status is IncidentStatus.REMEDIATED
    assert kinds(desk, first.incident).count(FactKind.ALERT_RESOLVED) == 1


def test_an_end_told_during_a_change_that_failed_ends_the_incident_when_told_again(
    desk: Desk,
) -> None:
    first = desk.alert()
    desk.alert(status="resolved")
    end(desk, first.incident, IncidentStatus.ESCALATED)
    entry = desk.alert(status="resolved", summary="once more")
    assert (entry.outcome, entry.status) == ("resolved", IncidentStatus.RECOVERED)


def test_the_late_end_of_earlier_trouble_does_not_end_this_one(desk: Desk) -> None:
    first = desk.alert(starts_at=LATER)
    entry = desk.alert(status="resolved", starts_at=START, ends_at="2026-03-02T09:10:00Z")
    assert (entry.outcome, entry.incident) == ("ignored", first.incident)
    assert desk.incident(first.incident).recovered_at is None


def test_no_match_is_stored_with_the_reason_of_every_runbook(desk: Desk) -> None:
    entry = desk.alert(name="NobodyKnows")
    assert (entry.outcome, entry.status) == ("unmatched", IncidentStatus.UNMATCHED)
    assert (entry.runbook, entry.change, entry.run_url) == (None, None, None)
    (rejection,) = desk.incident(entry.incident).rejections
    assert rejection.runbook_id == "service-down"
    assert rejection.reason == "incident.name is not true"
    assert kinds(desk, entry.incident) == [FactKind.INCIDENT_OPENED, FactKind.NO_RUNBOOK]
    assert desk.airflow.runs == []


def test_many_alerts_of_one_fingerprint_in_one_delivery_are_one_incident(desk: Desk) -> None:
    answer = desk.send({"alerts": [generic_alert(summary=str(n)) for n in range(20)]})
    assert [entry.outcome for entry in answer.incidents] == ["started"] + ["repeated"] * 19
    (incident,) = desk.incidents()
    assert incident.alert_count == 20
    assert len(desk.airflow.runs) == 1


def test_the_answers_stand_in_the_order_of_the_alerts(desk: Desk) -> None:
    hosts = ["web3", "web1", "web2", "web1"]
    answer = desk.send({"alerts": [generic_alert(host=host) for host in hosts]})
    assert [desk.incident(entry.incident).host for entry in answer.incidents] == hosts


def test_firing_and_resolved_in_one_delivery_keep_their_order(desk: Desk) -> None:
    alerts = [generic_alert(), generic_alert(status="resolved")]
    answer = desk.send({"alerts": alerts})
    assert [entry.outcome for entry in answer.incidents] == ["started", "resolved"]


def test_every_alert_is_kept_with_its_incident(desk: Desk) -> None:
    first = desk.alert(summary="one")
    desk.alert(summary="two", status="resolved")
    with desk.database.session() as session:
        alerts = list_alerts(session, first.incident or "")
    assert [(alert.summary, alert.status) for alert in alerts] == [
        ("one", "firing"),
        ("two", "resolved"),
    ]


def test_a_group_without_alerts_is_stored_and_answered(desk: Desk) -> None:
    assert desk.send(alertmanager_group(alerts=[]), source="alertmanager").incidents == []
    assert desk.counts()["deliveries"] == 1


def test_odd_texts_are_stored_on_every_database(desk: Desk) -> None:
    labels = {
        "alertname": "Odd",
        "unit": "a\x00b",
        "half": "\ud800",
        "size": 10**400,
        "deep": [[1]],
    }
    entry = desk.send(
        alertmanager_group(alertmanager_alert(labels=labels, startsAt="0001-01-01T00:00:00Z")),
        source="alertmanager",
    ).incidents[0]
    assert desk.incident(entry.incident).labels["unit"] == "a\ufffdb"


def test_the_largest_batch_is_taken_in(desk: Desk) -> None:
    alerts = [generic_alert(host=f"web{number}", name="Storm") for number in range(MAX_ALERTS)]
    answer = desk.send({"alerts": alerts})
    assert len({entry.incident for entry in answer.incidents}) == MAX_ALERTS


class TestTheOutbox:
    """A change whose run could not be started yet."""

    def test_it_is_pending_until_airflow_takes_it(self, desk: Desk) -> None:
        desk.airflow.is_up = False
        entry = desk.alert()
        assert (entry.outcome, entry.status) == ("pending", IncidentStatus.REMEDIATING)
        assert desk.intake.resume_starts() == 0
        desk.airflow.is_up = True
        assert desk.intake.resume_starts() == 1
        assert desk.intake.resume_starts() == 0
        assert desk.airflow.runs == [f"airmend__{entry.incident}"]
        assert kinds(desk, entry.incident).count(FactKind.RUN_CREATED) == 1

    def test_a_repeated_delivery_tells_how_it_stands_now(self, desk: Desk) -> None:
        desk.airflow.is_up = False
        desk.alert()
        assert desk.alert().outcome == "pending"
        desk.airflow.is_up = True
        desk.intake.resume_starts()
        assert desk.alert().outcome == "started"

    def test_one_that_breaks_does_not_hold_up_the_others(self, desk: Desk) -> None:
        desk.airflow.is_up = False
        broken, good = desk.alert(host="web1"), desk.alert(host="web2")
        desk.airflow.is_up = True

        def start_run(change: Any) -> str:
            if change.id == broken.change:
                raise RuntimeError("nobody foresaw this")
            return desk.airflow.start_run(change)

        assert desk.with_ports(start_run=start_run).resume_starts() == 1
        assert desk.airflow.runs == [f"airmend__{good.incident}"]
        with desk.database.session() as session:
            assert [change.id for change in changes_without_run(session)] == [broken.change]

    def test_a_slow_airflow_does_not_hold_up_the_answer(self, desk: Desk) -> None:
        def start_run(change: Any) -> str:
            desk.clock.move(seconds=2)
            return desk.airflow.start_run(change)

        desk.intake = desk.with_ports(start_run=start_run)
        answer = desk.send({"alerts": [generic_alert(host=f"web{n}") for n in range(4)]})
        outcomes = sorted(entry.outcome for entry in answer.incidents)
        assert outcomes == ["pending", "pending", "started", "started"]
        assert desk.intake.resume_starts() == 2


REFUSALS: list[tuple[str, dict[str, str], bytes, type[IntakeError], tuple[str, str]]] = [
    ("nagios", PROOF, b"{}", UnknownSourceError, ("unknown", "unknown_source")),
    (
        "generic",
        PROOF,
        b" " * (MAX_BODY_BYTES + 1),
        PayloadTooLargeError,
        ("generic", "too_large"),
    ),
    ("generic", {}, b"not json", SignatureError, ("generic", "signature")),
    ("generic", PROOF, b"not json", MalformedBodyError, ("generic", "malformed_body")),
    ("generic", PROOF, b"{}", PayloadError, ("generic", "payload")),
]


@pytest.mark.parametrize(("source", "headers", "body", "error", "counted"), REFUSALS)
def test_a_refusal_leaves_nothing_but_its_count(
    desk: Desk,
    source: str,
    headers: dict[str, str],
    body: bytes,
    error: type[IntakeError],
    counted: tuple[str, str],
) -> None:
    for _ in range(2):
        with pytest.raises(error):
            desk.intake.receive(source, headers, body, trust)
    assert {name: count for name, count in desk.counts().items() if count} == {
        "rejection_counts": 1
    }
    with desk.database.session() as session:
        assert rejection_counts(session) == {counted: 2}


def test_names_that_outsiders_make_up_fill_no_table(desk: Desk) -> None:
    for number in range(20):
        with pytest.raises(UnknownSourceError):
            desk.intake.receive(f"made-up-{number}", PROOF, b"{}", trust)
    with desk.database.session() as session:
        assert rejection_counts(session) == {("unknown", "unknown_source"): 20}


def test_secrets_are_asked_for_only_when_the_source_exists(desk: Desk) -> None:
    asked: list[str] = []

    def secrets(source: str) -> SourceSecrets:
        asked.append(source)
        return trust(source)

    for source in ("nagios", "generic"):
        with pytest.raises(IntakeError):
            desk.intake.receive(source, PROOF, b"{}", secrets)
    assert asked == ["generic"]


def test_a_body_of_exactly_the_limit_is_read(desk: Desk) -> None:
    alert = b'{"name": "ServiceDown", "status": "firing"'
    body = alert + b" " * (MAX_BODY_BYTES - len(alert) - 1) + b"}"
    assert desk.send(body).incidents[0].outcome == "started"
