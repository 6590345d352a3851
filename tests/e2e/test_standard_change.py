"""A standard change of low risk: the service breaks, and is back without a person."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx

from airmend.change.model import ChangeStatus
from airmend.cli import estate_alerts
from airmend.execution.model import ExecutionStatus, Phase
from airmend.incident.model import IncidentStatus
from airmend.records.model import FactKind
from tests.e2e.house import House


def test_a_service_that_is_down_is_restarted_once_however_often_the_alert_comes(
    house: House,
) -> None:
    house.estate.break_service("web-1")
    assert house.estate.health("web-1") is None
    alert = estate_alerts.service_down("web-1", datetime.now(UTC))

    story = house.start(alert)
    runs = house.runs(story.dag_id)
    assert story.run_id in runs

    # the sender did not get the answer and sends the same delivery again
    again = house.deliver(alert)
    assert again.status_code == httpx.codes.ACCEPTED
    assert again.json()["repeated"] is True
    assert again.json()["incidents"][0]["change"] == story.change
    # the trouble goes on and the sender notifies again: another delivery, the same alert
    repeated = house.send(alert | {"groupKey": "a later notification"})
    assert (repeated["outcome"], repeated["incident"]) == ("repeated", story.incident)

    assert house.wait_until_ended(story) == "success", house.tell(story)
    health = house.estate.health("web-1")
    assert health is not None
    assert health["status"] == "ok"

    assert house.tasks(story) == {
        "guard": "success",
        "preflight": "success",
        "assess_risk": "success",
        "approval": "success",
        "restart_service": "success",
        "verify": "success",
        "rollback": "skipped",
        "report": "success",
    }
    assert house.steps(story) == [("restart_service", ExecutionStatus.SUCCEEDED)]
    assert len(house.executions(story, Phase.VERIFY)) == 1
    assert house.change(story).status is ChangeStatus.SUCCEEDED
    assert house.incident(story).status is IncidentStatus.REMEDIATED
    decision = house.decision(story)
    assert decision is not None
    assert decision.decided_by == "policy"
    assert decision.basis.startswith("standard change of low risk")

    report = house.report(story)
    assert report["outcome"] == "resolved"
    assert report["incident"]["alert_count"] == 2
    assert report["approval"]["decided_by"] == "policy"
    assert all(entry["citations"] for entry in report["timeline"])
    cited = {c["value"] for entry in report["timeline"] for c in entry["citations"]}
    assert story.run_id in cited
    assert house.change(story).runbook_digest in str(cited)

    # after the repair: Alertmanager may still tell the old state, and then that it is over
    late = house.send(alert | {"groupKey": "one more"})
    assert (late["outcome"], late["incident"]) == ("repeated", story.incident)
    over = house.send(estate_alerts.resolved(alert, datetime.now(UTC)))
    assert (over["outcome"], over["incident"]) == ("resolved", story.incident)
    assert len(house.facts(story, FactKind.ALERT_RESOLVED)) == 1
    assert house.runs(story.dag_id) == runs


def test_an_alert_that_is_over_starts_nothing(house: House) -> None:
    runs = house.runs("service-down")
    now = datetime.now(UTC)
    alert = estate_alerts.service_down("web-2", now)
    answer = house.send(estate_alerts.resolved(alert, now))
    assert (answer["outcome"], answer["change"]) == ("ignored", None)
    assert house.runs("service-down") == runs


def test_an_alert_that_no_runbook_takes_is_kept_with_every_reason(house: House) -> None:
    house.settle("lab-1")
    alert = house.lab.alert("lab-unknown", "lab-1")
    answer = house.send(alert, source="generic", signed=True)
    assert (answer["outcome"], answer["change"]) == ("unmatched", None)
    page = house.client.get(f"/airmend/incidents/{answer['incident']}")
    assert page.status_code == httpx.codes.OK
    for runbook in house.runbooks.iterdir():
        assert runbook.name in page.text
    over = house.send(alert | {"status": "resolved"}, source="generic", signed=True)
    assert (over["outcome"], over["status"]) == ("resolved", "recovered")
