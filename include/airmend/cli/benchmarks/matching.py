"""How long it takes to find what is known of one incident, among 10, 100 and 1,000 runbooks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airmend.cli.benchmarks.figures import Bar, Figure, Floor
from airmend.expressions import PreparedFacts, evaluate
from airmend.incident.model import Incident, IncidentStatus, Severity
from airmend.runbook.catalog import load_catalog
from airmend.runbook.known_errors import SuggestionsFromCatalog
from airmend.runbook.matching import match_runbooks
from airmend.runbook.model import RunbookVersion

NAME = "matching"
BAR, BAR_COUNT = Bar(seconds=0.005), 1000
"""The bar is set for so many runbooks: so long one incident may wait for a decision."""


def measure_matching(
    project: Path, counts: Sequence[int], repeats: int, say: Callable[[str], None]
) -> list[Figure]:
    """Seconds until it is decided which runbook takes an incident that none of them takes.

    That is the longest way: every runbook gives its reason. The floor is one expression of
    each, and nothing made of the answers. Then the same incident's words are compared with all
    known errors, once with a catalog that is new, and again with the same one.

    Args:
        project: The checkout.
        counts: How many runbooks, for each figure.
        repeats: Samples of each kind.
        say: Takes a line about what goes on.
    """
    figures = []
    incident = unmatched_incident()
    facts = incident.facts()
    for count in counts:
        say(f"one incident against {count:,} runbooks")
        runbooks = many_runbooks(project / "runbooks", count)
        where: dict[str, str | int] = {"runbooks": count}
        match_runbooks(facts, runbooks)  # compiles the expressions, as the first one does
        firsts = [version.runbook.match[0] for version in runbooks]
        floor, matching = [], []
        for _ in range(repeats):
            floor.append(_time(_evaluate_all, firsts, facts))
            matching.append(_time(match_runbooks, facts, runbooks))
        counting = [_time(SuggestionsFromCatalog(), incident, runbooks) for _ in range(repeats)]
        suggestions = SuggestionsFromCatalog()
        suggestions.prepare(runbooks)
        suggesting = [_time(suggestions, incident, runbooks) for _ in range(repeats)]
        figures += [
            Figure(
                NAME,
                "Match one incident, none takes it",
                matching,
                Floor("one expression of each", floor),
                BAR if count == BAR_COUNT else None,
                where,
            ),
            Figure(NAME, "Suggest known errors for it", suggesting, None, None, where),
            Figure(NAME, "The same with a new catalog", counting, None, None, where),
        ]
    return figures


def many_runbooks(originals: Path, count: int) -> list[RunbookVersion]:
    """So many runbooks: the shipped ones in turn, each for alerts of names of its own."""
    shipped = [loaded.version for loaded in load_catalog(originals).runbooks]
    return [_vary(shipped[number % len(shipped)], number) for number in range(count)]


def _vary(version: RunbookVersion, number: int) -> RunbookVersion:
    runbook = version.runbook
    changed = runbook.model_copy(
        update={
            "id": f"{runbook.id}-{number:04d}",
            "match": [f'incident.name in ["Alert{number}", "Other{number}"]', *runbook.match[1:]],
        }
    )
    return version.model_copy(update={"runbook": changed, "digest": f"{number:064x}"})


def unmatched_incident() -> Incident:
    """An incident of which much is known, and that no runbook takes."""
    at = datetime.now(UTC)
    return Incident(
        id="inc-bench",
        source="alertmanager",
        fingerprint="0" * 32,
        name="NobodyKnowsThis",
        status=IncidentStatus.UNMATCHED,
        severity=Severity.CRITICAL,
        service="shop",
        host="web1",
        summary="The file system of web1 has little space left.",
        description="Less than 3% of /var/log on web1 is free, and it was 12% an hour ago.",
        labels={f"label_{number}": f"value {number}" for number in range(20)},
        annotations={"runbook_url": "https://example.com/runbooks/nobody-knows-this"},
        link=None,
        started_at=at,
        opened_at=at,
        recovered_at=None,
        closed_at=None,
        alert_count=1,
    )


def _evaluate_all(expressions: Sequence[str], facts: dict[str, Any]) -> None:
    prepared = PreparedFacts(facts)
    for expression in expressions:
        evaluate(expression, prepared)


def _time(work: Callable[..., object], *arguments: object) -> float:
    begun = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - begun
