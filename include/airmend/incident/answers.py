"""What a sender is told: per alert, which incident it belongs to and what was started."""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from airmend.change.model import ChangeRequest
from airmend.incident.model import Incident, IncidentStatus


class Outcome(StrEnum):
    """What one alert led to."""

    STARTED = "started"  # a new incident, and Airflow has the run
    PENDING = "pending"  # a new incident; the run is started as soon as Airflow takes it
    REPEATED = "repeated"  # belongs to a known incident; nothing is started
    RESOLVED = "resolved"  # the sender says that it is over
    UNMATCHED = "unmatched"  # a new incident that no runbook takes
    JOINED = "joined"  # belongs to an open incident of the same cause; nothing is started
    REOPENED = "reopened"  # fires again soon after its incident ended: that one is open again
    ESCALATED = "escalated"  # a person's: its alert flaps, or its runbook only observes
    SUPPRESSED = "suppressed"  # held back by a mute, a maintenance window or the kill switch
    TEST = "test"  # a test message; stored, and nothing else
    IGNORED = "ignored"  # stored, and there is nothing that it could belong to


class IncidentAnswer(BaseModel):
    """The answer to one alert; the fields but `outcome` are empty where there is no such thing."""

    model_config = ConfigDict(frozen=True)

    outcome: Outcome
    incident: str | None = None
    status: IncidentStatus | None = None
    runbook: str | None = None
    change: str | None = None
    run_url: str | None = None


class Answer(BaseModel):
    """The answer to one delivery, one entry an alert, in the order of the document."""

    model_config = ConfigDict(frozen=True)

    delivery: int
    repeated: bool = False
    incidents: list[IncidentAnswer]

    def with_started(self, started: set[str]) -> Answer:
        """The same answer, where the changes in `started` are no longer pending."""
        return self.model_copy(
            update={
                "incidents": [
                    entry.model_copy(update={"outcome": Outcome.STARTED})
                    if entry.outcome is Outcome.PENDING and entry.change in started
                    else entry
                    for entry in self.incidents
                ]
            }
        )


def answer_alert(
    outcome: Outcome, incident: Incident | None, change: ChangeRequest | None, base_url: str
) -> IncidentAnswer:
    """The answer to one alert.

    Args:
        outcome: What it led to.
        incident: Where it belongs, as it stands now.
        change: The latest change of that incident.
        base_url: Where people reach Airflow.
    """
    return IncidentAnswer(
        outcome=outcome,
        incident=incident.id if incident else None,
        status=incident.status if incident else None,
        runbook=change.runbook_id if change else None,
        change=change.id if change else None,
        run_url=link_run(base_url, change) if change else None,
    )


def link_run(base_url: str, change: ChangeRequest) -> str:
    """The address of a change's run in the Airflow UI."""
    dag_id, run_id = quote(change.dag_id, safe=""), quote(change.run_id, safe="")
    return f"{base_url.rstrip('/')}/dags/{dag_id}/runs/{run_id}"
