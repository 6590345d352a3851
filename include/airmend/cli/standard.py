"""`airmend standard`: templates of standard changes, with what they rest on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from airmend.change.granting import (
    approve_template,
    published_version,
    read_authors,
    suspend_by_person,
)
from airmend.change.model import ChangeType
from airmend.change.policy import Policy, load_policy
from airmend.change.standard import tell_record
from airmend.change.trust import rung_of, settle_caused
from airmend.cli.mute import moment
from airmend.cli.rule_options import By, Reason, records, who
from airmend.records.runbooks import current_catalog_version, get_catalog, get_version
from airmend.records.standard import latest_template, list_templates
from airmend.records.standard_model import Template
from airmend.records.troubles import count_runs
from airmend.settings import get_settings

app = typer.Typer(help="Templates of standard changes, with what they rest on.")

Runbook = Annotated[str, typer.Argument(help="Id of the runbook.")]


@app.command("approve")
def approve_command(
    runbook: Runbook,
    reason: Reason,
    by: By = "",
    max_hosts: Annotated[
        int | None,
        typer.Option("--max-hosts", min=1, help="Most hosts of one change; the runbook's own."),
    ] = None,
    host: Annotated[
        list[str] | None,
        typer.Option("--host", help="Hosts like this alone, with * and ?; may be given again."),
    ] = None,
) -> None:
    """Approve what a runbook holds now: the policy may then approve its standard changes."""
    policy, now = load_policy(get_settings().policy_file), datetime.now(UTC)
    with records() as database, database.session() as session:
        template = approve_template(
            session,
            runbook,
            policy,
            by=who(by),
            reason=reason.strip(),
            now=now,
            max_hosts=max_hosts,
            hosts=host or (),
        )
    typer.echo(f"template {template.id} of {runbook} is approved by {template.approved_by}")
    for line in _tell(template):
        typer.echo(f"  {line}")
    if policy.standard.success_bound == 0:
        typer.echo("  the policy asks for no clean runs: this rests on the approver's word alone")


@app.command("suspend")
def suspend_command(runbook: Runbook, reason: Reason, by: By = "") -> None:
    """Suspend the template of a runbook; its changes ask people from now on."""
    with records() as database, database.session() as session:
        template = suspend_by_person(
            session, runbook, by=who(by), reason=reason.strip(), now=datetime.now(UTC)
        )
    typer.echo(f"template {template.id} of {runbook} is suspended")


@app.command("list")
def list_command() -> None:
    """List runbooks that make standard changes: template, record, and what is missing."""
    policy = load_policy(get_settings().policy_file)
    with records() as database, database.session() as session:
        lines = list(_list(session, policy))
    for line in lines or ["no published runbook makes standard changes"]:
        typer.echo(line)


@app.command("show")
def show_command(runbook: Runbook) -> None:
    """Show what a runbook's standard changes rest on: record, authors, every template."""
    policy = load_policy(get_settings().policy_file)
    with records() as database, database.session() as session:
        version = published_version(session, runbook)
        settle_caused(session, policy, now=datetime.now(UTC), digest=version.digest)
        record = count_runs(session, version.digest)
        authors = read_authors(session, version, policy)
        templates = list_templates(session, runbook)
        rung = rung_of(session, runbook, policy.autonomy)
    typer.echo(f"{runbook} {version.runbook.version}, content {version.digest[:12]}")
    typer.echo(f"  change    {version.runbook.change.type.value}, stands at '{rung.value}'")
    typer.echo(f"  record    {tell_record(record, policy.standard)}")
    typer.echo(f"  authors   {', '.join(authors.names)}; they approve nothing of it")
    if authors.unknown:
        typer.echo(f"            somebody may be missing: {authors.unknown}")
    for template in templates:
        typer.echo(f"template {template.id}, content {template.digest[:12]}")
        for line in _tell(template):
            typer.echo(f"  {line}")
    if not templates:
        typer.echo("no template was ever approved; people approve its changes")


def _list(session: Session, policy: Policy) -> Iterator[str]:
    current = current_catalog_version(session)
    entries = get_catalog(session, current).entries if current else []
    settle_caused(session, policy, now=datetime.now(UTC))
    for entry in entries:
        version = get_version(session, entry.digest)
        if version.runbook.change.type is not ChangeType.STANDARD:
            continue
        template = latest_template(session, entry.runbook_id)
        if template is None:
            state = "no template"
        elif not template.is_active:
            state = f"suspended at {moment(template.suspended_at or template.approved_at)}"
        elif template.digest != entry.digest:
            state = "edited since it was approved"
        else:
            state = f"approved by {template.approved_by}"
        rung = rung_of(session, entry.runbook_id, policy.autonomy)
        record = tell_record(count_runs(session, entry.digest), policy.standard)
        yield f"{entry.runbook_id}  {rung.value}  {state}; {record}"


def _tell(template: Template) -> Iterator[str]:
    yield f"approved  by {template.approved_by} at {moment(template.approved_at)}"
    yield f"reason    {template.reason}"
    hosts = ", ".join(template.hosts) or "any that the runbook allows"
    yield f"limits    at most {template.max_hosts} hosts; {hosts}"
    yield (
        f"seen      {template.clean_runs} clean runs of "
        f"{template.clean_runs + template.failed_runs}, lower bound {template.bound:.3f}, "
        f"{template.asked_bound:.2f} asked"
    )
    if template.suspended_at is not None:
        yield (
            f"suspended by {template.suspended_by} at {moment(template.suspended_at)}: "
            f"{template.suspension_reason}"
        )
