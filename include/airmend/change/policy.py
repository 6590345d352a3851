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
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from airmend.change.approval_policy import ROLE, ApprovalPolicy
from airmend.change.authors import AuthorsPolicy
from airmend.change.autonomy import AutonomyPolicy
from airmend.change.calendar_policy import FOLDER, CalendarPolicy
from airmend.change.calendar_scope import Subject, ZoneName
from airmend.change.document import read_document
from airmend.change.emergency_policy import EmergencyPolicy, Gate
from airmend.change.guard_rails import GuardRails
from airmend.change.model import RiskBand
from airmend.change.policy_part import Part
from airmend.change.risk_policy import RiskPolicy
from airmend.change.signing import RunbooksPolicy
from airmend.change.slots import Calendar
from airmend.change.standard import StandardPolicy
from airmend.change.windows import ChangeWindow
from airmend.incident.model import IntakeLimits
from airmend.review.model import ReportRules

POLICY = "policy"
"""Who decided, where no person did; no person may answer under this name."""


class Policy(Part):
    """The whole of the policy file."""

    risk: RiskPolicy = RiskPolicy()
    time_zone: ZoneName = "UTC"
    change_windows: tuple[ChangeWindow, ...] = ()  # none means that any time is welcome
    calendar: CalendarPolicy = CalendarPolicy()
    target_wait_seconds: int = Field(default=300, ge=0, le=86_400)
    approvers: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    approval: ApprovalPolicy = ApprovalPolicy()
    automatic_bands_for_standard: tuple[RiskBand, ...] = (RiskBand.LOW,)
    standard: StandardPolicy = StandardPolicy()
    autonomy: AutonomyPolicy = AutonomyPolicy()
    authors: AuthorsPolicy = AuthorsPolicy()
    runbooks: RunbooksPolicy = RunbooksPolicy()
    emergency: EmergencyPolicy = EmergencyPolicy()
    guard_rails: GuardRails = GuardRails()
    intake: IntakeLimits = IntakeLimits()
    report: ReportRules = ReportRules()

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
        """The zone of what names none."""
        return ZoneInfo(self.time_zone)

    @property
    def times(self) -> Calendar:
        """What change windows, freezes and holidays mean together."""
        return self._times(emergencies_pass=Gate.CALENDAR in self.emergency.passes)

    @property
    def times_for_all(self) -> Calendar:
        """The same where emergency changes are bound like any other."""
        return self._times(emergencies_pass=False)

    def _times(self, *, emergencies_pass: bool) -> Calendar:
        return Calendar(
            self.calendar, self.zone, self.change_windows, emergencies_pass=emergencies_pass
        )

    def welcomes(self, at: datetime, subject: Subject) -> bool:
        """Whether an aware time is inside a change window of a change, or it has none."""
        return self.times.welcomes(at, subject)

    @property
    def digest(self) -> str:
        """64 hexadecimal digits that change when any value or calendar file does."""
        content = self.model_dump(mode="json") | {"files": self.calendar.file_digests}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def load_policy(path: Path | None, *, calendars: bool = True) -> Policy:
    """The policy of this installation; without a file, the defaults.

    Args:
        path: The file; the calendar files that it names are looked for beside it.
        calendars: Whether those are read; only a reader who asks for no times may do without.

    Raises:
        ConfigurationError: A file is named and cannot be used. There is no way back to the
            defaults then: they could allow what the file forbids.
    """
    if path is None:
        return Policy()
    context = {FOLDER: path.parent} if calendars else None
    return read_document(path).validate(Policy, context)
