"""Other changes that are under way: which a change overlaps with, and when it has room beside them.

What is read here is judged by the pure `change.conflicts` and `change.slots`. Imports nothing of
Airflow.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from airmend.change.calendar_gate import offer_slot, work_of
from airmend.change.calendar_scope import Subject
from airmend.change.conflicts import OtherChange, Overlap, find_overlaps
from airmend.change.intervals import Interval
from airmend.change.model import ChangeRequest
from airmend.change.policy import Policy
from airmend.incident.model import SuppressionRule
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.services import read_topology
from airmend.records.begun import Begun


def find_other_changes(
    run: ChangeRun, change: ChangeRequest, others: Sequence[Begun]
) -> list[Overlap]:
    """The changes under way that this one overlaps with.

    Raises:
        ConfigurationError: The topology is named and cannot be used.
    """
    return find_overlaps(
        run.runbook.change.service,
        [target.name for target in change.targets],
        [OtherChange(it.change.id, it.service, it.hosts) for it in others],
        read_topology(run.settings),
    )


def offer_to(
    run: ChangeRun,
    change: ChangeRequest,
    policy: Policy,
    others: Sequence[Begun],
    held: Sequence[SuppressionRule],
) -> Interval | None:
    """The next free slot to name to people, beside the changes that would overlap.

    Another change is at work now, or in its own next slot. In `held`, mutes and maintenance
    windows, it would only be held back.
    """
    topology, calendar, now = read_topology(run.settings), policy.times, run.now()
    overlapping = {each.change_id for each in find_other_changes(run, change, others)}
    slots = [Interval(rule.starts_at, rule.until) for rule in held]
    for other in (it for it in others if it.change.id in overlapping):
        subject = Subject.of(other.service, other.change.change_type, other.hosts, topology)
        slot = work_of(calendar, now, other.length, subject, is_at_work=other.is_at_work)
        slots += [slot] if slot is not None else []
    return offer_slot(calendar, now, length_of_run(run), subject_of_run(run, change), slots)


def subject_of_run(run: ChangeRun, change: ChangeRequest) -> Subject:
    """What the calendar is asked about for the change of a run."""
    hosts = [target.name for target in change.targets]
    service, topology = run.runbook.change.service, read_topology(run.settings)
    return Subject.of(service, change.change_type, hosts, topology)


def length_of_run(run: ChangeRun) -> timedelta:
    """How long the steps of a run may take together."""
    return timedelta(seconds=run.runbook.change.timeout_seconds)
