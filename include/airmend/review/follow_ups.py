"""What is left for a person: the runbook author's own list, and what the records show."""

from __future__ import annotations

from collections.abc import Iterator

from airmend.execution.model import CheckOutcome, ExecutionStatus, Phase, TaskOutcome
from airmend.incident.model import IncidentStatus
from airmend.records.model import FactKind, ReviewVerdict
from airmend.review.context import ReportContext
from airmend.review.document import FollowUp, PostIncidentReport
from airmend.review.model import Outcome, ReportFacts
from airmend.review.summary import REPAIR_DID_NOT_HELP, was_stopped
from airmend.review.timeline import name_execution
from airmend.review.wording import word_list, word_time


def collect_follow_ups(
    facts: ReportFacts, report: PostIncidentReport, context: ReportContext
) -> list[FollowUp]:
    """The urgent first: a broken control, a broken state, then what to improve."""
    seen = [
        *_doubts(facts, report),
        *_open_ends(facts, report),
        *_unknown_effects(facts),
        *_duties(report, context),
        *_improvements(facts, report),
    ]
    written = facts.runbook.runbook.report.follow_ups if facts.runbook else []
    return [
        *(FollowUp(text=text, origin="records") for text in dict.fromkeys(seen)),
        *(FollowUp(text=text, origin="runbook") for text in written),
    ]


def _doubts(facts: ReportFacts, report: PostIncidentReport) -> Iterator[str]:
    """Signs that a control did not hold."""
    worked = any(run.phase in (Phase.STEP, Phase.ROLLBACK) for run in facts.executions)
    approval = report.approval
    if worked and (approval is None or approval.verdict is None):
        yield "Work ran on hosts and no decision is on record: find out how it could start."
    elif worked and approval and approval.verdict and approval.verdict.value != "approved":
        yield f"Work ran on hosts although the change was {approval.verdict.value}: find out how."
    if worked and approval and approval.covers_change is False:
        yield (
            "The decision was given for other content than the change on record holds: "
            "compare the two content hashes and find out what differed."
        )


def _open_ends(facts: ReportFacts, report: PostIncidentReport) -> Iterator[str]:
    review = report.review
    if review is not None and review.reviewed_at is None:
        yield (
            f"Review this emergency change until {word_time(review.due_at)}: it ran without "
            f"anybody's approval, and its runbook is locked after that."
        )
    elif review is not None and review.verdict is ReviewVerdict.NOT_JUSTIFIED:
        yield "Breaking the glass was not justified: find out how to keep it from happening again."
    if _is_locked(facts) and report.runbook:
        yield (
            f"Runbook {report.runbook.id} is locked and starts no new change: "
            f"find out why its rollback failed, then unlock it."
        )
    if report.outcome is Outcome.ROLLBACK_FAILED and report.change:
        hosts = word_list([target.name for target in report.change.targets])
        yield f"Bring {hosts or 'the targets'} into a known state by hand: the rollback failed."
    if report.outcome is Outcome.NOT_RESOLVED and report.runbook and report.runbook.irreversible:
        yield f"Nothing could be rolled back ({report.runbook.irreversible}): look at the hosts."
    if report.incident.status is IncidentStatus.ESCALATED:
        yield f"Resolve incident {report.incident.id} by hand: it is escalated."
    elif report.outcome is Outcome.EXPIRED:
        yield "Decide what to do: the approval expired without an answer."
    elif report.outcome is Outcome.NO_CHANGE and report.incident.status.is_open:
        yield (
            "Handle the incident by hand; if it comes again, write a runbook for it or widen "
            "the match of one."
        )


def _unknown_effects(facts: ReportFacts) -> Iterator[str]:
    """Work whose end nobody saw, hosts that nobody reached, checks that could not look."""
    for run in facts.executions:
        name = name_execution(run)
        if run.phase is not Phase.PREFLIGHT and run.status in (
            ExecutionStatus.RUNNING,
            ExecutionStatus.INTERRUPTED,
        ):
            yield f"{name} has no recorded end (execution {run.id}): look at its hosts."
        tasks = run.playbook.tasks if run.playbook else []
        silent = dict.fromkeys(t.host for t in tasks if t.outcome is TaskOutcome.UNREACHABLE)
        if silent:
            yield f"{name} could not reach {word_list(list(silent))}: check the connection."
        for check in run.verification.checks if run.verification else []:
            if check.outcome is CheckOutcome.INCONCLUSIVE:
                place = f" on {check.target}" if check.target else ""
                yield f"Check '{check.name}'{place} could not look: find out why."


def _duties(report: PostIncidentReport, context: ReportContext) -> Iterator[str]:
    """What the authority waits for, or might."""
    if context.problem:
        yield (
            f"Whether DORA applies is not known ({context.problem}): mend the policy file, then "
            f"make the report again."
        )
    if report.dora is None or report.dora.is_major is False:
        return
    if report.dora.is_major is None:
        yield f"Classify incident {report.incident.id}, as DORA asks for: major or not."
    for deadline in report.dora.deadlines:
        if deadline.due_at is not None and deadline.submitted_at is None:
            at = word_time(deadline.relief_at or deadline.due_at)
            yield f"Send the {deadline.report.value} report to the authority until {at}."


def _improvements(facts: ReportFacts, report: PostIncidentReport) -> Iterator[str]:
    if report.outcome in REPAIR_DID_NOT_HELP and not was_stopped(facts):
        error = report.runbook.known_error if report.runbook else None
        named = f"known error {error.id}" if error else "the known error"
        yield f"Find out why the repair did not help; {named} may have another cause here."
    for fact in facts.story:
        if fact.kind is FactKind.AUTONOMY_EARNED:
            yield f"{fact.text}."
        elif fact.kind is FactKind.TEMPLATE_SUSPENDED:
            yield f"{fact.text}. Find out why; then approve it anew, or let people go on deciding."
    factors = report.risk.factors if report.risk else []
    missing = [factor.name for factor in factors if factor.missing]
    if missing:
        yield f"Risk was scored without data for: {word_list(missing)}. Provide it for next time."


def _is_locked(facts: ReportFacts) -> bool:
    kinds = (FactKind.RUNBOOK_LOCKED, FactKind.RUNBOOK_UNLOCKED)
    told = [fact.kind for fact in facts.story if fact.kind in kinds]
    return bool(told) and told[-1] is FactKind.RUNBOOK_LOCKED
