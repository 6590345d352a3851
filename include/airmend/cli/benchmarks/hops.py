"""Where the time of a run goes: Airflow's own times of each task, made comparable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from statistics import median
from typing import Any


@dataclass(frozen=True)
class TaskTimes:
    """One task of one run, as Airflow recorded it, and how long Ansible ran in it."""

    task: str
    queued_at: datetime
    started_at: datetime
    ended_at: datetime
    ansible_seconds: float = 0.0


@dataclass(frozen=True)
class Hop:
    """Seconds between the end of one task and the end of the next."""

    task: str
    queue_wait: float | None  # from the end of the task before (or the POST) until it was queued
    start_wait: float | None  # from there until its process reported that it runs
    ran: float | None  # from there until its end
    ansible: float | None  # of this, Ansible
    ours: float  # all of it but Ansible

    def document(self) -> dict[str, Any]:
        """As plain data, rounded to milliseconds."""
        return {
            key: round(value, 3) if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }


def trace_hops(posted_at: datetime, tasks: Sequence[TaskTimes], ended_at: datetime) -> list[Hop]:
    """The hops of one run, in the order in which its tasks ran; together they are all its time.

    Args:
        posted_at: When the alert was sent.
        tasks: The tasks that ran; those that were skipped cost no process.
        ended_at: When the run ended.
    """
    hops, before = [], posted_at
    for each in sorted(tasks, key=lambda task: task.started_at):
        ran = (each.ended_at - each.started_at).total_seconds()
        whole = (each.ended_at - before).total_seconds()
        hops.append(
            Hop(
                task=each.task,
                queue_wait=(each.queued_at - before).total_seconds(),
                start_wait=(each.started_at - each.queued_at).total_seconds(),
                ran=ran,
                ansible=each.ansible_seconds,
                ours=whole - each.ansible_seconds,
            )
        )
        before = each.ended_at
    tail = (ended_at - before).total_seconds()
    return [*hops, Hop("(end of the run)", None, None, None, None, ours=tail)]


def median_hops(runs: Sequence[Sequence[Hop]]) -> list[Hop]:
    """The median of each part of each hop over several runs of the same runbook."""
    by_task: dict[str, list[Hop]] = {}
    for hops in runs:
        for hop in hops:
            by_task.setdefault(hop.task, []).append(hop)
    return [
        Hop(
            task,
            queue_wait=_median([hop.queue_wait for hop in hops]),
            start_wait=_median([hop.start_wait for hop in hops]),
            ran=_median([hop.ran for hop in hops]),
            ansible=_median([hop.ansible for hop in hops]),
            ours=median(hop.ours for hop in hops),
        )
        for task, hops in by_task.items()
    ]


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
