"""`airmend autonomy`: where runbooks stand on the ladder, what speaks for more, and the moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from airmend.change.autonomy import how_to_promote, tell_evidence, top_rung
from airmend.change.granting import move_on_ladder
from airmend.change.policy import Policy, load_policy
from airmend.change.trust import find_evidence, rung_of, settle_caused
from airmend.cli.mute import moment
from airmend.cli.rule_options import By, Reason, records, who
from airmend.records.runbooks import current_catalog_version, get_catalog, get_version
from airmend.records.standard import list_steps
from airmend.records.standard_model import Autonomy
from airmend.settings import get_settings

app = typer.Typer(help="How much runbooks may do by themselves: observe, propose, approve, auto.")

Runbook = Annotated[str, typer.Argument(help="Id of the runbook.")]


@app.command("list")
def list_command() -> None:
    """List where every runbook stands, and for which the evidence suffices for more."""
    policy = load_policy(get_settings().policy_file)
    with records() as database, database.session() as session:
        settle_caused(session, policy, now=datetime.now(UTC))
        lines = list(_list(session, policy))
    for line in lines or ["no runbook is published"]:
        typer.echo(line)


@app.command("set")
def set_command(
    runbook: Runbook,
    level: Annotated[Autonomy, typer.Argument(help="Up one rung at a time, down at once.")],
    reason: Reason,
    by: By = "",
) -> None:
    """Move a runbook on the ladder, and keep who did and why."""
    policy = load_policy(get_settings().policy_file)
    with records() as database, database.session() as session:
        step = move_on_ladder(
            session,
            runbook,
            level,
            policy,
            by=who(by),
            reason=reason.strip(),
            now=datetime.now(UTC),
        )
    typer.echo(f"{runbook} stands at '{step.level.value}', was at '{step.before.value}'")


@app.command("history")
def history_command(runbook: Runbook) -> None:
    """Show every move of a runbook, oldest first."""
    with records() as database, database.session() as session:
        steps = list_steps(session, runbook)
    for step in steps:
        moved = f"{step.before.value} -> {step.level.value}"
        typer.echo(f"{moment(step.at)}  {moved}  by {step.by}: {step.reason}")
    if not steps:
        typer.echo(f"nobody has moved {runbook}; it stands at the policy's 'autonomy.default'")


def _list(session: Session, policy: Policy) -> Iterator[str]:
    current = current_catalog_version(session)
    for entry in get_catalog(session, current).entries if current else []:
        name = entry.runbook_id
        change_type = get_version(session, entry.digest).runbook.change.type
        rung = rung_of(session, name, policy.autonomy)
        if rung.rung >= top_rung(change_type).rung:
            yield f"{name}  {rung.value}  its highest rung as a {change_type.value} change"
            continue
        evidence = find_evidence(session, entry.digest)
        enough, words = tell_evidence(rung, evidence, policy.autonomy, policy.standard)
        above = rung.above or rung
        if enough:
            command = how_to_promote(name, rung)
            yield f"{name}  {rung.value}  evidence suffices for '{above.value}': {words}; {command}"
        else:
            yield f"{name}  {rung.value}  not yet '{above.value}': {words}"
