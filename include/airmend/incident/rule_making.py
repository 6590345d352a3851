"""How a mute, a window or an entry of the kill switch comes to be: asked for, and checked.

Pure. Called by the doors: the API, the pages and the command line. What is checked here is not
doubted when an incident is held against it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import ValidationError

from airmend.errors import SuppressionError
from airmend.expressions import ExpressionError, check_expression
from airmend.incident.fields import NAME_LIMIT, SUMMARY_LIMIT, storable
from airmend.incident.model import (
    MAX_SUPPRESSION,
    KillSwitch,
    Scope,
    ScopeKind,
    SuppressionKind,
    SuppressionRule,
)

FURTHEST_START = timedelta(days=365)
"""No rule is made for later than this."""

CLOCKS_DIFFER = timedelta(minutes=5)
"""A start this far in the past is taken for now; an earlier one would tell what was not so."""

_PREFIXES = {SuppressionKind.MUTE: "MUT", SuppressionKind.MAINTENANCE: "MNT"}


def make_rule(
    kind: SuppressionKind,
    scope: Scope,
    *,
    starts_at: datetime | None,
    ends_at: datetime,
    author: str,
    reason: str,
    now: datetime,
    new_id: str,
) -> SuppressionRule:
    """A rule as somebody asks for it, checked.

    Args:
        kind: A mute or a window.
        scope: What it covers; an expression is compiled, and its names are looked at.
        starts_at: When it begins; None means now.
        ends_at: When it ends: after its start and now, at most 30 days after its start.
        author: Who asks, as the login or the terminal says.
        reason: Why, for others.
        now: The time, aware.
        new_id: Eight random characters, for its id.

    Raises:
        SuppressionError: A field is not usable; the message says why and what would be.
    """
    author, reason = check_words(author, reason)
    starts_at = now if starts_at is None else starts_at
    if starts_at < now - CLOCKS_DIFFER:
        raise SuppressionError("starts_at", "is in the past; leave it out to begin now")
    starts_at = max(starts_at, now)
    if starts_at > now + FURTHEST_START:
        raise SuppressionError("starts_at", f"is more than {FURTHEST_START.days} days away")
    if ends_at <= starts_at:
        raise SuppressionError("ends_at", "is not after the start; name a later time")
    if ends_at - starts_at > MAX_SUPPRESSION:
        raise SuppressionError(
            "ends_at",
            f"is more than {MAX_SUPPRESSION.days} days after the start; what is needed longer is "
            "a change of the runbook or of monitoring",
        )
    return SuppressionRule(
        id=f"{_PREFIXES[kind]}-{now:%Y%m%d}-{new_id}",
        kind=kind,
        scope=check_scope(scope),
        starts_at=starts_at,
        ends_at=ends_at,
        author=author,
        reason=reason,
        created_at=now,
    )


def make_switch(is_on: bool, *, by: str, reason: str, now: datetime) -> KillSwitch:
    """An entry for the log of the kill switch, checked.

    Raises:
        SuppressionError: There is nobody, or no reason.
    """
    by, reason = check_words(by, reason)
    return KillSwitch(is_on=is_on, by=by, reason=reason, at=now)


def check_words(author: str, reason: str) -> tuple[str, str]:
    """Who and why, each as one line that can be stored and shown.

    Raises:
        SuppressionError: One is empty or too long.
    """
    return _clean("author", author, NAME_LIMIT), _clean("reason", reason, SUMMARY_LIMIT)


def make_scope(kind: ScopeKind, value: str = "") -> Scope:
    """A scope, checked.

    Raises:
        SuppressionError: It names nothing, or an expression with a mistake.
    """
    try:
        scope = Scope(kind=kind, value=value.strip())
    except ValidationError as error:
        fact = error.errors()[0]["msg"].removeprefix("Value error, ").rstrip(".")
        raise SuppressionError("scope", fact) from error
    return check_scope(scope)


def check_scope(scope: Scope) -> Scope:
    """The scope as it is stored.

    Raises:
        SuppressionError: Its expression has a mistake, or its name is too long.
    """
    if scope.kind is not ScopeKind.EXPRESSION:
        limits = {"value": _clean("scope", scope.value, NAME_LIMIT)} if scope.value else {}
        return scope.model_copy(update=limits)
    try:
        check_expression(scope.value)
    except ExpressionError as error:
        raise SuppressionError("scope", f"{error.fact}. {error.remedy}".rstrip()) from error
    return scope.model_copy(update={"value": storable(scope.value.strip())})


def _clean(field: str, text: str, limit: int) -> str:
    """One line of text that can be stored and shown."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(storable(text))).split())
    if not line:
        raise SuppressionError(field, "is empty; say it, for those who read it later")
    if len(line) > limit:
        raise SuppressionError(field, f"has {len(line)} characters; {limit} are allowed")
    return line
