"""Which runbook takes an incident, and why each other one does not.

Pure: the same facts and the same set of runbooks give the same answer, in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from airmend.errors import InputError
from airmend.expressions import PROGRAMS, ExpressionError, PreparedFacts, evaluate
from airmend.incident.model import MatchRejection
from airmend.runbook.inputs import Value, resolve_inputs
from airmend.runbook.model import Runbook, RunbookVersion
from airmend.runbook.name_tests import names_asked_for

_NAMED_IN_A_TIE = 5


@dataclass(frozen=True, slots=True)
class Match:
    """The runbook that takes the incident with its inputs, or none; reasons by runbook id."""

    runbook: RunbookVersion | None
    inputs: dict[str, Value]
    rejections: list[MatchRejection]


def match_runbooks(facts: dict[str, Any], runbooks: Sequence[RunbookVersion]) -> Match:
    """Find the one runbook that takes an incident.

    A runbook takes it when every expression is true (the value true, nothing that counts as
    true) and every input is valid. Of several, the one with the most expressions is the most
    specific and wins. A tie is nobody's: which of two repairs is right is a person's decision.

    Args:
        facts: `Incident.facts()`.
        runbooks: One version of each runbook, in any order.

    Returns:
        The match, with a reason for every runbook that does not take the incident.
    """
    candidates: list[tuple[RunbookVersion, dict[str, Value]]] = []
    reasons: dict[str, str] = {}
    prepared, name = PreparedFacts(facts), facts["name"]
    for version in runbooks:
        runbook = version.runbook
        reason = _reject(runbook, name, prepared)
        if reason is None:
            try:
                candidates.append((version, resolve_inputs(runbook, prepared)))
            except InputError as error:
                reason = str(error)
        if reason is not None:
            reasons[runbook.id] = reason

    most = max((len(version.runbook.match) for version, _ in candidates), default=0)
    best = [pair for pair in candidates if len(pair[0].runbook.match) == most]
    ids = sorted(version.runbook.id for version, _ in best)
    tied = _name_some(ids)
    for version, _ in candidates:
        runbook = version.runbook
        if len(runbook.match) < most:
            reasons[runbook.id] = f"it matches, but '{ids[0]}' is more specific"
        elif len(best) > 1:
            reasons[runbook.id] = (
                f"{tied} match equally well ({most} expressions each), so none is run; "
                "make one of them more specific"
            )
    winner, inputs = best[0] if len(best) == 1 else (None, {})
    rejections = [_reject_with(id_, reasons[id_]) for id_ in sorted(reasons)]
    return Match(runbook=winner, inputs=inputs, rejections=rejections)


def _name_some(ids: Sequence[str]) -> str:
    """Ids for a reason, which every one of them is given: all of a few, else the first ones."""
    named = [f"'{name}'" for name in ids[:_NAMED_IN_A_TIE]]
    left = len(ids) - len(named)
    return " and ".join(named + ([f"{left} more"] if left else []))


def _reject(runbook: Runbook, name: str, facts: PreparedFacts) -> str | None:
    """Why the expressions of a runbook do not hold; None when all of them are true."""
    for expression in runbook.match:
        names = names_asked_for(expression)
        if names is not None:
            if name in names:
                continue
            return _say_not_true(expression)
        try:
            value = evaluate(expression, facts)
        except ExpressionError as error:
            return f"{_on_one_line(expression)}: {error.fact}"
        if value is False:
            return _say_not_true(expression)
        if value is not True:
            return f"{_on_one_line(expression)} is {type(value).__name__} and not true or false"
    return None


@lru_cache(maxsize=PROGRAMS)
def _reject_with(runbook_id: str, reason: str) -> MatchRejection:
    """A rejection; the same runbooks reject the same way again and again."""
    return MatchRejection(runbook_id=runbook_id, reason=reason)


@lru_cache(maxsize=PROGRAMS)
def _say_not_true(expression: str) -> str:
    """The reason that nearly every runbook gives for nearly every incident; kept, not made anew."""
    return f"{_on_one_line(expression)} is not true"


def _on_one_line(expression: str) -> str:
    return " ".join(expression.split())
