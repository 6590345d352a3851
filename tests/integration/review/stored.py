"""Puts a whole story into the records, as the rooms that write it would."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from airmend.change.model import ChangeRequest
from airmend.execution.model import Execution
from airmend.records.changes import create_change, record_decision
from airmend.records.incidents import create_incident
from airmend.records.ledger import append_fact
from airmend.records.reports import store_report
from airmend.records.runbooks import save_version
from airmend.records.tables import ExecutionRow
from airmend.review.document import PostIncidentReport
from airmend.review.facts import gather_facts
from airmend.review.model import ReportFacts
from airmend.review.report import build_report
from tests.unit.review.scenarios import BASE_URL, later


def store_facts(session: Session, facts: ReportFacts) -> None:
    """Write all records of a story."""
    create_incident(session, facts.incident)
    if facts.runbook:
        save_version(session, facts.runbook, b"", at=later(0))
    if facts.change:
        create_change(session, facts.change)
    if facts.decision:
        record_decision(session, facts.decision)
    session.add_all([_to_row(execution) for execution in facts.executions])
    for fact in facts.story:
        append_fact(
            session,
            fact.kind,
            fact.text,
            at=fact.at,
            incident_id=fact.incident_id,
            change_id=fact.change_id,
            **fact.evidence,
        )
    session.flush()


def store_with_report(session: Session, facts: ReportFacts, made_at: datetime) -> None:
    """The same with the report of the change, made from what was just written."""
    store_facts(session, facts)
    change = facts.change
    assert isinstance(change, ChangeRequest)
    report = make_stored_report(session, change.id, made_at)
    store_report(session, report.document(), change.id, facts.incident.id, made_at)


def make_stored_report(session: Session, change_id: str, made_at: datetime) -> PostIncidentReport:
    """A report from the records."""
    return build_report(gather_facts(session, change_id), made_at=made_at, base_url=BASE_URL)


def rename(facts: ReportFacts, number: int) -> ReportFacts:
    """The same story as another incident, so that several can stand beside each other."""
    incident_id, change_id = f"inc-{number:04d}", f"chg-{number:04d}"
    update = {"id": incident_id, "fingerprint": f"fingerprint-{number}"}
    change = facts.change
    return ReportFacts(
        incident=facts.incident.model_copy(update=update),
        change=change
        and change.model_copy(
            update={
                "id": change_id,
                "incident_id": incident_id,
                "run_id": f"airmend__{incident_id}",
            }
        ),
        decision=facts.decision and facts.decision.model_copy(update={"change_id": change_id}),
        executions=[
            run.model_copy(update={"id": number * 100 + run.id, "change_id": change_id})
            for run in facts.executions
        ],
        story=[
            fact.model_copy(
                update={
                    "incident_id": incident_id,
                    "change_id": fact.change_id and change_id,
                    "evidence": {
                        key: number * 100 + value if key == "execution" else value
                        for key, value in fact.evidence.items()
                    },
                }
            )
            for fact in facts.story
        ],
        runbook=facts.runbook,
    )


def _to_row(execution: Execution) -> ExecutionRow:
    fields = execution.model_dump(mode="python", exclude={"playbook", "verification"})
    return ExecutionRow(
        **fields,
        owner="test",
        seen_at=execution.started_at,
        playbook=execution.playbook.model_dump(mode="json") if execution.playbook else None,
        verification=(
            execution.verification.model_dump(mode="json") if execution.verification else None
        ),
    )
