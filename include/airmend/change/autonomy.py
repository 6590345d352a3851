"""The ladder of autonomy: up by a person, one rung at a time and on evidence; down by itself.

Pure. Part of the policy; asked by `trust.py`, which reads the records, and by intake.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field, field_validator

from airmend.change.model import ChangeType
from airmend.change.policy_part import Part
from airmend.change.standard import StandardPolicy, meets_bound, tell_record
from airmend.errors import StandardChangeError
from airmend.records.standard_model import Autonomy, RunRecord


class AutonomyPolicy(Part):
    """Where runbooks begin on the ladder, what a rung takes, and how far they fall."""

    default: Autonomy = Autonomy.APPROVE  # of a runbook that nobody moved
    floor: Autonomy = Autonomy.APPROVE  # the lowest rung that a runbook falls to by itself
    matches_to_propose: int = Field(default=5, ge=0)  # matched incidents that suffice
    proposals_to_approve: int = Field(default=3, ge=0)  # proposals that suffice

    @field_validator("default", "floor")
    @classmethod
    def _auto_is_earned(cls, value: Autonomy) -> Autonomy:
        if value is Autonomy.AUTO:
            raise ValueError("'auto' is given by a person, one runbook at a time; use 'approve'.")
        return value


@dataclass(frozen=True)
class Evidence:
    """What speaks for one rung more.

    Args:
        matches: Incidents that the runbook took while it only observed, in its whole history.
        proposals: Changes of the current content that ended as proposed.
        record: How the changes of the current content went.
    """

    matches: int
    proposals: int
    record: RunRecord


def top_rung(change_type: ChangeType) -> Autonomy:
    """The highest rung that a runbook can stand on: a normal change always asks people."""
    return Autonomy.AUTO if change_type is ChangeType.STANDARD else Autonomy.APPROVE


def check_move(
    runbook_id: str, now: Autonomy, wanted: Autonomy, *, top: Autonomy, has_template: bool
) -> None:
    """Refuse a move on the ladder that a person may not make.

    Down is always possible. Up goes one rung at a time, since each rung shows what the next one
    needs; what the evidence says is advice there, except for `auto`.

    Args:
        runbook_id: Of the runbook.
        now: Where it stands.
        wanted: Where it should stand.
        top: The highest rung that it can stand on.
        has_template: Whether its current content has an approved template.

    Raises:
        StandardChangeError: With what to do instead.
    """
    if wanted is now:
        raise StandardChangeError(f"runbook {runbook_id} stands at '{now.value}' already")
    if wanted.rung > top.rung:
        raise StandardChangeError(
            f"runbook {runbook_id} makes normal changes, which people approve whatever it earns; "
            f"'{top.value}' is its highest rung"
        )
    if wanted.rung > now.rung + 1:
        above = now.above.value if now.above else ""
        raise StandardChangeError(
            f"runbook {runbook_id} stands at '{now.value}', and goes up one rung at a time. "
            f"Set '{above}' first"
        )
    if wanted is Autonomy.AUTO and not has_template:
        raise StandardChangeError(
            f"runbook {runbook_id} has no approved template of what it holds now, and without one "
            f"'auto' would allow nothing. `airmend standard approve {runbook_id}` approves one "
            "and sets 'auto'"
        )


def lowered(now: Autonomy, policy: AutonomyPolicy) -> Autonomy:
    """The rung that a runbook falls to after a trouble: one down, not below the floor."""
    below = now.below
    return now if below is None or now.rung <= policy.floor.rung else below


def tell_evidence(
    now: Autonomy,
    evidence: Evidence,
    policy: AutonomyPolicy,
    standard: StandardPolicy,
) -> tuple[bool, str]:
    """Whether the evidence suffices for the next rung, and the evidence in words."""
    if now is Autonomy.OBSERVE:
        need = policy.matches_to_propose
        return evidence.matches >= need, f"{evidence.matches} of {need} matched incidents"
    if now is Autonomy.PROPOSE:
        need = policy.proposals_to_approve
        return evidence.proposals >= need, f"{evidence.proposals} of {need} proposals"
    enough = meets_bound(evidence.record, standard)
    if standard.success_bound == 0:
        return enough, "an approver's word is enough, the policy asks for no clean runs"
    return enough, tell_record(evidence.record, standard)


def how_to_promote(runbook_id: str, now: Autonomy) -> str:
    """The command with which a person gives the next rung; "" at the top."""
    above = now.above
    if above is None:
        return ""
    if above is Autonomy.AUTO:
        return f"airmend standard approve {runbook_id} --by NAME --reason WHY"
    return f"airmend autonomy set {runbook_id} {above.value} --by NAME --reason WHY"
