"""The words of change enablement: what is to be changed, how risky it is, who decided.

Called by every room below the doors; imports pydantic and the standard library alone.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class ChangeType(StrEnum):
    """ITIL's three: pre-authorised, assessed and approved, run first and reviewed after."""

    STANDARD = "standard"
    NORMAL = "normal"
    EMERGENCY = "emergency"


class ChangeStatus(StrEnum):
    """Where a change stands; the second group are ends."""

    REQUESTED = "requested"  # stored; the DAG run may not exist yet
    ASSESSING = "assessing"  # guard passed, preflight and risk under way
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    EXECUTING = "executing"
    VERIFYING = "verifying"
    ROLLING_BACK = "rolling_back"

    SUCCEEDED = "succeeded"  # verified: the incident is resolved
    ROLLED_BACK = "rolled_back"  # did not help; the state before is back, and verified
    FAILED = "failed"  # did not help, and the state before is not back
    REJECTED = "rejected"  # a person said no
    EXPIRED = "expired"  # nobody answered in time
    REFUSED = "refused"  # a guard or a check said no before anything was changed
    CANCELLED = "cancelled"  # a person stopped the run

    @property
    def is_final(self) -> bool:
        """Whether nothing more may be done under this change."""
        return self in FINAL_CHANGE_STATUSES


FINAL_CHANGE_STATUSES = frozenset(
    {
        ChangeStatus.SUCCEEDED,
        ChangeStatus.ROLLED_BACK,
        ChangeStatus.FAILED,
        ChangeStatus.REJECTED,
        ChangeStatus.EXPIRED,
        ChangeStatus.REFUSED,
        ChangeStatus.CANCELLED,
    }
)


class Target(BaseModel):
    """One host that a change touches, as the inventory names it."""

    model_config = ConfigDict(frozen=True)

    name: str
    address: str  # ansible_host, or the name
    variables: dict[str, str | int | bool] = Field(default_factory=dict)  # those that checks use


class ChangeRequest(BaseModel):
    """What will run, where and for which incident, as the records hold it."""

    model_config = ConfigDict(frozen=True)

    id: str
    incident_id: str
    runbook_id: str
    runbook_version: str
    runbook_digest: str
    change_type: ChangeType
    status: ChangeStatus
    reason: str  # why it stands where it stands; "" while it goes on
    dag_id: str
    run_id: str
    requested_by: str
    requested_at: datetime
    ended_at: datetime | None
    inputs: dict[str, Any]
    targets: list[Target]
    risk: RiskScore | None = None

    def content_hash(self) -> str:
        """What an approval is bound to: runbook, targets, inputs and risk.

        Returns:
            64 hexadecimal digits that change when any of the four does.
        """
        content = {
            "runbook": self.runbook_digest,
            "targets": sorted(target.name for target in self.targets),
            "inputs": self.inputs,
            "risk": self.risk.model_dump(mode="json") if self.risk else None,
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


class RiskBand(StrEnum):
    """Probability x impact, as people read it."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


class RiskFactor(BaseModel):
    """One reason of a score: what was looked at, what was seen, how much it weighs."""

    model_config = ConfigDict(frozen=True)

    name: str  # "first run on this service"
    input: str  # what was seen, as text: "no earlier run recorded"
    source: str  # where it was seen: "records", "preflight", "topology.yaml"
    contribution: float  # log-odds; above 0 raises the risk
    missing: bool = False  # the input could not be had, and that raised the risk


class RiskScore(BaseModel):
    """An itemised score; the sum of the contributions is the log-odds of failure."""

    model_config = ConfigDict(frozen=True)

    probability: float = Field(ge=0, le=1)
    impact: int = Field(ge=1, le=4)
    impact_reasons: list[str]
    band: RiskBand
    base_log_odds: float
    factors: list[RiskFactor]  # largest contribution first


class Verdict(StrEnum):
    """How an approval ended."""

    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


class Decision(BaseModel):
    """One approval or refusal, bound to the content that it was given for."""

    model_config = ConfigDict(frozen=True)

    change_id: str
    verdict: Verdict
    decided_by: str  # a person's user name, or "policy"
    decided_at: datetime
    asked_at: datetime
    basis: str  # "standard change of low risk", "approved in Required Actions", ...
    comment: str
    content_hash: str


ChangeRequest.model_rebuild()
