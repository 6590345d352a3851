"""`airmend audit prune`: remove what is older than the retention; hashes and proofs stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer


def prune_command(
    days: Annotated[
        int | None,
        typer.Option(min=1, help="Older than so many; AIRMEND_AUDIT_RETENTION_DAYS by default."),
    ] = None,
    by: Annotated[
        str, typer.Option("--by", help="Who you are; the user of this terminal by default.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be removed, and change nothing.")
    ] = False,
) -> None:
    """Remove incidents that ended before the retention, with all that was recorded about them."""
    from airmend.audit.pruning import prune
    from airmend.audit.upkeep import seal_and_hand_on
    from airmend.cli.rule_options import records, who
    from airmend.errors import ConfigurationError
    from airmend.settings import get_settings

    settings, now = get_settings(), datetime.now(UTC)
    kept_days = days or settings.audit_retention_days
    if kept_days is None:
        raise ConfigurationError(
            "everything is kept for ever. Give --days, or set AIRMEND_AUDIT_RETENTION_DAYS"
        )
    cutoff = now - timedelta(days=kept_days)
    with records() as database:
        if not dry_run:
            seal_and_hand_on(database, settings, now=lambda: now)
        with database.session() as session:
            pruning = prune(session, cutoff, by=who(by), at=now, dry_run=dry_run)
        if not dry_run and pruning.rows:
            seal_and_hand_on(database, settings, now=lambda: now)
    for table, count in pruning.rows.items():
        typer.echo(f"{table}  {count} rows")
    count = sum(last - first + 1 for first, last in pruning.ranges)
    done = "would be" if dry_run else "are"
    typer.echo(f"{count} records of the log from before {cutoff:%Y-%m-%d} {done} removed")
