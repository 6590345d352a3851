"""`airmend calendar`: change windows, freezes, holidays, and the next free slot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from airmend.change.calendar_gate import find_hold, offer_slot, tell_time, work_of
from airmend.change.calendar_policy import FreezeEntry, HolidayEntry, WindowEntry
from airmend.change.calendar_scope import Fit, Scoped, Subject
from airmend.change.conflicts import OtherChange, find_overlaps
from airmend.change.intervals import Interval, intersect
from airmend.change.model import ChangeType
from airmend.change.policy import Policy, load_policy
from airmend.change.slots import Calendar, Occurrence
from airmend.change.topology import Topology, load_topology
from airmend.cli.rule_options import records
from airmend.incident.model import ScopeKind, SuppressionRule
from airmend.incident.rules import list_coming
from airmend.incident.suppression import find_covering
from airmend.records.begun import Begun, list_begun
from airmend.settings import get_settings

app = typer.Typer(
    help="Show change windows, freezes and holidays, and the next free slot.",
    no_args_is_help=True,
    add_completion=False,
)

MINUTE = timedelta(minutes=1)

Service = Annotated[str, typer.Option(help="The service that is to be changed.")]
Kind = Annotated[ChangeType, typer.Option("--type", help="The type of the change.")]


@app.command("show")
def show_command(
    days: Annotated[int, typer.Option(min=1, max=366, help="How far ahead.")] = 14,
    service: Annotated[str, typer.Option(help="Only what is about this service.")] = "",
) -> None:
    """List windows, freezes and holidays, and the changes that run or wait."""
    policy, topology = _read()
    calendar, now = policy.times, datetime.now(UTC)
    subject = Subject.of(service, ChangeType.NORMAL, [], topology) if service else None
    found = [
        each
        for each in calendar.occurrences(now, now + timedelta(days=days))
        if subject is None or _is_about(each.entry, subject)
    ]
    for each in found:
        begins, ends = (tell_time(at, calendar) for at in (each.times.start_at, each.times.end_at))
        state = "now" if each.times.holds(now) else ""
        what = f"{_tell_entry(each.entry)}{_tell_scope(each.entry)}"
        typer.echo(f"{state:4}{begins}  to {ends}  {what}{_tell_holidays(each, found)}")
    if not found:
        typer.echo(
            f"no window, freeze or holiday within {days} days: changes may begin at any time"
        )
    with records() as database, database.session() as session:
        begun = list_begun(session)
    for other in begun:
        if not service or other.service == service:
            typer.echo(_tell_change(other, calendar, topology, now))


@app.command("next")
def next_command(
    service: Service,
    minutes: Annotated[
        int, typer.Option(min=1, max=10_080, help="How long the change takes.")
    ] = 30,
    kind: Kind = ChangeType.NORMAL,
) -> None:
    """Name the next free slot: in a window, in no freeze, mute or maintenance; 1 with none."""
    policy, topology = _read()
    calendar, now, length = policy.times, datetime.now(UTC), minutes * MINUTE
    subject = Subject.of(service, kind, [], topology)
    with records() as database, database.session() as session:
        begun = list_begun(session)
        rules = list_coming(session, now, get_settings().maintenance_dir)
    held = [rule for rule in rules if _is_announced_for(rule, service)]
    busy = _busy(service, begun, calendar, topology, now)
    hold = find_hold(calendar, now, length, subject)
    if hold is not None:
        typer.echo(f"now: {hold.reason}")
    for change_id, where, slot in busy:
        until = tell_time(slot.end_at, calendar)
        typer.echo(f"now: {change_id} {where}, until {until} at the latest")
    for rule in (rule for rule in held if rule.is_active(now)):
        until = tell_time(rule.until, calendar)
        typer.echo(f"now: {rule.id} of {rule.author} holds it back until {until}: {rule.reason}")
    taken = [*(slot for _, _, slot in busy), *(Interval(it.starts_at, it.until) for it in held)]
    found = offer_slot(calendar, now, length, subject, taken)
    if found is None:
        typer.echo(f"no slot of {minutes} minutes is free within 400 days", err=True)
        raise typer.Exit(1)
    begins, ends = tell_time(found.start_at, calendar), tell_time(found.end_at, calendar)
    typer.echo(f"next free slot of {minutes} minutes: {begins} to {ends}")


def _read() -> tuple[Policy, Topology | None]:
    settings = get_settings()
    topology = load_topology(settings.topology_file) if settings.topology_file else None
    return load_policy(settings.policy_file), topology


def _is_announced_for(rule: SuppressionRule, service: str) -> bool:
    """Whether a mute or a maintenance window is about any change of a service."""
    whole = {ScopeKind.ALL, ScopeKind.SERVICE}  # others are about incidents, of which is none here
    return rule.scope.kind in whole and bool(find_covering({}, [service], None, [rule]))


def _is_about(entry: Scoped, subject: Subject) -> bool:
    return entry.fits(subject, shared=isinstance(entry, FreezeEntry)) is not Fit.NO


def _tell_entry(entry: Scoped) -> str:
    if isinstance(entry, FreezeEntry):
        return f"freeze {entry.name}"
    if isinstance(entry, WindowEntry):
        return f"{'binding ' if entry.binding else ''}window {entry.name}"
    return f"holiday {entry.name}"


def _tell_holidays(each: Occurrence, found: Sequence[Occurrence]) -> str:
    """Which holidays close a window, for as long as they last."""
    if not isinstance(each.entry, WindowEntry) or each.entry.open_on_holidays:
        return ""
    names = dict.fromkeys(
        other.entry.name
        for other in found
        if isinstance(other.entry, HolidayEntry) and intersect([each.times], [other.times])
    )
    return f"; closed on {', '.join(names)}" if names else ""


def _tell_scope(entry: Scoped) -> str:
    lists: dict[str, Sequence[object] | None] = {
        "services": entry.services,
        "environments": entry.environments,
        "tiers": entry.tiers,
        "types": entry.types,
        "except": entry.except_types or None,
    }
    parts = [f"{key} {', '.join(map(str, it))}" for key, it in lists.items() if it is not None]
    return f"  ({'; '.join(parts)})" if parts else ""


def _tell_change(other: Begun, calendar: Calendar, topology: Topology | None, now: datetime) -> str:
    slot = _slot_of(other, calendar, topology, now)
    where = ", ".join(other.hosts)
    text = f"{other.change.id}  {other.change.status.value} on {other.service}: {where}"
    if slot is None:
        return f"{text}; has no free slot"
    if other.is_at_work:
        return f"{text}; until {tell_time(slot.end_at, calendar)} at the latest"
    if slot.start_at <= now:
        return f"{text}; may begin"
    return f"{text}; waits for {tell_time(slot.start_at, calendar)}"


def _slot_of(
    other: Begun, calendar: Calendar, topology: Topology | None, now: datetime
) -> Interval | None:
    subject = Subject.of(other.service, other.change.change_type, other.hosts, topology)
    return work_of(calendar, now, other.length, subject, is_at_work=other.is_at_work)


def _busy(
    service: str,
    begun: Sequence[Begun],
    calendar: Calendar,
    topology: Topology | None,
    now: datetime,
) -> list[tuple[str, str, Interval]]:
    """The changes under way that a change of a service would overlap with, and their slots."""
    hosts = list(topology.instances.get(service, ())) if topology is not None else []
    others = [OtherChange(it.change.id, it.service, it.hosts) for it in begun]
    where = {it.change_id: it.where for it in find_overlaps(service, hosts, others, topology)}
    slots = {
        it.change.id: _slot_of(it, calendar, topology, now) for it in begun if it.change.id in where
    }
    return [(name, where[name], slot) for name, slot in slots.items() if slot is not None]
