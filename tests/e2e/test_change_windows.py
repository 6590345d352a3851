"""A change outside of its binding window: approved at once, and carried out when that opens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from airmend.change.model import ChangeStatus
from airmend.execution.model import ExecutionStatus, Phase
from airmend.records.model import FactKind
from tests.e2e.house import House
from tests.e2e.lab import POLICY


def test_an_approved_change_waits_for_its_window_and_goes_on_when_that_opens(house: House) -> None:
    house.lab.reset("lab-12")
    policy = house.runbooks.parent / "policy.yaml"
    try:
        bind(policy, datetime.now(UTC) + timedelta(days=1))
        story = house.start_in_lab("lab-at-night", "lab-12")
        body = house.question(story)["body"]
        assert "Once approved it waits, since its window 'night' is closed" in body
        house.respond(story, "priya", "Approve")
        house.wait_for(
            lambda: house.tasks(story)["approval"] == "up_for_reschedule", story, "it waits"
        )
        (told,) = house.facts(story, FactKind.CALENDAR_WAITED)
        assert "its window 'night' is closed; the next free slot begins at" in told
        assert house.steps(story) == []
        assert house.decision(story) is None
        assert house.change(story).status is ChangeStatus.AWAITING_APPROVAL

        opened_at = datetime.now(UTC)
        bind(policy, opened_at - timedelta(minutes=1))
        assert house.wait_until_ended(story) == "success", house.tell(story)
    finally:
        policy.write_text(yaml.safe_dump(POLICY))
    (step,) = house.executions(story, Phase.STEP)
    assert step.status is ExecutionStatus.SUCCEEDED
    assert house.lab.done("lab-12") == ["repaired"]
    decision = house.decision(story)
    assert decision is not None
    assert decision.decided_by == "priya"
    assert decision.votes[0].at < opened_at < step.started_at


def bind(policy: Path, opens_at: datetime) -> None:
    """A window of two hours, the only one in which the changes of one runbook begin."""
    window = {
        "name": "night",
        "rrule": "FREQ=YEARLY",
        "start": f"{opens_at:%Y-%m-%dT%H:%M:%S}",
        "minutes": 120,
        "services": ["night-shop"],
        "binding": True,
    }
    policy.write_text(yaml.safe_dump(POLICY | {"calendar": {"windows": [window]}}))
