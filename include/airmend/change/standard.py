"""What lets the policy approve a standard change: a template, its record of clean runs, `auto`.

Pure; `trust.py` reads what is judged here from the records. Source of the bound:
docs/adr/0018-standard-changes.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase

from pydantic import Field

from airmend.change.model import ChangeRequest
from airmend.change.policy_part import Part
from airmend.records.standard_model import Autonomy, RunRecord, Template, Trouble

HALVINGS = 50
"""Of an interval of 1: far below what a double can tell apart near 1."""


class StandardPolicy(Part):
    """What a template of a standard change has to be worth."""

    success_bound: float = Field(default=0.90, ge=0, lt=1)  # 0: an approver's word is enough
    credible_level: float = Field(default=0.05, gt=0, lt=0.5)
    prior_clean: int = Field(default=1, ge=1, le=1000)
    prior_failed: int = Field(default=1, ge=1, le=1000)
    recurrence_horizon_seconds: int = Field(default=3600, ge=0, le=604_800)  # 0: nobody looks

    @property
    def horizon(self) -> timedelta:
        """How long after its end a change answers for incidents."""
        return timedelta(seconds=self.recurrence_horizon_seconds)


@dataclass(frozen=True)
class Ground:
    """What a standard change of one runbook content stands on.

    Args:
        template: The one of its runbook that was approved last, suspended or not, whatever its
            content; None where there never was one.
        autonomy: Where the runbook stands on the ladder.
        record: How the changes of exactly this content went.
        trouble: What speaks against the content since the template was approved.
    """

    template: Template | None
    autonomy: Autonomy
    record: RunRecord
    trouble: Trouble | None = None


def find_obstacles(change: ChangeRequest, ground: Ground, policy: StandardPolicy) -> list[str]:
    """Why the policy may not approve a standard change; nothing where it may."""
    return list(_obstacles(change, ground, policy))


def _obstacles(change: ChangeRequest, ground: Ground, policy: StandardPolicy) -> Iterator[str]:
    template, runbook = ground.template, change.runbook_id
    if template is None:
        yield f"no approved template; airmend standard approve {runbook} makes one"
        return
    if not template.is_active:
        yield (
            f"the template that {template.approved_by} approved is suspended by "
            f"{template.suspended_by}: {template.suspension_reason}"
        )
    elif template.digest != change.runbook_digest:
        yield (
            f"the template is for content {template.digest[:12]}, and this is "
            f"{change.runbook_digest[:12]}"
        )
    yield from _beyond_limits(change, template)
    if ground.trouble is not None:
        yield f"since it was approved, change {ground.trouble.change_id}: {ground.trouble.why}"
    if ground.autonomy is not Autonomy.AUTO:
        yield f"runbook {runbook} stands at '{ground.autonomy.value}', not at 'auto'"
    if not meets_bound(ground.record, policy):
        yield f"its record is too small: {tell_record(ground.record, policy)}"


def _beyond_limits(change: ChangeRequest, template: Template) -> Iterator[str]:
    if len(change.targets) > template.max_hosts:
        yield f"{len(change.targets)} hosts, and the template allows {template.max_hosts}"
    if template.hosts:
        outside = [
            target.name
            for target in change.targets
            if not any(fnmatchcase(target.name, pattern) for pattern in template.hosts)
        ]
        if outside:
            allowed = ", ".join(template.hosts)
            yield f"{', '.join(sorted(outside))}: the template allows hosts like {allowed} alone"


def tell_basis(ground: Ground, policy: StandardPolicy) -> str:
    """On what a decision by policy rests, in a few words."""
    template = ground.template
    by = f"template {template.id}" if template else "no template"  # names are erasable elsewhere
    if policy.success_bound == 0:
        return f"{by} on its approver's word, as the policy asks for no clean runs"
    return f"{by}, {tell_record(ground.record, policy)}"


def tell_record(record: RunRecord, policy: StandardPolicy) -> str:
    """The record in words: runs, bound, and what is missing."""
    total = record.clean + record.failed
    more = runs_needed(record, policy)
    text = (
        f"{record.clean} clean runs of {total}, lower bound {success_bound(record, policy):.3f}, "
        f"{policy.success_bound:.2f} asked"
    )
    return f"{text}; {more} more clean runs are needed" if more else text


def meets_bound(record: RunRecord, policy: StandardPolicy) -> bool:
    """Whether the chance of success is high enough, with the certainty that is asked for.

    True where at most `credible_level` of the posterior lies below `success_bound`.
    """
    return (
        policy.success_bound == 0
        or _below(policy.success_bound, record, policy) <= policy.credible_level
    )


def success_bound(record: RunRecord, policy: StandardPolicy) -> float:
    """The lower credible bound of the chance of success, in [0, 1].

    The chance is Beta(prior_clean + clean, prior_failed + failed); the bound is its quantile at
    `credible_level`. Beta(1, 1) and 28 clean runs give 0.902, 27 give 0.899.
    """
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if _below(middle, record, policy) <= policy.credible_level:
            low = middle
        else:
            high = middle
    return low


def runs_needed(record: RunRecord, policy: StandardPolicy) -> int:
    """How many more clean runs in a row meet the bound; 0 where it is met."""

    def meets(more: int) -> bool:
        return meets_bound(record.model_copy(update={"clean": record.clean + more}), policy)

    if meets(0):
        return 0
    many = 1
    while not meets(many):
        many *= 2
    too_few = many // 2
    while many - too_few > 1:
        middle = (many + too_few) // 2
        if meets(middle):
            many = middle
        else:
            too_few = middle
    return many


def _below(chance: float, record: RunRecord, policy: StandardPolicy) -> float:
    """How much of the posterior lies below a chance of success.

    The distribution function of Beta(a, b) with whole numbers is a sum of b binomial terms, of
    a + b - 1 draws with at least a successes (DLMF 8.17.5), so that no library is needed in
    tasks that have to be short.
    """
    if chance <= 0:
        return 0.0
    if chance >= 1:
        return 1.0
    clean, failed = policy.prior_clean + record.clean, policy.prior_failed + record.failed
    draws = clean + failed - 1
    hit, miss = math.log(chance), math.log1p(-chance)
    terms = (
        math.lgamma(draws + 1)
        - math.lgamma(count + 1)
        - math.lgamma(draws - count + 1)
        + count * hit
        + (draws - count) * miss
        for count in range(clean, draws + 1)
    )
    return min(1.0, math.fsum(math.exp(term) for term in terms))
