"""Checks of what was to be done, and of what was: purpose, trial, times, outcome, way back."""

from __future__ import annotations

from airmend.execution.model import ExecutionStatus, Phase, latest_attempts
from airmend.review.annexes import Finding
from airmend.review.controls.records import NO, NONE, PARTLY, YES, Records
from airmend.review.spans import passed
from airmend.review.wording import word_count, word_list, word_share


def purpose_and_scope(records: Records) -> Finding:
    """Why, and on what, is written down."""
    change, version = records.facts.change, records.facts.runbook
    if change is None or version is None:
        return Finding(result=NO, text="The runbook version is not on record.")
    if not change.targets:
        return Finding(result=NO, text="No target is on record.", citations=records.cite_digest())
    error = version.runbook.known_error
    hosts = word_list([target.name for target in change.targets])
    text = f"{version.runbook.title}, for known error {error.id}, on {hosts}."
    return Finding(result=YES, text=text, citations=records.cite_digest())


def expected_outcome(records: Records) -> Finding:
    """What has to be true afterwards is written down before."""
    version = records.facts.runbook
    if version is None or not version.runbook.verify:
        return Finding(result=NO, text="No check is on record that says what to expect.")
    names = word_list([check.name for check in version.runbook.verify])
    return Finding(result=YES, text=f"Expected: {names}.", citations=records.cite_digest())


def fall_back(records: Records) -> Finding:
    """How to get back is written down, or it is on record that there is no way."""
    version = records.facts.runbook
    if version is None:
        return Finding(result=NO, text="The runbook version is not on record.")
    if version.runbook.rollback is None:
        reason = version.runbook.change.irreversible or "no reason is given"
        return Finding(
            result=NO, text=f"There is no rollback: {reason}", citations=records.cite_digest()
        )
    text = f"Rollback {version.runbook.rollback.playbook}, with checks of its own."
    return Finding(result=YES, text=text, citations=records.cite_digest())


def rolled_back_or_needless(records: Records) -> Finding:
    """The way back was taken where the repair did not help."""
    facts = records.facts
    helped = any(run.phase is Phase.VERIFY and passed(run) for run in facts.executions)
    worked = [run for run in facts.executions if run.phase is Phase.STEP]
    if helped or not worked:
        text = "The repair passed its checks." if helped else "Nothing was changed."
        return Finding(result=NONE, text=f"No way back was needed: {text.lower()}")
    checks = [run for run in facts.executions if run.phase is Phase.ROLLBACK_VERIFY]
    cited = records.cite_runs(checks)
    if checks and passed(checks[-1]):
        text = "The repair did not help; the state before is back, and was checked."
        return Finding(result=YES, text=text, citations=cited)
    text = "The repair did not help, and no passed check shows that the state before is back."
    return Finding(result=NO, text=text, citations=cited)


def timeline_kept(records: Records) -> Finding:
    """When each step began and ended."""
    runs = latest_attempts(records.facts.executions, Phase.STEP)
    cited = records.cite_runs(runs)
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
    cited = records.cite_runs(runs)
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
    cited = records.cite_runs(runs)
    if not runs:
        return Finding(result=NO, text="No verification is on record.")
    if not passed(runs[-1]):
        return Finding(result=NO, text="The verification did not pass.", citations=cited)
    return Finding(result=YES, text="The verification passed.", citations=cited)
