"""Which runbook takes an incident, and why each other one does not.

Pure: the same facts and the same set of runbooks give the same answer, in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from airmend.errors import InputError
from airmend.expressions import ExpressionError, evaluate
from airmend.incident.model import MatchRejection
from airmend.runbook.inputs import Value, resolve_inputs
from airmend.runbook.model import Runbook, RunbookVersion


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
    for version in runbooks:
        runbook = version.runbook
        reason = _reject(runbook, facts)
        if reason is None:
            try:
                candidates.append((version, resolve_inputs(runbook, facts)))
            except InputError as error:
                reason = str(error)
        if reason is not None:
            reasons[runbook.id] = reason

    most = max((len(version.runbook.match) for version, _ in candidates), default=0)
    best = [pair for pair in candidates if len(pair[0].runbook.match) == most]
    ids = sorted(version.runbook.id for version, _ in best)
    for version, _ in candidates:
        runbook = version.runbook
        if len(runbook.match) < most:
            reasons[runbook.id] = f"it matches, but '{ids[0]}' is more specific"
        elif len(best) > 1:
            others = " and ".join(f"'{name}'" for name in ids)
            reasons[runbook.id] = (
                f"{others} match equally well ({most} expressions each), so none is run; "
                "make one of them more specific"
            )
    winner, inputs = best[0] if len(best) == 1 else (None, {})
    rejections = [
        MatchRejection(runbook_id=name, reason=reason) for name, reason in sorted(reasons.items())
    ]
    return Match(runbook=winner, inputs=inputs, rejections=rejections)


def _reject(runbook: Runbook, facts: dict[str, Any]) -> str | None:
    """Why the expressions of a runbook do not hold; None when all of them are true."""
    for expression in runbook.match:
        shown = " ".join(expression.split())
        try:
            value = evaluate(expression, facts)
        except ExpressionError as error:
            return f"{shown}: {error.fact}"
        if value is not True:
            return f"{shown} is {_say(value)}"
    return None


def _say(value: Any) -> str:
    if value is False:
        return "not true"
    return f"{type(value).__name__} and not true or false"
