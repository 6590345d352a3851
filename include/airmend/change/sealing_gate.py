"""Whether what is recorded can be proven soon enough for anything new to begin.

Pure. A change whose approval and steps nobody can prove afterwards is one that nobody can answer
for. Asked by orchestration before a change begins, and by the pages for the alarm on top.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from airmend.change.guard_rails import GuardRails

_REMEDY = "Look at the task 'seal_records' of the DAG airmend-sealing"


@dataclass(frozen=True)
class SealingFault:
    """Why nothing new may begin.

    Args:
        reason: For people.
        is_late: Whether the next seal may put it right; a touched log needs a person.
    """

    reason: str
    is_late: bool


def find_sealing_fault(
    now: datetime, *, unsealed_since: datetime | None, refusal: str | None, rails: GuardRails
) -> SealingFault | None:
    """What is wrong with the sealing of the audit log; None where nothing is.

    Args:
        now: The time.
        unsealed_since: The time of the oldest fact without a seal; None where all have one.
        refusal: Why the sealer does not sign on; None while it does.
        rails: How long a fact may wait.
    """
    if refusal is not None:
        return SealingFault(f"the audit log does not verify: {refusal}", is_late=False)
    limit = timedelta(seconds=rails.unsealed_seconds)
    if unsealed_since is None or now - unsealed_since <= limit:
        return None
    return SealingFault(
        f"the audit log was not sealed: a fact of {unsealed_since:%Y-%m-%d %H:%M:%S} "
        f"{unsealed_since.tzname()} waits for it, longer than the "
        f"{limit.total_seconds():.0f} s that the policy allows. {_REMEDY}",
        is_late=True,
    )
