"""What a report may know besides the records of its own incident."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from airmend.change.model import ChangeStatus
from airmend.incident.model import KillSwitch
from airmend.records.model import Fact, FactKind
from airmend.records.past_incidents import PastIncident, PastIncidents
from airmend.records.sealed import SealState
from airmend.review.annexes import Recurrence
from airmend.review.context import ReportContext
from airmend.review.model import DoraEntity, DoraRules
from airmend.review.recurrence import measure_recurrence
from tests.builders import AT, make_incident
from tests.unit.review.scenarios import later


def make_past(
    number: int, days_ago: float, *, status: ChangeStatus | None = ChangeStatus.SUCCEEDED
) -> PastIncident:
    """An incident that was repaired within `number` minutes, or whose change ended otherwise."""
    opened_at = AT - timedelta(days=days_ago)
    return PastIncident(
        id=f"inc-past-{number}",
        started_at=opened_at - timedelta(seconds=10 * number),
        opened_at=opened_at,
        run_created_at=opened_at + timedelta(seconds=number),
        change_status=status,
        change_ended_at=opened_at + timedelta(minutes=number) if status else None,
    )


def recur(*past: PastIncident, is_cut: bool = False) -> Recurrence:
    """What these say of the builders' incident."""
    return measure_recurrence(
        "known error KE-0001", PastIncidents(list(past), is_cut), make_incident()
    )


def make_context(**override: Any) -> ReportContext:
    """Twelve earlier incidents, all records sealed, a drilled kill switch, and DORA applies."""
    fields: dict[str, Any] = {
        "recurrence": [recur(*[make_past(n, 2 * n) for n in range(12)])],
        "switches": [
            KillSwitch(is_on=False, by="olga", reason="drill over", at=AT - timedelta(days=29)),
            KillSwitch(is_on=True, by="olga", reason="drill", at=AT - timedelta(days=30)),
        ],
        "seal": SealState(15, 15, 1200, later(60)),
        "dora": DoraRules(
            applies=True,
            entity=DoraEntity(name="A Bank", lei="529900T8BM49AURSDO55", currency="EUR"),
        ),
    } | override
    return ReportContext(**fields)


def make_statement(kind: FactKind, at: datetime, text: str, number: int, **evidence: Any) -> Fact:
    """A fact that a person stated."""
    return Fact(
        id=number,
        at=at,
        incident_id="inc-0001",
        change_id=None,
        kind=kind,
        text=text,
        evidence=evidence,
    )


def classified(at: datetime, *, is_major: bool = True, aware_at: datetime | None = None) -> Fact:
    """Somebody classified the incident."""
    word = "major" if is_major else "not major"
    evidence: dict[str, Any] = {"major": is_major, "stated_at": at.isoformat()}
    if aware_at:
        evidence["aware_at"] = aware_at.isoformat()
    text = f"Classified as {word} by olga: clients cannot pay"
    return make_statement(FactKind.INCIDENT_CLASSIFIED, at, text, 101, **evidence)


def submitted(report: str, at: datetime, number: int = 102, **evidence: Any) -> Fact:
    """Somebody sent a report."""
    text = f"The {report} report was sent to the authority by olga"
    return make_statement(
        FactKind.AUTHORITY_INFORMED,
        at,
        text,
        number,
        report=report,
        stated_at=at.isoformat(),
        **evidence,
    )
