"""ServiceNow's state machines: from what a record says to the next change of it.

Pure: a record and a wish in, columns to set out. Source of the states and of their order for
each type of change: "State model and transitions" of ServiceNow's Change Management; of the
incident's: "Incident states" of its Incident Management.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from airmend.change.model import ChangeType, RiskBand
from airmend.incident.model import Severity
from airmend.itsm.configuration import ServiceNow
from airmend.itsm.model import DesiredTicket, Stage, TicketKind
from airmend.itsm.notes import make_plain

NEW, ASSESS, AUTHORIZE, SCHEDULED, IMPLEMENT, REVIEW, CLOSED, CANCELED = (
    *("-5", "-4", "-3", "-2", "-1", "0"),
    *("3", "4"),
)
PATHS = {
    ChangeType.NORMAL: (NEW, ASSESS, AUTHORIZE, SCHEDULED, IMPLEMENT, REVIEW, CLOSED),
    ChangeType.STANDARD: (NEW, SCHEDULED, IMPLEMENT, REVIEW, CLOSED),
    ChangeType.EMERGENCY: (NEW, AUTHORIZE, SCHEDULED, IMPLEMENT, REVIEW, CLOSED),
}
"""Every state that a change of a type passes, in order."""

STATE_OF = {
    Stage.NEW: NEW,
    Stage.ASSESS: ASSESS,
    Stage.AUTHORIZE: AUTHORIZE,
    Stage.SCHEDULED: SCHEDULED,
    Stage.IMPLEMENT: IMPLEMENT,
    Stage.CLOSED: CLOSED,
    Stage.CANCELED: CANCELED,
}
CANCELLABLE = frozenset({NEW, ASSESS, AUTHORIZE, SCHEDULED, IMPLEMENT})

INCIDENT_NEW, IN_PROGRESS, RESOLVED = "1", "2", "6"
INCIDENT_OVER = frozenset({RESOLVED, "7", "8"})  # resolved, closed, canceled

RISKS = {RiskBand.HIGH: "2", RiskBand.MODERATE: "3", RiskBand.LOW: "4"}
IMPACTS = {4: "1", 3: "1", 2: "2", 1: "3"}
IMPACT_AND_URGENCY = {
    Severity.CRITICAL: ("1", "1"),
    Severity.ERROR: ("2", "1"),
    Severity.WARNING: ("2", "2"),
    Severity.INFO: ("3", "3"),
    Severity.UNKNOWN: ("2", "2"),
}

CLOSE_NOTES_LIMIT = 3_800

Record = Mapping[str, str]
Columns = dict[str, str]


def next_columns(
    desired: DesiredTicket, record: Record, words: ServiceNow, told_stage: Stage | None
) -> Columns | None:
    """The next change of a record on its way to what it should say; None when it is there.

    One state at a time, and never back: where people moved a record further, it stays there.

    Args:
        desired: What it should say.
        record: What it says: columns with their own values.
        words: Close codes of the instance.
        told_stage: The stage that it was brought to last; one that was resolved by us, and by
            nobody else, may be opened again.
    """
    if desired.kind is TicketKind.INCIDENT:
        return _next_of_incident(desired, record, words, told_stage)
    if record.get("state") in {CLOSED, CANCELED}:
        return None
    wanted = {"risk": _risk(desired), "impact": _impact(desired), "approval": desired.approval}
    different = {name: text for name, text in wanted.items() if text and record.get(name) != text}
    return {name: str(text) for name, text in different.items()} or _next_state(
        desired, record.get("state", ""), words
    )


def _next_state(desired: DesiredTicket, state: str, words: ServiceNow) -> Columns | None:
    path = PATHS[desired.change_type]
    if desired.stage is Stage.CANCELED and state in CANCELLABLE:
        return {"state": CANCELED, **_close(desired, words)}
    # what cannot be cancelled any more is closed, and a state of the instance's own is left there
    goal = CLOSED if desired.stage is Stage.CANCELED else STATE_OF[desired.stage]
    if state not in path:
        return {"state": CLOSED, **_close(desired, words)} if desired.stage.is_end else None
    reached = [each for each in path if int(each) <= int(goal)]
    place = path.index(state)
    if place + 1 >= len(reached):
        return None
    following = path[place + 1]
    columns = {"state": following}
    if following == IMPLEMENT and desired.started_at is not None:
        columns["work_start"] = write_time(desired.started_at)
    if following == REVIEW and desired.ended_at is not None:
        columns["work_end"] = write_time(desired.ended_at)
    return columns | (_close(desired, words) if following == CLOSED else {})


def _next_of_incident(
    desired: DesiredTicket, record: Record, words: ServiceNow, told_stage: Stage | None
) -> Columns | None:
    state = record.get("state", "")
    if desired.related and record.get("rfc") != desired.related and state not in {"7", "8"}:
        return {"rfc": desired.related}
    if desired.stage is Stage.RESOLVED:
        return None if state in INCIDENT_OVER else {"state": RESOLVED, **_close(desired, words)}
    if desired.stage is Stage.IN_PROGRESS:
        is_ours_to_open = state == RESOLVED and told_stage is Stage.RESOLVED
        return {"state": IN_PROGRESS} if state == INCIDENT_NEW or is_ours_to_open else None
    return None


def first_columns(desired: DesiredTicket) -> Columns:
    """The columns of a new record; its state is the system's own first one."""
    columns = {
        "short_description": make_plain(desired.title)[:160],
        "description": make_plain(desired.description),
        "correlation_id": desired.subject_id,
        "correlation_display": "Airmend",
    }
    if desired.kind is TicketKind.INCIDENT:
        impact, urgency = IMPACT_AND_URGENCY[desired.severity]
        return columns | {"impact": impact, "urgency": urgency}
    plans = desired.plans
    more = {
        "type": desired.change_type.value,
        "risk": _risk(desired),
        "impact": _impact(desired),
        "parent": desired.related,
        "implementation_plan": make_plain(plans.implementation),
        "backout_plan": make_plain(plans.backout),
        "test_plan": make_plain(plans.test),
    }
    return columns | {name: text for name, text in more.items() if text}


def write_time(at: datetime) -> str:
    """A moment as the Table API takes it: UTC, without a zone."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _close(desired: DesiredTicket, words: ServiceNow) -> Columns:
    """Close code and notes, which a data policy wants at the end."""
    return {
        "close_code": words.close_code(desired.outcome),
        "close_notes": make_plain(desired.close_notes)[:CLOSE_NOTES_LIMIT],
    }


def _risk(desired: DesiredTicket) -> str:
    return RISKS[desired.risk] if desired.risk else ""


def _impact(desired: DesiredTicket) -> str:
    return IMPACTS[desired.impact] if desired.impact else ""
