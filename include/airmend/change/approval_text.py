"""What the approver reads in Airflow's Required Actions: a subject and a Markdown body.

Pure. What came from outside is shown as code: alerts, inputs, host names, diffs. The texts of
the runbook's authors are escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from airmend.change.approval_plan import (
    write_incident,
    write_plan,
    write_preflight,
    write_targets,
    write_way_back,
)
from airmend.change.authors import Authors
from airmend.change.markdown import code, one_line, prose
from airmend.change.model import ChangeRequest, Choice, RiskScore
from airmend.change.quorum import Standing, describe_need
from airmend.change.signing import SignatureVerdict
from airmend.execution.model import PlaybookEvidence
from airmend.incident.model import Incident
from airmend.records.model import HandRequest
from airmend.runbook.model import Runbook

SUBJECT_CHARACTERS = 160
LEADING_FACTORS = 3


def approval_text(
    change: ChangeRequest,
    runbook: Runbook,
    incident: Incident,
    preflight: Sequence[PlaybookEvidence],
    *,
    expires_at: datetime,
    lowered_by: str | None = None,
    standing: Standing | None = None,
    reminders: Sequence[datetime] = (),
    drift: Sequence[str] = (),
    reasons: Sequence[str] = (),
    authors: Authors | None = None,
    timing: Sequence[str] = (),
    request: HandRequest | None = None,
    signatures: SignatureVerdict | None = None,
) -> tuple[str, str]:
    """Write the question to the approver.

    Args:
        change: With its risk.
        runbook: The version that would run.
        incident: Why it would run.
        preflight: What check mode showed, in order; empty where it did not run.
        expires_at: When no answer becomes a no; aware.
        lowered_by: What would lower the band, from `what_would_lower`; None for nothing.
        standing: Who has to say yes, and who did; None leaves it out.
        drift: What is different since people were asked before; empty where they were not.
        reasons: Why the policy does not approve it by itself, from `why_a_person`.
        authors: Who may not approve it; None leaves that out.
        timing: When it would begin, and which changes it overlaps with; a sentence each.
        request: Who started it by hand, and why; None where an alert did.
        signatures: Who signed the runbook version; None where the policy trusts no key.

    Returns:
        The subject, one line of plain text, and the body.

    Raises:
        ValueError: The risk is not assessed.
    """
    if change.risk is None:
        raise ValueError(f"change {change.id} has no risk yet; assess it before asking a person")
    names = [target.name for target in change.targets]
    where = names[0] if len(names) == 1 else f"{len(names)} hosts"
    subject = one_line(
        f"{change.risk.band.value.capitalize()} risk: {runbook.title} on {where}",
        SUBJECT_CHARACTERS,
    )
    parts = [
        *_write_drift(drift),
        _write_risk(change.risk, lowered_by),
        *_write_timing(timing),
        *_write_request(request),
        *_write_standing(standing),
        *_write_reminders(reminders),
        *_write_reasons(reasons),
        *_write_authors(authors),
        f"No answer until {expires_at:%Y-%m-%d %H:%M} {expires_at.tzname()} means no.",
        "## Why",
        write_incident(incident),
        "## What would run",
        write_plan(change, runbook, signatures),
        "## Where",
        write_targets(names),
        "## If it does not help",
        write_way_back(runbook),
        "## What check mode shows",
        write_preflight(preflight),
        "## Risk in detail",
        _write_factors(change.risk),
        f"An approval is bound to all of this: content {change.content_hash()[:12]}.",
    ]
    return subject, "\n\n".join(parts) + "\n"


def _write_risk(risk: RiskScore, lowered_by: str | None) -> str:
    band, chance = risk.band.value.capitalize(), f"{risk.probability:.0%}"
    lines = [f"**{band} risk**: {chance} chance to fail, impact {risk.impact} of 4."]
    leading = [factor for factor in risk.factors if factor.contribution > 0][:LEADING_FACTORS]
    if leading:
        lines += ["", "What raises it most:", ""]
        lines += [
            f"{number}. {factor.name}: {code(factor.input)} (+{factor.contribution:.2f})"
            for number, factor in enumerate(leading, start=1)
        ]
    if (learned := risk.learned) is not None and learned.mode != "shadow":
        version, said = code(learned.model_version[:12]), f"{learned.probability:.0%}"
        lines += ["", f"The {learned.mode} model {version} says {said}, {learned.band.value}."]
    if risk.author_band is not None:
        lines += ["", f"The runbook's author says: at least {risk.author_band.value}."]
    if lowered_by:
        lines += ["", f"What would lower it: {lowered_by}."]
    return "\n".join(lines)


def _write_drift(drift: Sequence[str]) -> list[str]:
    if not drift:
        return []
    changes = "\n".join(f"- {code(each)}" for each in drift)
    return [f"**Asked again**, earlier answers are void. What changed since:\n\n{changes}"]


def _write_timing(timing: Sequence[str]) -> list[str]:
    if not timing:
        return []
    lines = "\n".join(f"- {code(each)}" for each in timing)
    return [f"**When it would begin**:\n\n{lines}"]


def _write_request(request: HandRequest | None) -> list[str]:
    """Who wants it, and whether the runbook's own conditions hold."""
    if request is None:
        return []
    who = f"**Asked for by hand** by {code(request.requested_by)}: {code(request.reason)}"
    if not request.unmet:
        return [who]
    how = "was suggested as similar" if request.choice is Choice.SIMILARITY else "was chosen"
    unmet = "\n".join(f"- {code(each)}" for each in request.unmet)
    return [f"{who}\n\nThe runbook {how}; what of its `match` does not hold:\n\n{unmet}"]


def _write_standing(standing: Standing | None) -> list[str]:
    """Who has to say yes, and who did."""
    if standing is None or not standing.required:
        return []
    needed = [f"- {code(describe_need(each, each.count))}" for each in standing.required]
    lines = ["Needs a yes of:", "", *needed]
    if standing.counted:
        lines += ["", "Answers so far:", ""]
        lines += [
            f"- {code(vote.person)}, {vote.at:%H:%M:%S} {vote.at.tzname()}: "
            f"{'yes' if vote.approves else 'no'}"
            + (f", {code(vote.comment)}" if vote.comment else "")
            for vote in standing.counted
        ]
        more = sum(count for _, count in standing.missing)
        lines += ["", f"**{more} more** to go."]
    return ["\n".join(lines)]


def _write_reminders(reminders: Sequence[datetime]) -> list[str]:
    """How often people were reminded, and when the last time."""
    if not reminders:
        return []
    last, times = reminders[-1], "once" if len(reminders) == 1 else f"{len(reminders)} times"
    return [f"**Reminded {times}**, last at {last:%Y-%m-%d %H:%M} {last.tzname()}."]


def _write_reasons(reasons: Sequence[str]) -> list[str]:
    """Why a person is asked at all."""
    if not reasons:
        return []
    return ["\n".join(["Why a person is asked:", "", *(f"- {code(each)}" for each in reasons)])]


def _write_authors(authors: Authors | None) -> list[str]:
    """That an author may be missing among those who are excluded."""
    if authors is None or not authors.unknown:
        return []
    gap = f"**Not every author may be known**: {code(authors.unknown)}."
    return [f"{gap} Whoever changed the runbook may not approve it."]


def _write_factors(risk: RiskScore) -> str:
    rows = [
        "| factor | seen | where | log-odds |",
        "|---|---|---|---:|",
        f"| base | expected failure rate | records | {risk.base_log_odds:+.2f} |",
    ]
    rows += [
        f"| {factor.name}{' (missing)' if factor.missing else ''} | {code(factor.input)} "
        f"| {code(factor.source)} | {factor.contribution:+.2f} |"
        for factor in risk.factors
    ]
    reasons = "\n".join(f"- {prose(reason)}" for reason in risk.impact_reasons)
    return "\n".join(rows) + f"\n\nImpact {risk.impact} of 4, the gravest of:\n\n{reasons}"
