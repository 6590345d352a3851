"""`airmend stop` and `airmend resume`: the kill switch, from the machine of the records."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from airmend.change.guard import NOTHING_DONE_YET
from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.cli.mute import moment
from airmend.cli.rule_options import By, Reason, as_bad_parameter, records, who
from airmend.incident.rule_making import make_switch
from airmend.records.changes import changes_under_way
from airmend.records.suppressions import kill_switch_state, set_kill_switch


def stop_command(reason: Reason, by: By = "") -> None:
    """Stop all remediations: none begins, no step of one; what has begun is rolled back."""
    with as_bad_parameter():
        entry = make_switch(True, by=who(by), reason=reason, now=datetime.now(UTC))
    with records() as database, database.session() as session:
        set_kill_switch(session, entry)
        under_way = changes_under_way(session)
    typer.echo(f"all remediations are stopped, by {entry.by}: {entry.reason}")
    for change in under_way:
        typer.echo(f"{change.id}  {change.runbook_id}, {change.status.value}: {_future(change)}")
    typer.echo("`airmend resume --reason ...` lets them begin again")


def resume_command(reason: Reason, by: By = "") -> None:
    """Let remediations begin again after `airmend stop`."""
    with as_bad_parameter():
        entry = make_switch(False, by=who(by), reason=reason, now=datetime.now(UTC))
    with records() as database, database.session() as session:
        before = kill_switch_state(session)
        changed = set_kill_switch(session, entry)
    if changed and before is not None:
        typer.echo(
            f"remediations may begin again; {before.by} had stopped them at {moment(before.at)}: "
            f"{before.reason}"
        )
    else:
        typer.echo("remediations are not stopped")


def _future(change: ChangeRequest) -> str:
    """What becomes of a change that was under way when all was stopped."""
    if change.status in NOTHING_DONE_YET:
        return "refused at its next task, unless `airmend resume` comes first"
    if change.status is ChangeStatus.EXECUTING:
        return "what runs comes to its end; a further step is refused, and it is rolled back"
    return "comes to its end"
