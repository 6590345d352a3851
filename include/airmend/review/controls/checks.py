"""What is looked for in the records of one change; each says what it found, and where.

A check gives "evidenced" only where records show it. Where they are silent, or show that it was
otherwise, it gives "not evidenced" and says so; it never takes a design for a fact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from airmend.change.model import ChangeType, Verdict
from airmend.execution.model import ExecutionStatus, Phase, latest_attempts
from airmend.records.model import FactKind
from airmend.review.annexes import Evidence, Finding
from airmend.review.context import ReportContext
from airmend.review.model import Citation, ReportFacts
from airmend.review.spans import passed
from airmend.review.wording import word_count, word_list, word_share, word_time

YES, NO, PARTLY, NONE = (
    Evidence.EVIDENCED,
    Evidence.NOT_EVIDENCED,
    Evidence.PARTLY,
    Evidence.NOT_APPLICABLE,
)

POLICY = "policy"

DRILL_EVERY = timedelta(days=365)


@dataclass(frozen=True)
class Records:
    """What checks look at."""

    facts: ReportFacts
    context: ReportContext

    def cite(self, *kinds: str) -> list[Citation]:
        """Every fact of some kinds."""
        return [
            Citation(label="fact", value=str(fact.id))
            for fact in self.facts.story
            if fact.kind.value in kinds
        ]


Check = Callable[[Records], Finding]


def approved_by_another(records: Records) -> Finding:
    """Somebody said yes who neither asked for the change nor wrote what it runs."""
    change, decision = records.facts.change, records.facts.decision
    cited = _cite_decision(records)
    if change is None or decision is None or decision.verdict is not Verdict.APPROVED:
        return Finding(result=NO, text="No approval is on record.", citations=cited)
    if decision.decided_by == POLICY:
        return Finding(
            result=NO,
            text=f"The policy let it pass ({decision.basis}); no person approved this change.",
            citations=cited,
        )
    if records.facts.runbook is None:
        return Finding(
            result=NO,
            text="The authors of the runbook version are not on record.",
            citations=cited,
        )
    authors = records.facts.runbook.runbook.authors
    parties = {name.casefold() for name in (change.requested_by, *authors)}
    people = [vote.person for vote in decision.votes if vote.approves]
    people = people or [name.strip() for name in decision.decided_by.split(",")]
    involved = [person for person in people if person.casefold() in parties]
    if involved:
        text = f"{word_list(involved)} approved, and asked for the change or wrote its runbook."
        return Finding(result=NO, text=text, citations=cited)
    text = (
        f"{word_list(people)} approved; {change.requested_by} asked, {word_list(authors)} "
        f"wrote the runbook."
    )
    return Finding(result=YES, text=text, citations=cited)


def approved_content(records: Records) -> Finding:
    """The decision was given for exactly what was to be done."""
    change, decision = records.facts.change, records.facts.decision
    if change is None or decision is None or decision.verdict is not Verdict.APPROVED:
        return Finding(result=NO, text="No approval is on record.")
    cited = [Citation(label="content hash", value=decision.content_hash)]
    if decision.content_hash != change.content_hash():
        text = "The approval was for other content than the change on record."
        return Finding(result=NO, text=text, citations=cited)
    text = "The approval is bound to runbook, targets, inputs, risk and foreseen changes."
    return Finding(result=YES, text=text, citations=cited)


def purpose_and_scope(records: Records) -> Finding:
    """Why, and on what, is written down."""
    change, version = records.facts.change, records.facts.runbook
    if change is None or version is None:
        return Finding(result=NO, text="The runbook version is not on record.")
    if not change.targets:
        return Finding(result=NO, text="No target is on record.", citations=_digest(records))
    error = version.runbook.known_error
    hosts = word_list([target.name for target in change.targets])
    text = f"{version.runbook.title}, for known error {error.id}, on {hosts}."
    return Finding(result=YES, text=text, citations=_digest(records))


def expected_outcome(records: Records) -> Finding:
    """What has to be true afterwards is written down before."""
    version = records.facts.runbook
    if version is None or not version.runbook.verify:
        return Finding(result=NO, text="No check is on record that says what to expect.")
    names = word_list([check.name for check in version.runbook.verify])
    return Finding(result=YES, text=f"Expected: {names}.", citations=_digest(records))


def fall_back(records: Records) -> Finding:
    """How to get back is written down, or it is on record that there is no way."""
    version = records.facts.runbook
    if version is None:
        return Finding(result=NO, text="The runbook version is not on record.")
    if version.runbook.rollback is None:
        reason = version.runbook.change.irreversible or "no reason is given"
        return Finding(
            result=NO, text=f"There is no rollback: {reason}", citations=_digest(records)
        )
    text = f"Rollback {version.runbook.rollback.playbook}, with checks of its own."
    return Finding(result=YES, text=text, citations=_digest(records))


def rolled_back_or_needless(records: Records) -> Finding:
    """The way back was taken where the repair did not help."""
    facts = records.facts
    helped = any(run.phase is Phase.VERIFY and passed(run) for run in facts.executions)
    worked = [run for run in facts.executions if run.phase is Phase.STEP]
    if helped or not worked:
        text = "The repair passed its checks." if helped else "Nothing was changed."
        return Finding(result=NONE, text=f"No way back was needed: {text.lower()}")
    checks = [run for run in facts.executions if run.phase is Phase.ROLLBACK_VERIFY]
    cited = [Citation(label="execution", value=str(run.id)) for run in checks]
    if checks and passed(checks[-1]):
        text = "The repair did not help; the state before is back, and was checked."
        return Finding(result=YES, text=text, citations=cited)
    text = "The repair did not help, and no passed check shows that the state before is back."
    return Finding(result=NO, text=text, citations=cited)


def timeline_kept(records: Records) -> Finding:
    """When each step began and ended."""
    runs = latest_attempts(records.facts.executions, Phase.STEP)
    cited = [Citation(label="execution", value=str(run.id)) for run in runs]
    if not runs:
        return Finding(result=NONE, text="No step ran, so none has a time.")
    endless = [run.name for run in runs if run.ended_at is None]
    if endless:
        text = f"No end is on record of {word_list(endless)}."
        return Finding(result=NO, text=text, citations=cited)
    text = f"Start and end of {word_count(len(runs), 'step')} are on record."
    return Finding(result=YES, text=text, citations=cited)


def tried_before(records: Records) -> Finding:
    """Check mode ran without a failure before anything was changed."""
    runs = latest_attempts(records.facts.executions, Phase.PREFLIGHT)
    cited = [Citation(label="execution", value=str(run.id)) for run in runs]
    if not runs:
        return Finding(result=NO, text="No preflight is on record.")
    if any(run.status is not ExecutionStatus.SUCCEEDED for run in runs):
        return Finding(result=NO, text="The preflight did not succeed.", citations=cited)
    steps = [run for run in records.facts.executions if run.phase is Phase.STEP]
    if steps and any(run.ended_at is None or run.ended_at > steps[0].started_at for run in runs):
        text = "The preflight had not ended when the first step began."
        return Finding(result=NO, text=text, citations=cited)
    total = sum(run.playbook.tasks_total for run in runs if run.playbook)
    skipped = sum(run.playbook.tasks_skipped for run in runs if run.playbook)
    if skipped:
        share = word_share(max(0, total - skipped) / total if total else 0)
        text = f"Check mode passed; it could judge {share} of the tasks."
        return Finding(result=PARTLY, text=text, citations=cited)
    text = "Check mode passed and could judge every task."
    return Finding(result=YES, text=text, citations=cited)


def verified_after(records: Records) -> Finding:
    """Checks passed afterwards."""
    runs = [run for run in records.facts.executions if run.phase is Phase.VERIFY]
    cited = [Citation(label="execution", value=str(run.id)) for run in runs]
    if not runs:
        return Finding(result=NO, text="No verification is on record.")
    if not passed(runs[-1]):
        return Finding(result=NO, text="The verification did not pass.", citations=cited)
    return Finding(result=YES, text="The verification passed.", citations=cited)


def risk_assessed(records: Records) -> Finding:
    """The risk was scored before it was decided, under a policy that can be named."""
    risk = records.facts.change.risk if records.facts.change else None
    cited = records.cite(FactKind.RISK_ASSESSED.value)
    if risk is None:
        return Finding(result=NO, text="No risk score is on record.")
    text = (
        f"Risk {risk.band.value}, {word_share(risk.probability)} chance to fail, impact "
        f"{risk.impact} of 4, from {word_count(len(risk.factors), 'factor')}."
    )
    if risk.policy_digest:
        cited.append(Citation(label="policy digest", value=risk.policy_digest))
    return Finding(result=YES, text=text, citations=cited)


def emergency_reassessed(records: Records) -> Finding:
    """An emergency change was looked at again afterwards."""
    change = records.facts.change
    if change is None or change.change_type is not ChangeType.EMERGENCY:
        return Finding(result=NONE, text="It is no emergency change.")
    cited = records.cite(FactKind.REVIEW_COMPLETED.value)
    if not cited:
        return Finding(result=NO, text="No review of this emergency change is on record.")
    text = "The emergency change was reviewed afterwards."
    return Finding(result=YES, text=text, citations=cited)


def logged(records: Records) -> Finding:
    """What happened was recorded as it happened, up to the end."""
    facts = records.facts
    cited = records.cite(FactKind.INCIDENT_OPENED.value, FactKind.CHANGE_ENDED.value)
    ended = any(fact.kind is FactKind.CHANGE_ENDED for fact in facts.story)
    text = f"{word_count(len(facts.story), 'fact')} and {word_count(len(facts.executions), 'run')}"
    if not ended:
        return Finding(
            result=NO, text=f"{text} are on record, and no end of the change.", citations=cited
        )
    return Finding(result=YES, text=f"{text} are on record, up to the end.", citations=cited)


def sealed(records: Records) -> Finding:
    """The records are below a signed checkpoint of the audit log."""
    seal = records.context.seal
    if seal is None or seal.checkpoint_size is None:
        return Finding(result=NO, text="No signed checkpoint of the audit log is on record.")
    cited = [Citation(label="checkpoint", value=str(seal.checkpoint_size))]
    count = f"{seal.sealed} of {word_count(seal.recorded, 'record')}"
    text = f"{count} are below the checkpoint of {word_time(seal.checkpoint_at)}."
    if seal.sealed >= seal.recorded:
        return Finding(result=YES, text=text, citations=cited)
    text += " The rest is sealed when the log is sealed next; `airmend report remake` looks again."
    result = PARTLY if seal.sealed else NO
    return Finding(result=result, text=text, citations=cited)


def person_decided(records: Records) -> Finding:
    """A person, not a rule, let this change go on or stopped it."""
    decision = records.facts.decision
    cited = _cite_decision(records)
    if decision is None or decision.decided_by == POLICY or decision.verdict is Verdict.EXPIRED:
        return Finding(result=NO, text="No person decided about this change.", citations=cited)
    text = f"{decision.decided_by} {decision.verdict.value} it."
    return Finding(result=YES, text=text, citations=cited)


def stop_looked_at(records: Records) -> Finding:
    """The kill switch was off when the change was let in, or it stopped the change."""
    refused = records.cite(FactKind.GUARD_REFUSED.value, FactKind.EXECUTION_REFUSED.value)
    admitted = records.cite(FactKind.GUARD_PASSED.value)
    if refused:
        text = "A guard stopped the change; the facts say why."
        return Finding(result=YES, text=text, citations=refused)
    if admitted:
        text = "The guard let it in; it refuses while the kill switch is on."
        return Finding(result=YES, text=text, citations=admitted)
    return Finding(result=NO, text="No look of the guard is on record.")


def stop_drilled(records: Records) -> Finding:
    """The kill switch was used and released within a year before the change."""
    before = _moment(records)
    entries = [entry for entry in records.context.switches if entry.at <= before]
    stops = [entry for entry in entries if entry.is_on and before - entry.at <= DRILL_EVERY]
    released = [entry for entry in entries if not entry.is_on and stops and entry.at > stops[0].at]
    if not stops or not released:
        text = "In the year before, the kill switch was not used and released."
        return Finding(result=NO, text=text)
    text = (
        f"The kill switch was used at {word_time(stops[0].at)} and released at "
        f"{word_time(released[-1].at)}."
    )
    cited = [Citation(label="kill switch", value=stops[0].at.isoformat())]
    return Finding(result=YES, text=text, citations=cited)


def _moment(records: Records) -> datetime:
    change = records.facts.change
    return change.requested_at if change else records.facts.incident.opened_at


def _cite_decision(records: Records) -> list[Citation]:
    return records.cite(FactKind.APPROVAL_DECIDED.value)


def _digest(records: Records) -> list[Citation]:
    version = records.facts.runbook
    return [Citation(label="runbook digest", value=version.digest)] if version else []
