"""What the checks of controls look at, and how each of them is made.

A check gives "evidenced" only where records show it. Where they are silent, or show that it was
otherwise, it gives "not evidenced" and says so; it never takes a design for a fact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from airmend.execution.model import Execution
from airmend.review.annexes import Evidence, Finding
from airmend.review.context import ReportContext
from airmend.review.model import Citation, ReportFacts

YES, NO, PARTLY, NONE = (
    Evidence.EVIDENCED,
    Evidence.NOT_EVIDENCED,
    Evidence.PARTLY,
    Evidence.NOT_APPLICABLE,
)


@dataclass(frozen=True)
class Records:
    """The records of one change."""

    facts: ReportFacts
    context: ReportContext

    def cite(self, *kinds: str) -> list[Citation]:
        """Every fact of some kinds."""
        return [
            Citation(label="fact", value=str(fact.id))
            for fact in self.facts.story
            if fact.kind.value in kinds
        ]

    def cite_digest(self) -> list[Citation]:
        """The runbook version, where it is on record."""
        version = self.facts.runbook
        return [Citation(label="runbook digest", value=version.digest)] if version else []

    @staticmethod
    def cite_runs(runs: Iterable[Execution]) -> list[Citation]:
        """Runs of playbooks and of checks, in their order."""
        return [Citation(label="execution", value=str(run.id)) for run in runs]


Check = Callable[[Records], Finding]
