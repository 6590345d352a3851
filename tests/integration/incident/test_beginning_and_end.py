"""What a sender begins it also ends: one incident from firing to resolved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airmend.errors import PayloadError, UnknownSourceError
from airmend.incident.answers import Outcome
from airmend.incident.model import IncidentStatus
from airmend.incident.sources import use_senders
from tests.integration.incident.desk import Desk
from tests.unit.incident.mapping.checkmk import FILE, notification, payload
from tests.unit.incident.sample_files import sample


def _change(document: dict[str, Any], path: str, **values: Any) -> dict[str, Any]:
    """A sample with some values changed below a path."""
    place = document
    for part in path.split(".") if path else ():
        place = place[part]
    place.update(values)
    return document


def _alarm(**values: Any) -> dict[str, Any]:
    document = sample("sns", MessageId="another")
    return document | {"Message": json.dumps(json.loads(document["Message"]) | values)}


def _sentry_issue() -> dict[str, Any]:
    issue = {"id": "1170820242", "title": "TimeoutError", "status": "resolved"}
    return {"action": "resolved", "data": {"issue": issue}}


ENDS: dict[str, Any] = {
    "sns": _alarm(NewStateValue="OK", StateChangeTime="2026-03-02T09:30:00.000+0000"),
    "newrelic": sample("newrelic", state="CLOSED", closedAt=1772443000000),
    "sentry": _sentry_issue(),
    "azure": _change(
        sample("azure"),
        "data.essentials",
        monitorCondition="Resolved",
        resolvedDateTime="2026-03-02T09:30:00.3713213Z",
    ),
    "gcp": _change(sample("gcp"), "incident", state="closed", ended_at=1772443800),
    "jira": _change(
        sample("jira", webhookEvent="jira:issue_updated"),
        "issue.fields",
        status={"name": "Done", "statusCategory": {"key": "done"}},
        resolutiondate="2026-03-02T10:30:00.000+0100",
    ),
}


@pytest.mark.parametrize("source", ENDS)
def test_the_end_that_a_vendor_tells_closes_what_it_began(desk: Desk, source: str) -> None:
    (first,) = desk.send(sample(source), source=source).incidents
    assert first.outcome is Outcome.UNMATCHED
    (last,) = desk.send(ENDS[source], source=source).incidents
    assert last.outcome is Outcome.RESOLVED
    (incident,) = desk.incidents()
    assert incident.status is IncidentStatus.RECOVERED


def test_a_sender_of_ones_own_is_taken_in_like_any_other(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "checkmk.yaml").write_text(FILE)
    with pytest.raises(UnknownSourceError):
        desk.send(payload(), source="checkmk")
    try:
        assert use_senders(tmp_path) == []
        (first,) = desk.send(payload(), source="checkmk").incidents
        again = desk.send(payload(), source="checkmk")
        end = payload(notification(state="RECOVERY", until=1772443800), id="n-2")
        (last,) = desk.send(end, source="checkmk").incidents
        with pytest.raises(PayloadError, match="stands for no status"):
            desk.send(payload(notification(state="FLAPPING"), id="n-3"), source="checkmk")
    finally:
        use_senders(None)
    assert first.outcome is Outcome.UNMATCHED
    assert again.repeated
    assert last.outcome is Outcome.RESOLVED
    (incident,) = desk.incidents()
    assert (incident.source, incident.host) == ("checkmk", "web1")
    assert incident.status is IncidentStatus.RECOVERED
