"""A change takes its share of a tier before its first step, and waits while there is none left.

Few hosts of a tier are worked on at once, over all changes; a change that has more of them goes
in smaller batches. What it took is written down with the change and counts until that ends, so
that a task that is killed and begins again goes on with the same share. Imports nothing of
Airflow.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy.orm import Session

from airmend.change.policy import Policy
from airmend.change.tier_share import UNLISTED, count_tiers, find_share, limit_tiers
from airmend.change.topology import Topology
from airmend.errors import ExecutionCancelledError, TargetBusyError
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.services import read_policy, read_topology
from airmend.records.ledger import read_story
from airmend.records.model import FactKind
from airmend.records.starts import queue_for_start
from airmend.records.tier_shares import count_used, find_taken, take_share

LOOK_AGAIN_SECONDS = 1.0


def wait_for_share(run: ChangeRun, cancelled: threading.Event) -> int | None:
    """Take the share of a change, as soon as there is one.

    Returns:
        How many hosts it may work on at a time; None where no topology says what tiers are.

    Raises:
        TargetBusyError: Others took longer than the policy lets a change wait.
        ExecutionCancelledError: It was stopped while it waited.
        ConfigurationError: Policy or topology cannot be used.
    """
    with run.database.session() as session:
        taken = find_taken(session, run.change_id)
    if taken is not None:  # whatever has become of topology and policy since
        return taken
    topology = read_topology(run.settings)
    if topology is None:
        return None
    policy = read_policy(run.settings)
    until = run.now() + timedelta(seconds=policy.target_wait_seconds)
    while True:
        with run.database.session() as session:
            at_once, told = _take(run, session, topology, policy)
        if at_once:
            return at_once
        if run.now() >= until:
            raise TargetBusyError(
                f"{told}; waited {policy.target_wait_seconds} s. "
                "Send the alert again when that change has ended"
            )
        run.log.info("waiting: %s", told)
        if cancelled.wait(LOOK_AGAIN_SECONDS):
            raise ExecutionCancelledError(f"stopped while waiting: {told}")


def _take(run: ChangeRun, session: Session, topology: Topology, policy: Policy) -> tuple[int, str]:
    """How many hosts at a time the change has now; 0 while it waits, and what for."""
    queue_for_start(session)
    if (taken := find_taken(session, run.change_id)) is not None:
        return taken, ""
    change = run.read_change(session)
    rails = policy.guard_rails
    limits = limit_tiers(topology, rails.tier_share, rails.unlisted_hosts_at_once)
    used = count_used(session, without=change.id)
    share = find_share(
        count_tiers(topology, [target.name for target in change.targets]),
        limits,
        {tier: count for tier, (count, _) in used.items()},
    )
    if share.at_once:
        take_share(session, change.id, share.by_tier, at_once=share.at_once)
        return share.at_once, ""
    told = _tell(share.full[0], limits, used)
    waited = any(
        fact.kind is FactKind.TARGETS_WAITED and fact.change_id == change.id
        for fact in read_story(session, change.incident_id)
    )
    if not waited:
        run.note(session, change, FactKind.TARGETS_WAITED, f"Waits: {told}")
    return 0, told


def _tell(tier: int, limits: Mapping[int, int], used: Mapping[int, tuple[int, list[str]]]) -> str:
    limit, (count, changes) = limits.get(tier, 1), used[tier]
    what = "of the hosts that no service lists" if tier == UNLISTED else f"of tier {tier}"
    return (
        f"{count} of {limit} hosts {what} that may be worked on at once are taken, by "
        f"{', '.join(changes)}"
    )
