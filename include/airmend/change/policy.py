"""What an organisation decides about changes: weights, limits, windows, who may approve.

Owns the policy file. Loaded by orchestration and passed to `risk`, `approval` and `guard`.
Every key has a default, and a file that is named but cannot be used stops the work.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from airmend.change.approval_policy import ROLE, ApprovalPolicy
from airmend.change.document import read_document
from airmend.change.emergency_policy import EmergencyPolicy
from airmend.change.guard_rails import GuardRails
from airmend.change.model import RiskBand
from airmend.change.policy_part import Part
from airmend.change.risk_policy import RiskPolicy
from airmend.change.windows import ChangeWindow
from airmend.incident.model import IntakeLimits

POLICY = "policy"
"""Who decided, where no person did; no person may answer under this name."""


class Policy(Part):
    """The whole of the policy file."""

    risk: RiskPolicy = RiskPolicy()
    time_zone: str = "UTC"
    change_windows: tuple[ChangeWindow, ...] = ()  # none means that any time is welcome
    target_wait_seconds: int = Field(default=300, ge=0, le=86_400)
    approvers: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    approval: ApprovalPolicy = ApprovalPolicy()
    automatic_bands_for_standard: tuple[RiskBand, ...] = (RiskBand.LOW,)
    emergency: EmergencyPolicy = EmergencyPolicy()
    guard_rails: GuardRails = GuardRails()
    intake: IntakeLimits = IntakeLimits()

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(
                f"'{value}' is not a time zone; use a name such as Europe/Berlin."
            ) from error
        return value

    @field_validator("automatic_bands_for_standard")
    @classmethod
    def _bands_have_no_gap(cls, value: tuple[RiskBand, ...]) -> tuple[RiskBand, ...]:
        if RiskBand.HIGH in value:
            raise ValueError("a change of high risk always asks a person; remove 'high'.")
        if RiskBand.MODERATE in value and RiskBand.LOW not in value:
            raise ValueError("it has 'moderate' and not 'low'; add 'low'.")
        return value

    @model_validator(mode="after")
    def _emergency_names_are_known(self) -> Policy:
        for key in ("who", "reviewers"):
            for name in getattr(self.emergency, key):
                if not (name in self.approval.groups or name.startswith(ROLE)):
                    raise ValueError(
                        f"emergency.{key} names '{name}', which is no group; add it below "
                        f"'approval.groups', or write '{ROLE}NAME' for a role of Airflow."
                    )
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the change windows."""
        return ZoneInfo(self.time_zone)

    def welcomes(self, at: datetime) -> bool:
        """Whether an aware time is inside a change window, or there are none."""
        local = at.astimezone(self.zone)
        return not self.change_windows or any(w.holds(local) for w in self.change_windows)

    @property
    def digest(self) -> str:
        """64 hexadecimal digits that change when any value does, defaults included."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def load_policy(path: Path | None) -> Policy:
    """The policy of this installation; without a file, the defaults.

    Raises:
        ConfigurationError: A file is named and cannot be used. There is no way back to the
            defaults then: they could allow what the file forbids.
    """
    return Policy() if path is None else read_document(path).validate(Policy)
