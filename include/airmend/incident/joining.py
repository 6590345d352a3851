"""May an alert join the open incident that grouping proposes, instead of opening its own?

Called by `beginning.py`; pure. Two known errors of one service, each with a runbook of its
own, stay two incidents: what is known must be repaired, not waited for.
"""

from __future__ import annotations

from airmend.incident.model import OPEN_INCIDENT_STATUSES, Alert, IncidentStatus
from airmend.incident.neighbours import Grouping
from airmend.incident.ports import Match
from airmend.records.situation import Standing

JOINABLE = OPEN_INCIDENT_STATUSES - {IncidentStatus.SUPPRESSED}
"""What is held back takes nobody in: it would hide an alert that no rule holds back."""


def reason_to_join(
    alert: Alert, match: Match, standing: Standing, grouping: Grouping
) -> str | None:
    """Why an alert needs no incident of its own; None where it does.

    Args:
        alert: A firing alert of which no incident is open.
        match: What the runbooks say of it.
        standing: The open incident that it was grouped with.
        grouping: Knows which service depends on which.
    """
    if match.runbook is None:
        return "no runbook takes it by itself"
    runbook, change = match.runbook.runbook, standing.change
    if change is not None and change.runbook_id == runbook.id and change.inputs == match.inputs:
        return f"the same runbook {runbook.id} takes it, with the same inputs"
    cause, effect = standing.incident.service, alert.service
    if (
        standing.incident.status is IncidentStatus.REMEDIATING
        and cause is not None
        and effect is not None
        and grouping.is_upstream(cause, effect)
    ):
        return (
            f"{effect} depends on {cause}, which is being remediated, so its runbook "
            f"{runbook.id} is not started"
        )
    return None
