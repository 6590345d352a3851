"""Which requirement of which framework is looked up with which checks.

The requirements are in our words; whether a framework applies is for its reader to say. A
requirement counts as evidenced when all of its checks do, as partly when some do. The mapping
is a statement about records of one change, never about an organisation.
"""

from __future__ import annotations

from collections.abc import Sequence

from airmend.review.annexes import Control, Evidence, Finding
from airmend.review.context import ReportContext
from airmend.review.controls import checks
from airmend.review.controls.checks import Check, Records
from airmend.review.model import ReportFacts

_DORA, _AI = "DORA, (EU) 2024/1774", "EU AI Act, (EU) 2024/1689"

MAPPING: tuple[tuple[str, str, str, tuple[Check, ...]], ...] = (
    (
        _DORA,
        "Article 17(1)(b)",
        "who approves is independent of who requests and implements",
        (checks.approved_by_another,),
    ),
    (
        _DORA,
        "Article 17(1)(c)",
        "changes are specified, tested and checked in a controlled way",
        (checks.approved_content, checks.tried_before, checks.verified_after),
    ),
    (
        _DORA,
        "Article 17(1)(d)",
        "purpose, scope, times, expected outcome and fall-back are documented",
        (
            checks.purpose_and_scope,
            checks.timeline_kept,
            checks.expected_outcome,
            checks.fall_back,
            checks.rolled_back_or_needless,
        ),
    ),
    (
        _DORA,
        "Article 17(1)(e) and (f)",
        "emergency changes are assessed and approved again afterwards",
        (checks.emergency_reassessed,),
    ),
    (
        _DORA,
        "Article 12",
        "events are logged, and logs are protected against tampering",
        (checks.logged, checks.sealed),
    ),
    (_AI, "Article 12", "events are recorded automatically", (checks.logged,)),
    (
        _AI,
        "Article 14",
        "people can oversee it, and stop it",
        (checks.person_decided, checks.stop_looked_at),
    ),
    (_AI, "Article 19", "the logs are kept", (checks.logged, checks.sealed)),
    (
        "NIST AI RMF 1.0",
        "MANAGE 2.4",
        "there is a way to switch it off, and it is drilled",
        (checks.stop_looked_at, checks.stop_drilled),
    ),
    (
        "ISO/IEC 27001:2022",
        "A.8.32",
        "changes follow a procedure: assessed, authorised, tested, with a way back",
        (
            checks.risk_assessed,
            checks.approved_content,
            checks.tried_before,
            checks.verified_after,
            checks.fall_back,
        ),
    ),
    (
        "SOC 2",
        "CC8.1",
        "changes are authorised, documented, tested, approved and implemented",
        (
            checks.purpose_and_scope,
            checks.approved_by_another,
            checks.tried_before,
            checks.verified_after,
        ),
    ),
)


def map_controls(facts: ReportFacts, context: ReportContext) -> list[Control]:
    """What the records show of every requirement; empty where there was no change.

    Args:
        facts: In the order of time.
        context: The log and the kill switch.
    """
    if facts.change is None:
        return []
    records = Records(facts, context)
    controls = []
    for framework, reference, requirement, looked_for in MAPPING:
        findings = [check(records) for check in looked_for]
        controls.append(
            Control(
                framework=framework,
                reference=reference,
                requirement=requirement,
                result=judge(findings),
                findings=findings,
            )
        )
    return controls


def judge(findings: Sequence[Finding]) -> Evidence:
    """Of several findings one result; what does not apply has no weight unless nothing else has."""
    results = {each.result for each in findings} - {Evidence.NOT_APPLICABLE}
    if not results:
        return Evidence.NOT_APPLICABLE
    return results.pop() if len(results) == 1 else Evidence.PARTLY
