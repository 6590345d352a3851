"""What `airmend mute` and `airmend maintenance add` are told: which incidents, and how long."""

from __future__ import annotations

import getpass
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from airmend.errors import SuppressionError
from airmend.incident.ids import new_id
from airmend.incident.model import Scope, ScopeKind, SuppressionKind, SuppressionRule
from airmend.incident.rule_making import make_rule, make_scope
from airmend.records.database import Database
from airmend.settings import get_settings

Service = Annotated[str, typer.Option("--service", help="Incidents of this service.")]
Runbook = Annotated[str, typer.Option("--runbook", help="Incidents that this runbook takes.")]
Expression = Annotated[
    str, typer.Option("--expression", help="Incidents for which this CEL over `incident` is true.")
]
Everything = Annotated[bool, typer.Option("--all", help="All incidents.")]
Length = Annotated[str, typer.Option("--for", help="How long: 30m, 2h, 1d, 1d12h; at most 30d.")]
Until = Annotated[
    str, typer.Option("--until", help="Until when, with its zone: 2026-03-02T18:00+01:00.")
]
From = Annotated[str, typer.Option("--from", help="From when, with its zone; now by default.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for others and for the record.")]
By = Annotated[str, typer.Option("--by", help="Who you are; the user of this terminal by default.")]

_LENGTH = re.compile(r"(?:([0-9]{1,3})d)?(?:([0-9]{1,3})h)?(?:([0-9]{1,4})m(?:in)?)?")


@contextmanager
def records() -> Iterator[Database]:
    """The records, closed at the end."""
    database = Database(get_settings().records_url)
    try:
        yield database
    finally:
        database.close()


def who(by: str) -> str:
    """Who gives a command."""
    return by.strip() or getpass.getuser()


def ask_for(
    kind: SuppressionKind,
    scope: Scope,
    *,
    start: str,
    length: str,
    until: str,
    reason: str,
    by: str,
) -> SuppressionRule:
    """The rule that the options ask for.

    Raises:
        typer.BadParameter: An option is missing or not usable.
    """
    now = datetime.now(UTC)
    starts_at = read_moment(start, "--from") if start else None
    if bool(length) == bool(until):
        raise typer.BadParameter("say how long: either --for 2h or --until 2026-03-02T18:00+01:00")
    begin = starts_at or now
    ends_at = read_moment(until, "--until") if until else begin + _read_length(length)
    with as_bad_parameter():
        return make_rule(
            kind,
            scope,
            starts_at=starts_at,
            ends_at=ends_at,
            author=who(by),
            reason=reason,
            now=now,
            new_id=new_id(),
        )


def choose_scope(service: str, runbook: str, expression: str, everything: bool) -> Scope:
    """Which incidents the options mean; nothing never means all.

    Raises:
        typer.BadParameter: They name nothing, or several things.
    """
    named = {
        ScopeKind.SERVICE: service,
        ScopeKind.RUNBOOK: runbook,
        ScopeKind.EXPRESSION: expression,
    }
    given = {kind: value for kind, value in named.items() if value}
    if len(given) + everything != 1:
        raise typer.BadParameter(
            "say which incidents, in one of these ways: --service, --runbook, --expression, --all"
        )
    kind, value = next(iter(given.items()), (ScopeKind.ALL, ""))
    with as_bad_parameter():
        return make_scope(kind, value)


@contextmanager
def as_bad_parameter() -> Iterator[None]:
    """Tell what cannot be used as a mistake of the command line."""
    try:
        yield
    except SuppressionError as error:
        raise typer.BadParameter(str(error)) from error


def _read_length(text: str) -> timedelta:
    found = _LENGTH.fullmatch(text.strip().lower().replace(" ", ""))
    if found is None or not any(found.groups()):
        raise typer.BadParameter(f"--for '{text}' is not understood; write 30m, 2h, 1d or 1d12h")
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def read_moment(text: str, option: str) -> datetime:
    """The moment that an option gives, in UTC.

    Args:
        text: ISO 8601 with a zone.
        option: Its name, for the message.

    Raises:
        typer.BadParameter: It is none, or has no zone.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise typer.BadParameter(
            f"{option} '{text}' is not understood; write 2026-03-02T18:00+01:00"
        ) from error
    if moment.tzinfo is None:
        raise typer.BadParameter(
            f"{option} '{text}' has no zone; write {text.strip()}+01:00, or {text.strip()}Z for UTC"
        )
    return moment.astimezone(UTC)
