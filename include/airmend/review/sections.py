"""The sections of the report, each made from the records of one room."""

from __future__ import annotations

from airmend.execution.model import Execution, Phase, PlaybookEvidence, latest_attempts
from airmend.records.model import FactKind
from airmend.review.citations import find_link, link_dag_run, link_task
from airmend.review.diffs import count_lines
from airmend.review.document import (
    ReportedApproval,
    ReportedChange,
    ReportedHost,
    ReportedIncident,
    ReportedPreflight,
    ReportedRunbook,
    ReportedTarget,
    ReportedVerification,
    ReportedWork,
)
from airmend.review.model import ReportFacts
from airmend.review.spans import first_fact_at, name_steps


def describe_incident(facts: ReportFacts) -> ReportedIncident:
    """The incident as it was received; its link only when it is a plain web address."""
    fields = facts.incident.model_dump(
        include=set(ReportedIncident.model_fields) - {"rejections", "link"}
    )
    return ReportedIncident(
        **fields, link=find_link(facts.incident.link), rejections=facts.incident.rejections
    )


def describe_change(facts: ReportFacts, base_url: str) -> ReportedChange | None:
    """The change as it was asked for."""
    change = facts.change
    if change is None:
        return None
    return ReportedChange(
        id=change.id,
        type=change.change_type,
        status=change.status,
        reason=change.reason,
        dag_id=change.dag_id,
        run_id=change.run_id,
        run_link=link_dag_run(base_url, change.dag_id, change.run_id),
        requested_by=change.requested_by,
        requested_at=change.requested_at,
        ended_at=change.ended_at,
        inputs=change.inputs,
        targets=[ReportedTarget(name=t.name, address=t.address) for t in change.targets],
        content_hash=change.content_hash(),
    )


def describe_approval(facts: ReportFacts) -> ReportedApproval | None:
    """The decision, or the question that nobody answered; None when nobody was asked."""
    asked_at = first_fact_at(facts, FactKind.APPROVAL_ASKED)

    def told(kind: FactKind) -> list[str]:
        return [fact.text for fact in facts.story if fact.kind is kind]

    ignored, void = told(FactKind.APPROVAL_IGNORED), told(FactKind.APPROVAL_VOID)
    decision = facts.decision
    if decision is None:
        if asked_at is None and not ignored:
            return None
        return ReportedApproval(
            asked_at=asked_at,
            verdict=None,
            decided_by=None,
            decided_at=None,
            waited_seconds=None,
            basis=None,
            comment=None,
            content_hash=None,
            covers_change=None,
            void=void,
            ignored=ignored,
        )
    waited = (decision.decided_at - decision.asked_at).total_seconds()
    return ReportedApproval(
        asked_at=decision.asked_at,
        verdict=decision.verdict,
        decided_by=decision.decided_by,
        decided_at=decision.decided_at,
        waited_seconds=waited if waited >= 0 else None,
        basis=decision.basis,
        comment=decision.comment or None,
        content_hash=decision.content_hash,
        covers_change=(
            facts.change.content_hash() == decision.content_hash if facts.change else None
        ),
        votes=decision.votes,
        required=decision.required,
        void=void,
        ignored=ignored,
    )


def describe_work(facts: ReportFacts, phase: Phase, base_url: str) -> list[ReportedWork]:
    """Every run of a playbook in one phase, in the order in which it began."""
    return [
        _describe_run(facts, execution, base_url)
        for execution in facts.executions
        if execution.phase is phase
    ]


def describe_preflight(facts: ReportFacts, base_url: str) -> ReportedPreflight | None:
    """What check mode foresaw; None when it did not run."""
    runs = describe_work(facts, Phase.PREFLIGHT, base_url)
    if not runs:
        return None
    evidence = [
        execution.playbook
        for execution in latest_attempts(facts.executions, Phase.PREFLIGHT)
        if execution.playbook is not None
    ]
    total = sum(playbook.tasks_total for playbook in evidence) if evidence else None
    skipped = sum(playbook.tasks_skipped for playbook in evidence) if evidence else None
    sizes = [count_lines(task.diff) for playbook in evidence for task in playbook.tasks]
    hosts = {host for playbook in evidence for host in playbook.changed_hosts}
    return ReportedPreflight(
        runs=runs,
        tasks_total=total,
        tasks_skipped=skipped,
        coverage=max(0.0, (total - (skipped or 0)) / total) if total else None,
        lines_added=sum(added for added, _ in sizes),
        lines_removed=sum(removed for _, removed in sizes),
        hosts_to_change=sorted(hosts),
    )


def describe_verifications(
    facts: ReportFacts, phase: Phase, base_url: str
) -> list[ReportedVerification]:
    """Every round of checks in one phase."""
    return [
        ReportedVerification(
            execution=execution.id,
            phase=phase,
            attempt=execution.attempt,
            status=execution.status,
            outcome=execution.verification.outcome if execution.verification else None,
            task_id=execution.task_id,
            task_link=_link_task(facts, execution, base_url),
            started_at=execution.started_at,
            ended_at=execution.ended_at,
            checks=execution.verification.checks if execution.verification else [],
        )
        for execution in facts.executions
        if execution.phase is phase
    ]


def describe_runbook(facts: ReportFacts) -> ReportedRunbook | None:
    """The runbook version; its text is empty when that version is not on record any more."""
    if facts.runbook is not None:
        runbook = facts.runbook.runbook
        return ReportedRunbook(
            id=runbook.id,
            version=runbook.version,
            digest=facts.runbook.digest,
            title=runbook.title,
            owner=runbook.owner,
            known_error=runbook.known_error,
            irreversible=runbook.change.irreversible,
            signature=_tell_signature(facts),
        )
    if facts.change is None:
        return None
    return ReportedRunbook(
        id=facts.change.runbook_id,
        version=facts.change.runbook_version,
        digest=facts.change.runbook_digest,
        title=None,
        owner=None,
        known_error=None,
        irreversible=None,
        signature=_tell_signature(facts),
    )


def _tell_signature(facts: ReportFacts) -> str | None:
    told = [fact.text for fact in facts.story if fact.kind is FactKind.SIGNATURE_CHECKED]
    return told[-1] if told else None


def _describe_run(facts: ReportFacts, execution: Execution, base_url: str) -> ReportedWork:
    playbook, ended_at = execution.playbook, execution.ended_at
    return ReportedWork(
        execution=execution.id,
        phase=execution.phase,
        name=execution.name,
        title=name_steps(facts).get(execution.name, execution.name),
        attempt=execution.attempt,
        status=execution.status,
        task_id=execution.task_id,
        task_link=_link_task(facts, execution, base_url),
        playbook=playbook.playbook if playbook else None,
        started_at=execution.started_at,
        ended_at=ended_at,
        seconds=(ended_at - execution.started_at).total_seconds() if ended_at else None,
        hosts=_describe_hosts(playbook) if playbook else [],
        message=playbook.message if playbook else "",
    )


def _describe_hosts(playbook: PlaybookEvidence) -> list[ReportedHost]:
    totals = {recap.host: recap for recap in playbook.hosts}
    names = dict.fromkeys([*totals, *(task.host for task in playbook.tasks)])
    return [
        ReportedHost(
            name=name,
            totals=totals.get(name),
            tasks=[task for task in playbook.tasks if task.host == name],
        )
        for name in names
    ]


def _link_task(facts: ReportFacts, execution: Execution, base_url: str) -> str | None:
    if facts.change is None:
        return None
    return link_task(base_url, facts.change.dag_id, facts.change.run_id, execution.task_id)
