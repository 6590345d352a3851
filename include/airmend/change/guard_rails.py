"""Guard rails: how often changes may begin, and how many may fail before a person looks.

A remediation that is needed again and again does not cure anything, and one that fails twice is
not understood. Part of the policy; asked by orchestration's guard and at the end of a change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import Field

from airmend.change.model import FAILED_CHANGE_STATUSES, ChangeStatus
from airmend.change.policy_part import Part
from airmend.errors import BudgetSpentError

HOUR = timedelta(hours=1)


class GuardRails(Part):
    """Limits that hold whatever the risk is; each is a number that may just be reached."""

    runbook_starts_an_hour: int = Field(default=3, ge=1)
    service_starts_an_hour: int = Field(default=3, ge=1)
    fleet_starts_an_hour: int = Field(default=10, ge=1)
    failures_in_a_row: int = Field(default=2, ge=1)  # of a runbook, then a person must look
    tier_share: float = Field(default=0.10, gt=0, le=1)  # of the hosts of a tier, at once
    unlisted_hosts_at_once: int = Field(default=1, ge=1)  # that no service of the topology lists
    clock_tolerance_seconds: int = Field(default=30, ge=1, le=3600)  # between clocks
    unsealed_seconds: int = Field(default=900, ge=120, le=86_400)  # a fact waits for its seal


@dataclass(frozen=True)
class Starts:
    """When changes began within the last hour, oldest first."""

    runbook: Sequence[datetime]
    service: Sequence[datetime]
    fleet: Sequence[datetime]


def check_budgets(starts: Starts, rails: GuardRails, *, runbook_id: str, service: str) -> None:
    """Refuse a change that would be one too many within the hour.

    Raises:
        BudgetSpentError: With the limit that is reached, and when the next may begin.
    """
    for what, limit, begun in (
        (f"runbook {runbook_id}", rails.runbook_starts_an_hour, starts.runbook),
        (f"service {service}", rails.service_starts_an_hour, starts.service),
        ("the fleet", rails.fleet_starts_an_hour, starts.fleet),
    ):
        if len(begun) >= limit:
            free_at = begun[-limit] + HOUR
            raise BudgetSpentError(
                f"{len(begun)} changes of {what} began within the last hour, and the policy allows "
                f"{limit}. Look why it is needed so often; the next may begin at "
                f"{free_at:%H:%M:%S} {free_at.tzname()}, or raise the limit below 'guard_rails'."
            )


def is_circuit_open(outcomes: Sequence[ChangeStatus], rails: GuardRails) -> bool:
    """Whether the latest changes of a runbook failed, so many in a row that a person must look.

    Args:
        outcomes: How changes that touched something ended, the latest last.
        rails: How many failures in a row are too many.
    """
    latest = outcomes[-rails.failures_in_a_row :]
    return len(latest) == rails.failures_in_a_row and all(
        end in FAILED_CHANGE_STATUSES for end in latest
    )
