"""What people stated of an incident: its class, and which reports were sent; the latest counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from airmend.records.model import Fact, FactKind
from airmend.review.annexes import DoraReport
from airmend.review.model import Citation


@dataclass(frozen=True)
class Classification:
    """Whether a person called the incident major, and when."""

    is_major: bool
    at: datetime
    aware_at: datetime | None
    text: str
    citation: Citation


@dataclass(frozen=True)
class Submission:
    """That a report was sent."""

    report: DoraReport
    at: datetime
    reference: str | None
    text: str
    citation: Citation


def find_classification(story: Sequence[Fact]) -> Classification | None:
    """The latest one of a story that is in order; None where nobody has classified."""
    found = [fact for fact in story if fact.kind is FactKind.INCIDENT_CLASSIFIED]
    if not found:
        return None
    fact, evidence = found[-1], found[-1].evidence
    aware = evidence.get("aware_at")
    return Classification(
        is_major=bool(evidence.get("major")),
        at=datetime.fromisoformat(evidence["stated_at"]),
        aware_at=datetime.fromisoformat(aware) if aware else None,
        text=fact.text,
        citation=cite_fact(fact),
    )


def find_submissions(story: Sequence[Fact]) -> dict[DoraReport, Submission]:
    """The latest one of each report: an intermediate report may be sent again."""
    return {
        DoraReport(fact.evidence["report"]): Submission(
            report=DoraReport(fact.evidence["report"]),
            at=datetime.fromisoformat(fact.evidence["stated_at"]),
            reference=fact.evidence.get("reference"),
            text=fact.text,
            citation=cite_fact(fact),
        )
        for fact in story
        if fact.kind is FactKind.AUTHORITY_INFORMED
    }


def find_first_submissions(story: Sequence[Fact]) -> dict[DoraReport, Submission]:
    """The first one of each report: the one that its deadline is for."""
    return find_submissions(list(reversed(story)))


def cite_fact(fact: Fact) -> Citation:
    """Where a fact can be looked up."""
    return Citation(label="fact", value=str(fact.id))
