"""Whether an incident of the demo came out as it should: expected beside seen, one line each.

Nothing is taken from what the demo did itself: the records, Airflow's run, the estate and the
report files are looked at again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from airmend.change.model import ChangeStatus, Verdict
from airmend.change.policy import POLICY
from airmend.incident.model import IncidentStatus
from airmend.review.document import PostIncidentReport
from airmend.review.model import ReportFacts

FORMS = ("JSON", "MD", "HTML")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    expected: str
    seen: str
    ok: bool


def expect(what: str, expected: str, seen: str) -> Finding:
    """A finding that is right when both texts are the same."""
    return Finding(what, expected, seen, expected == seen)


def was_rejected(facts: ReportFacts) -> bool:
    """Whether a person said no to the change: then nothing may have been done."""
    return facts.decision is not None and facts.decision.verdict is Verdict.REJECTED


def judge_records(
    facts: ReportFacts, run_state: str, *, ends_as: ChangeStatus, by_policy: bool
) -> list[Finding]:
    """The change, its run, its incident and who decided.

    Args:
        facts: What is on record.
        run_state: Airflow's word for the run.
        ends_as: How the change should end unless a person said no.
        by_policy: Whether policy should have approved it.
    """
    wanted = ChangeStatus.REJECTED if was_rejected(facts) and not by_policy else ends_as
    resolved = wanted is ChangeStatus.SUCCEEDED
    incident = IncidentStatus.REMEDIATED if resolved else IncidentStatus.ESCALATED
    change = facts.change
    return [
        expect("change", wanted.value, change.status.value if change else "none"),
        expect("Airflow's run", "success" if resolved else "failed", run_state),
        expect("incident", incident.value, facts.incident.status.value),
        _judge_decision(facts, by_policy),
    ]


def _judge_decision(facts: ReportFacts, by_policy: bool) -> Finding:
    """Policy, or a person who is not the one that asked for the change."""
    expected = "by policy" if by_policy else "by another person"
    decision, change = facts.decision, facts.change
    if decision is None or change is None:
        return Finding("decision", expected, "nobody decided", ok=False)
    is_policy = decision.decided_by == POLICY
    ok = is_policy == by_policy and decision.decided_by != change.requested_by
    return Finding("decision", expected, f"{decision.verdict} by {decision.decided_by}", ok)


def judge_report(folder: Path, incident_id: str) -> Finding:
    """The three files of an incident's report: there, whole, and about this incident."""
    readable = [
        form
        for form, check in zip(FORMS, (_is_json, _is_markdown, _is_html), strict=True)
        if check(folder, incident_id)
    ]
    return expect("report", ", ".join(FORMS), ", ".join(readable) or "none")


def report_file(folder: Path, incident_id: str, ending: str) -> Path:
    """Where the report of an incident is saved."""
    return folder / f"{incident_id}.{ending}"


def _is_json(folder: Path, incident_id: str) -> bool:
    try:
        document = json.loads(report_file(folder, incident_id, "json").read_bytes())
        return PostIncidentReport.model_validate(document).incident.id == incident_id
    except (OSError, ValueError):  # pydantic's and json's errors are ValueErrors
        return False


def _is_markdown(folder: Path, incident_id: str) -> bool:
    text = _read(report_file(folder, incident_id, "md"))
    return text.startswith("# ") and incident_id in text


def _is_html(folder: Path, incident_id: str) -> bool:
    text = _read(report_file(folder, incident_id, "html"))
    whole = text.lstrip().lower().startswith("<!doctype html") and "</html>" in text
    return whole and "<svg" in text and incident_id in text


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
