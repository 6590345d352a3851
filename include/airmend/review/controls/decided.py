"""Checks of what was decided: by whom, about what, and on which assessment."""

from __future__ import annotations

from airmend.change.model import ChangeType, Verdict
from airmend.records.model import FactKind
from airmend.review.annexes import Finding
from airmend.review.controls.records import NO, NONE, YES, Records
from airmend.review.model import Citation
from airmend.review.wording import word_count, word_list, word_share

POLICY = "policy"


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


def content_signed(records: Records) -> Finding:
    """Somebody whose key the policy trusts stood behind exactly what was to run."""
    looked = [f for f in records.facts.story if f.kind is FactKind.SIGNATURE_CHECKED]
    if not looked:
        text = "No look at the signatures of the runbook is on record."
        return Finding(result=NO, text=text, citations=records.cite_digest())
    signers = looked[-1].evidence.get("signers", [])
    cited = [*records.cite(FactKind.SIGNATURE_CHECKED.value), *records.cite_digest()]
    if not signers:
        return Finding(result=NO, text="No trusted key signed the runbook.", citations=cited)
    return Finding(result=YES, text=f"{looked[-1].text}.", citations=cited)


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


def person_decided(records: Records) -> Finding:
    """A person, not a rule, let this change go on or stopped it."""
    decision = records.facts.decision
    cited = _cite_decision(records)
    if decision is None or decision.decided_by == POLICY or decision.verdict is Verdict.EXPIRED:
        return Finding(result=NO, text="No person decided about this change.", citations=cited)
    text = f"{decision.decided_by} {decision.verdict.value} it."
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


def _cite_decision(records: Records) -> list[Citation]:
    return records.cite(FactKind.APPROVAL_DECIDED.value)
