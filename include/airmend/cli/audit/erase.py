"""`airmend audit erase`: take a person's name out of the records; every proof stays."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer


def erase_command(
    person: Annotated[str, typer.Argument(help="The name as it stands in the records.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, without the name; required.")],
    by: Annotated[
        str, typer.Option("--by", help="Who you are; the user of this terminal by default.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be erased, and change nothing.")
    ] = False,
) -> None:
    """Take a person's name out of the records and reports; the log keeps it unreadable."""
    from airmend.audit.erasure import ERASED, erase_person
    from airmend.audit.upkeep import seal_and_hand_on
    from airmend.cli.audit.remaking import remake_reports
    from airmend.cli.report.finding import read_report_policy
    from airmend.cli.rule_options import records, who
    from airmend.settings import get_settings

    if not reason.strip():
        raise typer.BadParameter("say why, without the name: --reason 'request 17'")
    settings, now, policy = get_settings(), datetime.now(UTC), read_report_policy()
    with records() as database:
        if not dry_run:
            seal_and_hand_on(database, settings, now=lambda: now)  # what waits must be in the log
        with database.session() as session:
            erasure = erase_person(
                session, person, by=who(by), reason=reason.strip(), at=now, dry_run=dry_run
            )
        if not dry_run and erasure.columns:
            seal_and_hand_on(database, settings, now=lambda: now)
        for place, count in sorted(erasure.columns.items()):
            typer.echo(f"{place}  {count} rows")
        done = "would be erased" if dry_run else f"are erased, and read '{ERASED}'"
        count = sum(erasure.columns.values())
        typer.echo(f"{count} places {done}; {len(erasure.fields)} in the log")
        remade = remake_reports(
            database, settings, policy, person, erasure.reports, dry_run=dry_run
        )
    done = "would be" if dry_run else "are"
    typer.echo(f"{len(remade.changes)} reports {done} made again below {settings.reports_path}")
    for path in remade.left:
        typer.echo(f"{path}: holds the name or cannot be read. Look at it, and remove it yourself")
    typer.echo("not looked at: runbooks, Airflow's own users, and files that lie elsewhere")
