"""`airmend report classify` and `submitted`: what people state about an incident for DORA."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from airmend.cli.report.finding import read_report_policy, remake
from airmend.cli.rule_options import By, Reason, read_moment, records, who
from airmend.records.statements import record_classification, record_submission
from airmend.review.annexes import DoraReport
from airmend.settings import get_settings

Incident = Annotated[str, typer.Argument(help="Id of the incident, INC-...")]
At = Annotated[
    str, typer.Option("--at", help="When, with its zone: 2026-03-02T18:00+01:00; now by default.")
]


def classify_command(
    incident: Incident,
    reason: Reason,
    major: Annotated[
        bool | None,
        typer.Option("--major/--not-major", help="By the criteria of Regulation (EU) 2024/1772."),
    ] = None,
    at: At = "",
    aware_at: Annotated[
        str,
        typer.Option(
            "--aware-at", help="When people knew of it, where that was before the alert came."
        ),
    ] = "",
    by: By = "",
) -> None:
    """Record that a person classified an incident as major, or not; the deadlines follow."""
    if major is None:
        raise typer.BadParameter("say which: --major or --not-major")
    if not reason.strip():
        raise typer.BadParameter("say which criteria are met, or not: --reason '...'")
    policy, now = read_report_policy(), datetime.now(UTC)
    with records() as database:
        with database.session() as session:
            is_new = record_classification(
                session,
                incident,
                is_major=major,
                stated_at=read_moment(at, "--at") if at else now,
                aware_at=read_moment(aware_at, "--aware-at") if aware_at else None,
                by=who(by),
                reason=reason.strip(),
                at=now,
            )
        remake(database, get_settings(), policy, incident)
    word = "major" if major else "not major"
    typer.echo(f"{incident} is classified as {word}" if is_new else "that is on record already")
    typer.echo(f"`airmend report dora {incident}` shows what is due")


def submitted_command(
    incident: Incident,
    report: Annotated[DoraReport, typer.Argument(help="Which report was sent.")],
    at: At = "",
    reference: Annotated[
        str, typer.Option("--reference", help="The authority's own code of the incident.")
    ] = "",
    by: By = "",
) -> None:
    """Record that a report was sent to the authority; the next deadline follows."""
    policy, now = read_report_policy(), datetime.now(UTC)
    with records() as database:
        with database.session() as session:
            is_new = record_submission(
                session,
                incident,
                report.value,
                stated_at=read_moment(at, "--at") if at else now,
                by=who(by),
                reference=reference.strip(),
                at=now,
            )
        remake(database, get_settings(), policy, incident)
    said = f"the {report.value} report of {incident} is recorded as sent"
    typer.echo(said if is_new else "that is on record already")
