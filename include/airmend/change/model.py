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


class Choice(StrEnum):
    """How a change came to its runbook."""

    MATCHED = "matched"  # the runbook's own expressions take the incident
    SIMILARITY = "similarity"  # a person chose it, who was shown it as like the incident
    HAND = "hand"  # a person chose it alone


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
    PROPOSED = "proposed"  # its runbook only proposes: assessed, and nothing was executed

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
        ChangeStatus.PROPOSED,
    }
)


FAILED_CHANGE_STATUSES = frozenset({ChangeStatus.FAILED, ChangeStatus.ROLLED_BACK})
"""Ends of a change that touched something and did not help."""


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
    foreseen: dict[str, str] = Field(default_factory=dict)  # see `ChangeContent.foreseen`

    def content(self) -> ChangeContent:
        """What an approval of this change is bound to, as it stands."""
        risk = self.risk
        return ChangeContent(
            runbook=self.runbook_digest,
            targets=sorted(target.name for target in self.targets),
            inputs=self.inputs,
            band=risk.band if risk else None,
            impact=risk.impact if risk else None,
            raised_by=sorted(f.name for f in risk.factors if f.contribution > 0) if risk else [],
            foreseen=self.foreseen,
        )

    def content_hash(self) -> str:
        """64 hexadecimal digits that change when any part of the content does."""
        return self.content().digest()


class ChangeContent(BaseModel):
    """What people say yes to: runbook, targets, inputs, risk, and what check mode foresees.

    Of the risk, what a person decides on: its band, its impact and what raises it. The chance
    itself moves with every run that ends anywhere and says nothing new.
    """

    model_config = ConfigDict(frozen=True)

    runbook: str  # digest of its version
    targets: list[str]  # sorted
    inputs: dict[str, Any]
    band: RiskBand | None
    impact: int | None
    raised_by: list[str]  # names of the factors that raise the risk, sorted
    foreseen: dict[str, str]  # "step, host, task" -> digest of the lines that would change

    def digest(self) -> str:
        """64 hexadecimal digits that change when any part does."""
        content = self.model_dump(mode="json")
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


class LearnedScore(BaseModel):
    """What a trained model said of the same change, with what it needs to say it again."""

    model_config = ConfigDict(frozen=True)

    model_version: str
    mode: str  # shadow: recorded; advisory: shown; enforcing: may raise the band
    probability: float = Field(ge=0, le=1)
    band: RiskBand
    features: dict[str, dict[str, Any]]
    features_sha256: str


class RiskScore(BaseModel):
    """An itemised score; the sum of the contributions is the log-odds of failure."""

    model_config = ConfigDict(frozen=True)

    probability: float = Field(ge=0, le=1)
    impact: int = Field(ge=1, le=4)
    impact_reasons: list[str]
    band: RiskBand
    base_log_odds: float
    factors: list[RiskFactor]  # largest contribution first
    policy_digest: str = ""  # of the policy that weighed them
    author_band: RiskBand | None = None  # what the runbook's author says at least; may only raise
    learned: LearnedScore | None = None  # None where no model is in use
    lowered_by: str | None = None  # what alone would lower the band; "" where nothing would


class Verdict(StrEnum):
    """How an approval ended."""

    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


class Vote(BaseModel):
    """One person's answer about one content."""

    model_config = ConfigDict(frozen=True)

    person: str  # as the auth manager names the user
    approves: bool
    at: datetime
    comment: str
    content_hash: str


class Requirement(BaseModel):
    """How many people must say yes, and which: one rule of the policy, resolved to names."""

    model_config = ConfigDict(frozen=True)

    rule: str  # its name in the policy file
    count: int = Field(ge=1)
    people: list[str] | None  # None: whoever may answer in Airflow


class Decision(BaseModel):
    """One approval or refusal, bound to the content that it was given for."""

    model_config = ConfigDict(frozen=True)

    change_id: str
    verdict: Verdict
    decided_by: str  # user names, comma-separated, or "policy"
    decided_at: datetime
    asked_at: datetime
    basis: str  # "standard change of low risk", "approved in Required Actions", ...
    comment: str
    content_hash: str
    votes: list[Vote] = Field(default_factory=list)  # those that counted
    required: list[Requirement] = Field(default_factory=list)  # what they had to meet


ChangeRequest.model_rebuild()
ChangeContent.model_rebuild()
