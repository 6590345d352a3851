"""`airmend mute`, `airmend mutes`, `airmend unmute`: silence for a time, seen and ended."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from airmend.cli.rule_options import (
    By,
    Everything,
    Expression,
    From,
    Length,
    Reason,
    Runbook,
    Service,
    Until,
    as_bad_parameter,
    ask_for,
    choose_scope,
    records,
    who,
)
from airmend.errors import UnknownSuppressionError
from airmend.incident.maintenance import read_maintenance
from airmend.incident.model import SuppressionKind, SuppressionRule
from airmend.incident.rule_making import check_words
from airmend.incident.suppression import RulesInForce, find_suppression
from airmend.records.incidents import list_incidents
from airmend.records.overview import latest_changes
from airmend.records.suppressions import (
    coming_suppressions,
    create_suppression,
    end_suppression,
    kill_switch_state,
    past_suppressions,
)
from airmend.settings import get_settings

LOOKED_AT = 1_000
"""Newest incidents that are looked through for those that a new rule covers."""


def mute_command(
    reason: Reason,
    service: Service = "",
    runbook: Runbook = "",
    expression: Expression = "",
    everything: Everything = False,
    length: Length = "",
    until: Until = "",
    start: From = "",
    by: By = "",
) -> None:
    """Keep automation's hands off some incidents for a time; alerts are still taken in."""
    scope = choose_scope(service, runbook, expression, everything)
    add_rule(
        ask_for(
            SuppressionKind.MUTE,
            scope,
            start=start,
            length=length,
            until=until,
            reason=reason,
            by=by,
        )
    )


def add_rule(rule: SuppressionRule) -> None:
    """Store a rule and say what it covers of what is open now."""
    with records() as database, database.session() as session:
        create_suppression(session, rule)
        covered = _covered(session, rule)
    typer.echo(tell(rule))
    if covered:
        typer.echo(f"covers {len(covered)} open now: {', '.join(covered[:10])}")
    else:
        typer.echo("covers no incident that is open now")


def mutes_command(
    past: Annotated[bool, typer.Option("--past", help="Those that are over, too.")] = False,
) -> None:
    """List mutes and maintenance windows, and how the kill switch stands."""
    now = datetime.now(UTC)
    with records() as database, database.session() as session:
        switch = kill_switch_state(session)
        rules = coming_suppressions(session, now)
        over = past_suppressions(session, now, limit=LOOKED_AT) if past else []
    maintenance = read_maintenance(get_settings().maintenance_dir, now)
    if switch is not None and switch.is_on:
        typer.echo(
            f"ALL REMEDIATIONS ARE STOPPED since {moment(switch.at)} by {switch.by}: "
            f"{switch.reason}. `airmend resume` lets them begin again"
        )
    active = [rule for rule in maintenance.rules if rule.is_active(now)]
    for rule in (*rules, *active, *over):
        typer.echo(f"{rule.state(now):6}  {tell(rule)}")
    for mistake in maintenance.mistakes:
        typer.echo(f"nothing is remediated, since a calendar cannot be used: {mistake}", err=True)
    if not (rules or active or over):
        typer.echo("nothing is muted, and nothing is in maintenance")


def unmute_command(
    rule: Annotated[str, typer.Argument(help="Id of the mute or the window, MUT-... or MNT-...")],
    reason: Reason,
    by: By = "",
) -> None:
    """End a mute or a maintenance window before its time, and keep who said so and why."""
    with as_bad_parameter():
        author, why = check_words(who(by), reason)
    now = datetime.now(UTC)
    with records() as database, database.session() as session:
        ended = end_suppression(session, rule, by=author, reason=why, at=now)
    if ended is None:
        raise UnknownSuppressionError(
            f"there is no mute and no window '{rule}'. `airmend mutes` lists them; a window of a "
            "calendar is ended in its calendar"
        )
    done = "is ended" if ended.ended_at == now else f"was over already, at {moment(ended.until)}"
    typer.echo(f"{ended.id} {done}")


def tell(rule: SuppressionRule) -> str:
    """A rule in one line."""
    text = (
        f"{rule.id}  {rule.kind.value} of {rule.scope}, {moment(rule.starts_at)} to "
        f"{moment(rule.until)}, by {rule.author}: {rule.reason}"
    )
    return f"{text} (ended by {rule.ended_by}: {rule.end_reason})" if rule.ended_at else text


def moment(at: datetime) -> str:
    """A time as the command line shows it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _covered(session: Session, rule: SuppressionRule) -> list[str]:
    """The open incidents that a rule covers from its start on."""
    incidents = [it for it in list_incidents(session, limit=LOOKED_AT) if it.status.is_open]
    changes = latest_changes(session, [incident.id for incident in incidents])
    rules = RulesInForce(rules=[rule])
    covered = []
    for incident in incidents:
        change = changes.get(incident.id)
        runbook_id = change.runbook_id if change else None
        if find_suppression(incident.facts(), incident.service, runbook_id, rules, rule.starts_at):
            covered.append(incident.id)
    return covered
