"""`airmend unlock`: list the runbooks that a failed rollback locked, or unlock one."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer

from airmend.errors import ReviewError, UnknownRunbookError
from airmend.records.database import Database
from airmend.records.reviews import overdue_review, overdue_reviews, say_overdue
from airmend.records.runbooks import list_locks, unlock_runbook
from airmend.settings import get_settings


def unlock_command(
    runbook: Annotated[
        str | None, typer.Argument(help="Id of the runbook; without one, locks are listed.")
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", help="What you looked at, for the record; required.")
    ] = "",
    by: Annotated[
        str, typer.Option("--by", help="Who you are; the user of this terminal by default.")
    ] = "",
) -> None:
    """Let new changes of a locked runbook begin again, and keep who said so and why."""
    database = Database(get_settings().records_url)
    try:
        if runbook is None:
            _print_locks(database)
        elif not reason.strip():
            raise typer.BadParameter("say what you looked at: --reason 'web-2 is well, I checked'")
        else:
            _unlock(database, runbook, reason.strip(), by.strip() or getpass.getuser())
    finally:
        database.close()


def _print_locks(database: Database) -> None:
    with database.session() as session:
        locks = list_locks(session)
        overdue = overdue_reviews(session, datetime.now(UTC))
    for lock in locks:
        since = f"{lock.locked_at:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"{lock.runbook_id}  since {since}, by {lock.change_id}: {lock.reason}")
    for review in overdue:
        typer.echo(f"{review.runbook_id}  {say_overdue(review)}")
    if not locks and not overdue:
        typer.echo("no runbook is locked")


def _unlock(database: Database, runbook: str, reason: str, by: str) -> None:
    with database.session() as session:
        now = datetime.now(UTC)
        lock = unlock_runbook(session, runbook, by=by, reason=reason, at=now)
        review = overdue_review(session, runbook, now)
    if review is not None and lock is None:
        raise ReviewError(f"runbook '{runbook}' cannot be unlocked so: {say_overdue(review)}")
    if lock is None:
        raise UnknownRunbookError(
            f"runbook '{runbook}' is not locked. `airmend unlock` lists those that are"
        )
    if review is not None:
        typer.echo(f"{runbook} stays locked: {say_overdue(review)}")
    free = "its other lock is gone" if review is not None else f"{runbook} may run again"
    typer.echo(f"{free}; {lock.change_id} had left it locked: {lock.reason}")
