"""What a language model is told: recorded facts as plain JSON, every number with its unit.

Chosen, not copied: what senders and hosts wrote freely (descriptions, messages, diffs, comments)
stays out. It says nothing that a summary needs, and whoever can send an alert could hide an
order to the model in it. What remains of the outside are names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airmend.execution.model import CheckOutcome
from airmend.review.document import PostIncidentReport, ReportedVerification, ReportedWork
from airmend.review.wording import word_count, word_duration, word_share, word_time

MOST_NAMES = 40


def select_facts(report: PostIncidentReport) -> dict[str, Any]:
    """The facts of a report as nested texts; what is not on record is left out."""
    incident, change, runbook = report.incident, report.change, report.runbook
    approval, risk = report.approval, report.risk
    facts = {
        "outcome": report.outcome.value.replace("_", " "),
        "headline": report.headline,
        "incident": {
            "id": incident.id,
            "name": incident.name,
            "severity": incident.severity.value,
            "service": incident.service,
            "host": incident.host,
            "came from": incident.source,
            "raised at": word_time(incident.started_at) if incident.started_at else None,
            "received at": word_time(incident.opened_at),
            "alerts": word_count(incident.alert_count, "alert"),
            "status": incident.status.value.replace("_", " "),
        },
        "impact": {
            "users noticed": report.impact.noticed,
            "over at": word_time(report.impact.ended_at) if report.impact.ended_at else None,
            "lasted": word_duration(report.impact.seconds) if report.impact.seconds else None,
        },
        "runbook": runbook
        and {
            "id": runbook.id,
            "version": runbook.version,
            "title": runbook.title,
            "owner": runbook.owner,
            "known error": runbook.known_error and runbook.known_error.model_dump(),
        },
        "change": change
        and {
            "id": change.id,
            "type": change.type.value,
            "status": change.status.value.replace("_", " "),
            "requested by": change.requested_by,
            "requested at": word_time(change.requested_at),
            "ended at": word_time(change.ended_at) if change.ended_at else None,
            "hosts": [target.name for target in change.targets][:MOST_NAMES],
            "number of hosts": word_count(len(change.targets), "host"),
        },
        "risk": risk
        and {
            "band": risk.band.value,
            "chance to fail": word_share(risk.probability),
            "impact": f"{risk.impact} of 4",
        },
        "approval": approval
        and {
            "verdict": approval.verdict and approval.verdict.value,
            "decided by": approval.decided_by,
            "asked at": word_time(approval.asked_at) if approval.asked_at else None,
            "answered at": word_time(approval.decided_at) if approval.decided_at else None,
            "waited": approval.waited_seconds and word_duration(approval.waited_seconds),
        },
        "steps": [_work(run) for run in report.steps],
        "rollback": [_work(run) for run in report.rollback],
        "verification": [_checks(each) for each in report.verification],
        "check of the rollback": [_checks(each) for each in report.rollback_verification],
        "durations": {
            time.label: word_duration(time.seconds)
            for time in report.response_times
            if time.seconds is not None
        },
    }
    return {key: value for key, value in _without_gaps(facts).items() if value}


def list_phrases(facts: Any) -> Iterable[str]:
    """Every text in the facts, keys of objects included."""
    if isinstance(facts, dict):
        for key, value in facts.items():
            yield key
            yield from list_phrases(value)
    elif isinstance(facts, list):
        for value in facts:
            yield from list_phrases(value)
    else:
        yield str(facts)


def _work(run: ReportedWork) -> dict[str, Any]:
    return {
        "title": run.title,
        "attempt": f"attempt {run.attempt}" if run.attempt > 1 else None,
        "status": run.status.value.replace("_", " "),
        "took": word_duration(run.seconds) if run.seconds is not None else None,
        "hosts": [host.name for host in run.hosts][:MOST_NAMES],
    }


def _checks(each: ReportedVerification) -> dict[str, Any]:
    good = sum(check.outcome is CheckOutcome.PASSED for check in each.checks)
    return {
        "outcome": each.outcome and each.outcome.value,
        "checks": f"{good} of {word_count(len(each.checks), 'check')}",
        "names": list(dict.fromkeys(check.name for check in each.checks))[:MOST_NAMES],
    }


def _without_gaps(value: Any) -> Any:
    if isinstance(value, dict):
        found = {key: _without_gaps(each) for key, each in value.items()}
        return {key: each for key, each in found.items() if each not in (None, {}, [], "", 0)}
    if isinstance(value, list):
        return [_without_gaps(each) for each in value]
    return value
