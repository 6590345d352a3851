"""`airmend review`: the reviews that emergency changes owe, and completing one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from airmend.change.policy import load_policy
from airmend.change.reviewing import review_change
from airmend.cli.rule_options import By, records, who
from airmend.records.hand_requests import get_request
from airmend.records.model import ReviewVerdict
from airmend.records.reviews import completed_reviews, open_reviews
from airmend.records.role_snapshots import read_roles
from airmend.settings import get_settings

SHOWN = 20

app = typer.Typer(
    help="List and complete the reviews of emergency changes.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command("list")
def list_command() -> None:
    """List the reviews that are owed, the most urgent first, and those completed last."""
    now = datetime.now(UTC)
    with records() as database, database.session() as session:
        owed = [(each, get_request(session, each.change_id)) for each in open_reviews(session)]
        done = completed_reviews(session, limit=SHOWN)
    for review, request in owed:
        state = "OVERDUE, locked" if review.is_overdue(now) else "due"
        why = f"{request.requested_by}: {request.reason}" if request else "not on record"
        typer.echo(
            f"{review.change_id}  {review.runbook_id}  {state} {_moment(review.due_at)}  by {why}"
        )
    for review in done:
        word = str(review.verdict.value if review.verdict else "").replace("_", " ")
        at = _moment(review.reviewed_at or review.due_at)
        typer.echo(
            f"{review.change_id}  {review.runbook_id}  reviewed {at} by {review.reviewed_by}: "
            f"{word}. {review.notes}"
        )
    if not owed:
        typer.echo("no emergency change waits for its review")


@app.command("complete")
def complete_command(
    change: Annotated[str, typer.Argument(help="Id of the emergency change, CHG-...")],
    verdict: Annotated[ReviewVerdict, typer.Option("--verdict", help="What you found.")],
    notes: Annotated[
        str, typer.Option("--notes", help="What you looked at and found, for the record.")
    ],
    by: By = "",
) -> None:
    """Complete the review of an emergency change; its runbook is free again where it was locked.

    Whoever ran the change or wrote its runbook may not. Where the policy's reviewers are a role
    of Airflow, its API server has to run: it writes down who has that role.
    """
    settings = get_settings()
    policy = load_policy(settings.policy_file)
    with records() as database, database.session() as session:
        review = review_change(
            session,
            change,
            by=who(by),
            verdict=verdict,
            notes=notes,
            policy=policy,
            roles=read_roles(session, max_age=timedelta(seconds=settings.roles_max_age_seconds)),
            at=datetime.now(UTC),
        )
    typer.echo(f"{review.change_id} is reviewed by {review.reviewed_by}: {verdict.value}")


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
