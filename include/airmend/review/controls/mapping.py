"""Which requirement of which framework is looked up with which checks.

The requirements are in our words; whether a framework applies is for its reader to say. A
requirement counts as evidenced when all of its checks do, as partly when some do. The mapping
is a statement about records of one change, never about an organisation.
"""

from __future__ import annotations

from collections.abc import Sequence

from airmend.review.annexes import Control, Evidence, Finding
from airmend.review.context import ReportContext
from airmend.review.controls import carried_out, decided, oversight
from airmend.review.controls.records import Check, Records
from airmend.review.model import ReportFacts

_DORA, _AI = "DORA, (EU) 2024/1774", "EU AI Act, (EU) 2024/1689"

MAPPING: tuple[tuple[str, str, str, tuple[Check, ...]], ...] = (
    (
        _DORA,
        "Article 16(1)(c)",
        "what goes into production is guarded against being altered or manipulated",
        (decided.content_signed, decided.approved_content),
    ),
    (
        _DORA,
        "Article 17(1)(b)",
        "who approves is independent of who requests and implements",
        (decided.approved_by_another,),
    ),
    (
        _DORA,
        "Article 17(1)(c)",
        "changes are specified, tested and checked in a controlled way",
        (decided.approved_content, carried_out.tried_before, carried_out.verified_after),
    ),
    (
        _DORA,
        "Article 17(1)(d)",
        "purpose, scope, times and expected outcome are documented",
        (
            carried_out.purpose_and_scope,
            carried_out.timeline_kept,
            carried_out.expected_outcome,
        ),
    ),
    (
        _DORA,
        "Article 17(1)(e)",
        "there is a way back, and it is taken where the change does not succeed",
        (carried_out.fall_back, carried_out.rolled_back_or_needless),
    ),
    (
        _DORA,
        "Article 17(1)(g)",
        "emergency changes are assessed and approved again afterwards",
        (decided.emergency_reassessed,),
    ),
    (
        _DORA,
        "Article 12",
        "events are logged, and logs are protected against tampering",
        (oversight.logged, oversight.sealed),
    ),
    (_AI, "Article 12", "events are recorded automatically", (oversight.logged,)),
    (
        _AI,
        "Article 14",
        "people can oversee it, and stop it",
        (decided.person_decided, oversight.stop_looked_at),
    ),
    (_AI, "Article 19", "the logs are kept", (oversight.logged, oversight.sealed)),
    (
        "NIST AI RMF 1.0",
        "MANAGE 2.4",
        "there is a way to switch it off, and it is drilled",
        (oversight.stop_looked_at, oversight.stop_drilled),
    ),
    (
        "NIST SP 800-53 Rev. 5",
        "CM-14",
        "nothing is put to use whose signature was not verified",
        (decided.content_signed,),
    ),
    (
        "ISO/IEC 27001:2022",
        "A.8.32",
        "changes follow a procedure: assessed, authorised, tested, with a way back",
        (
            decided.risk_assessed,
            decided.approved_content,
            carried_out.tried_before,
            carried_out.verified_after,
            carried_out.fall_back,
        ),
    ),
    (
        "SOC 2",
        "CC8.1",
        "changes are authorised, documented, tested, approved and implemented",
        (
            carried_out.purpose_and_scope,
            decided.approved_by_another,
            carried_out.tried_before,
            carried_out.verified_after,
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
