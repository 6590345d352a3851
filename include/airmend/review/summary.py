"""The outcome in one word, and the summary in a few sentences, from recorded facts alone."""

from __future__ import annotations

from collections.abc import Iterator

from airmend.change.model import ChangeStatus, Verdict
from airmend.execution.model import CheckOutcome, Phase, TaskOutcome
from airmend.incident.model import IncidentStatus
from airmend.records.model import FactKind
from airmend.review.document import PostIncidentReport, ReportedWork
from airmend.review.model import Outcome, ReportFacts
from airmend.review.wording import word_count, word_duration, word_list, word_time

ENDS = {
    ChangeStatus.SUCCEEDED: Outcome.RESOLVED,
    ChangeStatus.ROLLED_BACK: Outcome.ROLLED_BACK,
    ChangeStatus.REJECTED: Outcome.REJECTED,
    ChangeStatus.EXPIRED: Outcome.EXPIRED,
    ChangeStatus.REFUSED: Outcome.REFUSED,
    ChangeStatus.CANCELLED: Outcome.CANCELLED,
    ChangeStatus.PROPOSED: Outcome.PROPOSED,
}

HEADLINES = {
    Outcome.RESOLVED: "Repaired, and the checks passed",
    Outcome.ROLLED_BACK: "The repair did not help; the state before is back",
    Outcome.ROLLBACK_FAILED: "The repair did not help, and the rollback failed",
    Outcome.NOT_RESOLVED: "The repair did not help; nothing was rolled back",
    Outcome.REJECTED: "A person rejected the change; nothing was changed",
    Outcome.EXPIRED: "Nobody answered in time; nothing was changed",
    Outcome.REFUSED: "The change was refused; nothing was changed",
    Outcome.CANCELLED: "The change was cancelled",
    Outcome.PROPOSED: "The repair was only proposed; nothing was changed",
    Outcome.NO_CHANGE: "No runbook took this incident",
    Outcome.UNDER_WAY: "The change is still under way",
}

REPAIR_DID_NOT_HELP = (Outcome.ROLLED_BACK, Outcome.ROLLBACK_FAILED, Outcome.NOT_RESOLVED)
NOTHING_CHANGED = (Outcome.REJECTED, Outcome.EXPIRED, Outcome.REFUSED, Outcome.PROPOSED)


def judge_outcome(facts: ReportFacts) -> Outcome:
    """How it came out. A failed change is told apart by whether a rollback was tried."""
    if facts.change is None:
        return Outcome.NO_CHANGE
    if facts.change.status is ChangeStatus.FAILED:
        tried = any(run.phase in ROLLBACK_PHASES for run in facts.executions)
        return Outcome.ROLLBACK_FAILED if tried else Outcome.NOT_RESOLVED
    return ENDS.get(facts.change.status, Outcome.UNDER_WAY)


ROLLBACK_PHASES = (Phase.ROLLBACK, Phase.ROLLBACK_VERIFY)
CHANGING_PHASES = (Phase.STEP, Phase.ROLLBACK)


def name_outcome(facts: ReportFacts, outcome: Outcome) -> str:
    """The headline; it never says that nothing was changed while the records hold work."""
    headline = HEADLINES[outcome]
    if outcome is Outcome.NO_CHANGE and any(
        fact.kind is FactKind.RUNBOOK_MATCHED for fact in facts.story
    ):
        return "A runbook would take this incident; it only observes"
    worked = any(run.phase in CHANGING_PHASES for run in facts.executions)
    if outcome in NOTHING_CHANGED and worked:
        return f"{headline.split(';')[0]}; work had begun before that"
    if outcome in REPAIR_DID_NOT_HELP and was_stopped(facts):
        return headline.replace("did not help", "was stopped before its end")
    if outcome is Outcome.CANCELLED and not worked:
        return f"{headline}; nothing was changed"
    return headline


def was_stopped(facts: ReportFacts) -> bool:
    """Whether the work was not allowed to go on, for instance since the kill switch was used."""
    return any(fact.kind is FactKind.EXECUTION_REFUSED for fact in facts.story)


def summarise(report: PostIncidentReport) -> list[str]:
    """A few plain sentences; each says only what the rest of the report shows."""
    return [*_tell_incident(report), *_tell_change(report), *_tell_work(report), *_tell_end(report)]


def _tell_incident(report: PostIncidentReport) -> Iterator[str]:
    incident = report.incident
    place = f" on host {incident.host}" if incident.host else ""
    service = f" for service {incident.service}" if incident.service else ""
    times = f" It was raised {incident.alert_count} times." if incident.alert_count > 1 else ""
    yield (
        f"{incident.name} (severity {incident.severity.value}) came from {incident.source}"
        f"{service}{place} at {word_time(incident.opened_at)}.{times}"
    )


def _tell_change(report: PostIncidentReport) -> Iterator[str]:
    change, runbook, approval = report.change, report.runbook, report.approval
    if change is None or runbook is None:
        count = len(report.incident.rejections)
        yield f"{word_count(count, 'runbook')} looked at it and none took it, so nothing was run."
        return
    hosts = [target.name for target in change.targets]
    where = f" on {word_list(hosts)}" if hosts else ""
    yield (
        f"Runbook {runbook.id} {runbook.version} took it as a {change.type.value} change{where}."
    )
    if report.request is not None:
        kind = "an emergency change" if report.request.is_emergency else "it"
        yield f"{report.request.requested_by} asked for {kind} by hand."
    if approval is None:
        return
    if approval.verdict is None:
        yield "Approval was asked for; no decision is recorded."
    elif approval.verdict is Verdict.EXPIRED:
        yield f"Nobody decided within {word_duration(approval.waited_seconds)}."
    else:
        basis = f" ({approval.basis})" if approval.basis else ""
        seconds = approval.waited_seconds
        waited = f" after {word_duration(seconds)}" if seconds is not None and seconds >= 1 else ""
        yield f"It was {approval.verdict.value} by {approval.decided_by}{basis}{waited}."
    review = report.review
    if review is not None and review.verdict is not None:
        yield f"{review.reviewed_by} reviewed it: {review.verdict.value.replace('_', ' ')}."
    elif review is not None:
        yield f"Its review is due until {word_time(review.due_at)}."


def _tell_work(report: PostIncidentReport) -> Iterator[str]:
    if report.steps:
        count = len({run.name for run in report.steps})
        begun = f"{word_count(count, 'step')} ran"
        yield f"{_count_work(report.steps, begun, count)}."
    for verification in report.verification[-1:]:
        if verification.outcome is None:
            yield "The verification has no recorded result."
            continue
        good = sum(check.outcome is CheckOutcome.PASSED for check in verification.checks)
        yield (
            f"The verification {WORDS[verification.outcome]}: "
            f"{good} of {word_count(len(verification.checks), 'check')} passed."
        )
    if report.rollback:
        yield f"{_count_work(report.rollback, 'The rollback ran', 1)}."
    for check in report.rollback_verification[-1:]:
        result = WORDS[check.outcome] if check.outcome else "has no recorded result"
        yield f"The check of the rollback {result}."


WORDS = {
    CheckOutcome.PASSED: "passed",
    CheckOutcome.FAILED: "failed",
    CheckOutcome.INCONCLUSIVE: "was inconclusive, which counts as not resolved",
}


def _count_work(runs: list[ReportedWork], begun: str, expected: int) -> str:
    outcomes = [task.outcome for run in runs for host in run.hosts for task in host.tasks]
    changes = outcomes.count(TaskOutcome.CHANGED)
    hosts = {h.name for run in runs for h in run.hosts if h.totals and h.totals.changed}
    if len(runs) > expected:
        begun += f" in {len(runs)} attempts"
    if not changes and not hosts:
        return f"{begun}; no change on a host is recorded"
    return f"{begun} and made {word_count(changes, 'change')} on {word_count(len(hosts), 'host')}"


def _tell_end(report: PostIncidentReport) -> Iterator[str]:
    if report.change and report.change.reason and report.outcome is not Outcome.RESOLVED:
        yield f"Reason on record: {report.change.reason.rstrip('.')}."
    times = {time.key: time for time in report.response_times}
    if report.outcome is Outcome.RESOLVED and times["verified"].seconds is not None:
        yield (
            f"From the reception of the alert to the passed verification it took "
            f"{word_duration(times['verified'].seconds)}."
        )
    if report.incident.status is IncidentStatus.ESCALATED:
        yield "The incident is escalated and waits for a person."
    elif report.incident.status.is_open and report.outcome is not Outcome.UNDER_WAY:
        yield "The incident is still open."
