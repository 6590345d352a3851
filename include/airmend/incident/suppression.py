"""Which mute, window or switch holds an incident back.

Pure: the rules are handed in, freshly read (`rules.py`), and the same rules, incident and time
give the same answer in any order. Called by intake before a change is requested, and by
orchestration before every step of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airmend.expressions import ExpressionError, MissingFactError, evaluate
from airmend.incident.model import (
    KillSwitch,
    Scope,
    ScopeKind,
    Suppression,
    SuppressionKind,
    SuppressionRule,
)

KILL_SWITCH = "kill-switch"
CALENDARS = "maintenance-calendars"
"""Ids of what holds everything back; no rule of the records has one of them."""

_SPECIFIC_FIRST = tuple(ScopeKind)
_MISSING_AT_MOST = 50


@dataclass(frozen=True)
class RulesInForce:
    """All that may hold an incident back at a time.

    Args:
        rules: Mutes and maintenance windows, of the records and of the calendars; those that
            are not active at the time asked about do nothing.
        kill_switch: How the kill switch stands; None where it was never used.
        mistakes: What is wrong with the maintenance calendars. While there is any, nobody can
            say what is in maintenance, and everything is held back.
    """

    rules: Sequence[SuppressionRule] = ()
    kill_switch: KillSwitch | None = None
    mistakes: Sequence[str] = ()

    @property
    def stopped(self) -> KillSwitch | None:
        """The entry that stopped all remediations; None while they go on."""
        return self.kill_switch if self.kill_switch is not None and self.kill_switch.is_on else None


def find_suppression(
    facts: Mapping[str, Any],
    service: str | None,
    runbook_id: str | None,
    rules: RulesInForce,
    at: datetime,
) -> Suppression | None:
    """What holds an incident back now; None when nothing does.

    Of several, in this order: the kill switch, the most specific rule (an expression, a
    runbook, a service, all; of equal ones the first by id), a rule whose expression has no
    value for this incident, and the calendars that cannot be used.

    Args:
        facts: `Incident.facts()`.
        service: The service; None where it is not known, which no rule of a service covers.
        runbook_id: The runbook that takes the incident, or would.
        rules: From `rules.py`.
        at: The time, aware.

    Returns:
        With a reason that stays the same as long as the rule does.
    """
    if (stopped := rules.stopped) is not None:
        reason = f"all remediations are stopped since {_moment(stopped.at)}: {stopped.reason}"
        return Suppression(rule_id=KILL_SWITCH, author=stopped.by, reason=reason)
    doubtful: tuple[SuppressionRule, str] | None = None
    for rule in sorted(rules.rules, key=_specific_first):
        if not rule.is_active(at):
            continue
        try:
            if _covers(rule.scope, facts, service, runbook_id):
                return _tell(rule)
        except ExpressionError as error:
            doubtful = doubtful or (rule, error.fact)
    if doubtful is not None:
        return _tell(doubtful[0], doubtful[1])
    if rules.mistakes:
        return Suppression(
            rule_id=CALENDARS,
            author="airmend",
            reason="nobody can say what is in maintenance, since a calendar has a mistake: "
            f"{min(rules.mistakes)}",
        )
    return None


def find_covering(
    facts: Mapping[str, Any],
    services: Iterable[str | None],
    runbook_id: str | None,
    rules: Iterable[SuppressionRule],
) -> list[SuppressionRule]:
    """The rules that would hold an incident back while they are active.

    One whose expression has no value for it is among them, as it would hold it back too.

    Args:
        facts: `Incident.facts()`.
        services: Any of which a rule of a service may name.
        runbook_id: The runbook that takes the incident, or would.
        rules: Of any time.
    """
    named = list(services)
    return [rule for rule in rules if _may_cover(rule.scope, facts, named, runbook_id)]


def _may_cover(
    scope: Scope, facts: Mapping[str, Any], services: Sequence[str | None], runbook_id: str | None
) -> bool:
    try:
        return any(_covers(scope, facts, service, runbook_id) for service in services)
    except ExpressionError:
        return True


def _specific_first(rule: SuppressionRule) -> tuple[int, str]:
    return _SPECIFIC_FIRST.index(rule.scope.kind), rule.id


def _covers(
    scope: Scope, facts: Mapping[str, Any], service: str | None, runbook_id: str | None
) -> bool:
    """Whether a scope covers an incident.

    Raises:
        ExpressionError: The expression has no value, or one that is neither true nor false.
    """
    match scope.kind:
        case ScopeKind.ALL:
            return True
        case ScopeKind.SERVICE:
            return service is not None and service.casefold() == scope.value.casefold()
        case ScopeKind.RUNBOOK:
            return runbook_id == scope.value
        case ScopeKind.EXPRESSION:
            return _holds(scope.value, facts)


def _holds(expression: str, facts: Mapping[str, Any]) -> bool:
    """The value of an expression, where a label that the incident lacks counts as empty.

    So do the matchers of Alertmanager: `labels.job == 'shop'` leaves an incident without that
    label alone, and `labels.env != 'prod'` covers one without it.
    """
    labels, annotations = dict(facts["labels"]), dict(facts["annotations"])
    seen = {**facts, "labels": labels, "annotations": annotations}
    for _ in range(_MISSING_AT_MOST):
        try:
            value = evaluate(expression, seen)
        except MissingFactError as error:
            if error.key in labels and error.key in annotations:
                raise  # of a map that the expression makes itself
            labels.setdefault(error.key, "")
            annotations.setdefault(error.key, "")
        else:
            if isinstance(value, bool):
                return value
            raise ExpressionError(f"it gives {type(value).__name__} and not true or false")
    raise ExpressionError(f"it reads more than {_MISSING_AT_MOST} labels that are not there")


def _tell(rule: SuppressionRule, doubt: str = "") -> Suppression:
    done = "muted" if rule.kind is SuppressionKind.MUTE else "in maintenance"
    reason = f"{done} until {_moment(rule.until)}: {rule.reason}"
    if doubt:
        reason += f" (held back since its expression has no answer for this incident: {doubt})"
    return Suppression(rule_id=rule.id, author=rule.author, reason=reason)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
